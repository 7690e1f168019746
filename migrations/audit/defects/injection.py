"""Expressions pasted into code, where somebody's words become commands.

Source: https://docs.github.com/en/actions/reference/security/secure-use#good-practices-for-mitigating-script-injection-attacks
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from engine.problems import Where
from migrations.audit.document import Document, Part, Step, Text
from migrations.audit.expressions import Danger, danger_of, expressions
from migrations.audit.facts import Facts
from migrations.audit.known_actions import plain_name
from migrations.model import Defect, Severity

CODE_INPUTS: Final[dict[str, tuple[str, ...]]] = {
    "actions/github-script": ("script",),
    "azure/cli": ("inlinescript",),
    "azure/powershell": ("inlinescript",),
    "amadevus/pwsh-script": ("script",),
    "nick-fields/retry": ("command", "on_retry_command"),
    "nick-invision/retry": ("command", "on_retry_command"),
    "jannekem/run-python-script-action": ("script",),
    "appleboy/ssh-action": ("script",),
    "docker/bake-action": ("source",),
    "cardinalby/js-eval-action": ("expression",),
    "addnab/docker-run-action": ("run",),
    "gradle/gradle-build-action": ("arguments",),
    "lycheeverse/lychee-action": ("args",),
    "mikefarah/yq": ("cmd",),
    "nick-fields/assert-action": ("expected", "actual"),
    "pozetroninc/github-action-get-latest-release": (),
    "py-actions/py-dependency-install": (),
    "reactivecircus/android-emulator-runner": ("script",),
    "vmactions/freebsd-vm": ("run",),
    "vmactions/openbsd-vm": ("run",),
    "cross-platform-actions/action": ("run",),
    "uraimo/run-on-arch-action": ("run", "install", "setup"),
}
"""Inputs that are run as code."""
_SEVERITY: dict[Danger, Severity] = {
    Danger.FREE: "high",
    Danger.STRUCTURED: "medium",
    Danger.INDIRECT: "low",
    Danger.OWN: "low",
}
_TYPED = frozenset({"number", "boolean", "choice", "environment"})


def find(facts: Facts) -> Iterator[Defect]:
    """One defect for each expression whose value somebody else decides and that stands in code."""
    document = facts.document
    for job, step in document.steps:
        for text, kind in _code_of(step):
            for found in expressions(text.raw_line, "\n".join(text.lines)):
                worst, path, source = Danger.NONE, "", ""
                for read in found.reads:
                    danger, told = _danger(document, job, step, read)
                    if danger > worst:
                        worst, path, source = danger, read, told
                if worst is not Danger.NONE:
                    yield _defect(document, found.line, path, kind, worst, source)


def _code_of(step: Step) -> Iterator[tuple[Text, str]]:
    if step.run is not None:
        yield step.run, "script"
    if step.uses is not None:
        wanted = CODE_INPUTS.get(plain_name(step.uses.value), ())
        for name, text in step.given:
            if name.lower() in wanted:
                yield text, "script"


def _danger(document: Document, job: Part, step: Step, path: str, depth: int = 0) -> tuple[Danger, str]:
    """How dangerous a context is here, and where its value comes from."""
    head, _, rest = path.partition(".")
    head, name = head.lower(), rest.partition(".")[0]
    danger = danger_of(path)
    if path.lower().startswith("github.event.inputs.") or head == "inputs":
        key = path.rsplit(".", maxsplit=1)[-1] if head == "inputs" else path.split(".")[3]
        kind = dict(document.inputs).get(key, "string")
        if kind in _TYPED:
            return Danger.NONE, ""
        return (Danger.FREE if head == "github" else Danger.INDIRECT), ""
    if head == "env" and depth < 5:
        set_by = {**dict(document.env), **dict(job.env), **dict(step.env)}.get(name)
        if set_by is None:
            return Danger.INDIRECT, "the environment"
        return _worst(document, job, step, set_by, depth)
    if head == "steps" and depth < 5:
        told = ""
        source = next((other for other in job.steps if other.id and other.id == name), None)
        if source is not None:
            texts = [source.run, *(text for _, text in source.env), *(text for _, text in source.given)]
            found = [_worst(document, job, source, text, depth) for text in texts if text is not None]
            worst, told = max(found, default=(Danger.NONE, ""))
            if worst is Danger.FREE:
                return Danger.STRUCTURED, told
        return Danger.INDIRECT, told
    if head == "matrix" and name in job.matrix:
        return Danger.NONE, ""
    return danger, ""


def _worst(document: Document, job: Part, step: Step, text: Text, depth: int) -> tuple[Danger, str]:
    found = [
        (danger, told or read)
        for each in expressions(text.raw_line, "\n".join(text.lines))
        for read in each.reads
        for danger, told in [_danger(document, job, step, read, depth + 1)]
    ]
    return max(found, default=(Danger.NONE, ""))


def _defect(document: Document, line: int, path: str, kind: str, danger: Danger, source: str) -> Defect:
    came = f", which comes from {source}" if source and source != path else ""
    whose = {
        Danger.FREE: "anybody who can open an issue or a pull request writes it, and what they write is run",
        Danger.STRUCTURED: "people outside the repository have a hand in it, and what they write is run",
        Danger.INDIRECT: "what goes in elsewhere is run here",
        Danger.OWN: "whoever sets the variable writes code here",
    }[danger]
    name = re.sub(r"[^A-Z0-9]+", "_", path.rpartition(".")[2].upper()).strip("_") or "VALUE"
    return Defect(
        "template-injection",
        f"{path} is pasted into a {kind}{came}",
        whose,
        f'set it as env: {name}: … on the step, and write "${name}" in the script'
        if kind == "script"
        else "hand it over in env:",
        Where(document.path, line),
        _SEVERITY[danger],
    )
