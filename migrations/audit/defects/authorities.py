"""Two workflows that decide the same thing, variables one side does not know, and issues nobody closes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from engine.model import Issue
from engine.problems import Where
from migrations.audit.facts import Facts
from migrations.audit.shell import Call
from migrations.model import Defect, Recorded, TextFile, Variable

_NAME = re.compile(r"\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b")
_OWN = re.compile(r"(?:GITHUB|RUNNER|ACTIONS|GH|CI|INPUT|NODE|NPM|PATH|HOME)_?")


def competing(legacy: Sequence[Facts]) -> Iterator[Defect]:
    """What two legacy workflows both decide: a field on one event, a label, the milestone, a file."""
    owners: dict[str, list[tuple[str, int]]] = {}
    for facts in legacy:
        mine: dict[str, int] = {}
        for subject, line in _decides(facts):
            mine.setdefault(subject, line)
        for subject, line in mine.items():
            owners.setdefault(subject, []).append((facts.document.path, line))
    for subject, places in sorted(owners.items()):
        if len(places) < 2:
            continue
        first, *others = sorted(places)
        yield Defect(
            "two-authorities",
            f"{subject} is decided by {len(places)} workflows: {', '.join(path.rpartition('/')[2] for path, _ in sorted(places))}",
            "each undoes or repeats what the other does, and which one wins depends on the minute",
            "let one of them decide",
            Where(*first),
            "medium",
            tuple(Where(path, line) for path, line in others),
        )


def _decides(facts: Facts) -> Iterator[tuple[str, int]]:
    for _, call in facts.calls:
        for flag in ("add-label", "remove-label"):
            for value in call.values(flag):
                if call.words == ("issue", "edit") and "$" not in value:
                    yield from ((f"the label {name}", call.line) for name in value.split(","))
        if call.words == ("issue", "edit") and call.values("milestone"):
            yield "the milestone of issues", call.line
    for event, merged in _moments(facts):
        for subject, line in _on_event(facts):
            yield f"{subject} on {event}{merged}", line
    if facts.pushes:
        for used in facts.writes:
            if "*" not in used.name and "/" in used.name and not used.name.startswith("/"):
                yield f"the file {used.name}", used.line


def _moments(facts: Facts) -> Iterator[tuple[str, str]]:
    condition = " ".join(job.condition.value for job in facts.document.jobs if job.condition is not None)
    merged = re.search(r"pull_request\.merged\s*==\s*(true|false)", condition)
    suffix = "" if not merged else " (merged)" if merged[1] == "true" else " (not merged)"
    for trigger in facts.document.triggers:
        if trigger.event in {"schedule", "workflow_dispatch"}:
            continue
        for action in trigger.types or ("",):
            yield f"{trigger.event}{f'.{action}' if action else ''}", suffix


def _on_event(facts: Facts) -> Iterator[tuple[str, int]]:
    for _, call in facts.calls:
        if any("Project" in mutation for mutation in call.mutations) or call.words[:1] == ("project",):
            yield "the board's status", call.line
        if call.words in {("issue", "close"), ("issue", "reopen")}:
            yield "the issue's state", call.line
    for used in facts.uses:
        if "project-automation" in used.name or "add-to-project" in used.name:
            yield "the board's status", used.line


def variables(
    legacy: Sequence[Facts], guides: Iterable[TextFile], stored: Mapping[str, str] | None
) -> tuple[tuple[Variable, ...], list[Defect]]:
    """Every variable of the legacy automation, and those that only one side knows.

    Args:
        legacy: The workflows that are replaced.
        guides: The repository's Markdown.
        stored: The repository's variables; ``None`` where nobody may read them.
    """
    read: dict[str, list[Where]] = {}
    for facts in legacy:
        for used in facts.variables:
            read.setdefault(used.name, []).append(Where(facts.document.path, used.line))
    bare = _bare(legacy)
    prefixes = {name.partition("_")[0] for name in [*read, *(stored or {})]}
    secrets = {used.name for facts in legacy for used in facts.secrets}
    named: dict[str, list[Where]] = {}
    for guide in guides:
        for number, line in enumerate(guide.text.splitlines(), start=1):
            for name in _NAME.findall(line):
                if (
                    (name.partition("_")[0] in prefixes or name in bare)
                    and name not in secrets
                    and not _OWN.fullmatch(name.partition("_")[0] + "_")
                ):
                    named.setdefault(name, []).append(Where(guide.path, number))
    every = sorted(
        {*read, *named, *(stored or {}), *(name for name in bare if name in named or name in (stored or {}))}
    )
    found, defects = [], []
    for name in every:
        others = [other for other in (read if name not in read else named) if other != name]
        near = get_close_matches(name, others, n=1, cutoff=0.85)
        value = (stored or {}).get(name)
        variable = Variable(name, tuple(read.get(name, ())), tuple(named.get(name, ())), value, near[0] if near else "")
        found.append(variable)
        if variable.is_unread and name not in bare:
            meant = f"; {variable.nearest} is what a workflow reads" if variable.nearest in read else ""
            defects.append(
                Defect(
                    "variable-unread",
                    f"the guide names {name}, and no workflow reads it{meant}",
                    "whoever follows the guide sets a value that nothing uses",
                    f"set {variable.nearest} instead" if meant else "leave it out of the guide",
                    variable.named_at[0],
                    "medium" if meant else "low",
                    tuple(read.get(variable.nearest, ())[:1]),
                )
            )
        if name in bare and name not in read:
            defects += [_never_set(name, where) for where in bare[name]]
        elif name in bare:
            defects += [
                _never_set(name, where) for where in bare[name] if where.file not in {at.file for at in read[name]}
            ]
    return tuple(found), defects


def _bare(legacy: Sequence[Facts]) -> dict[str, list[Where]]:
    """Names a script reads from its environment although nothing puts them there."""
    found: dict[str, list[Where]] = {}
    for facts in legacy:
        to_env = {
            name
            for ran in facts.ran
            for line in ran.script.lines
            if "GITHUB_ENV" in line.text
            for name in _NAME.findall(line.text)
        }
        for ran in facts.ran:
            for number, name in ran.script.uses:
                if not _NAME.fullmatch(name) or name in ran.script.sets or name in ran.env or name in to_env:
                    continue
                if name.startswith(("GITHUB_", "RUNNER_", "ACTIONS_")):
                    continue
                found.setdefault(name, []).append(Where(ran.path or facts.document.path, number))
    return found


def _never_set(name: str, where: Where) -> Defect:
    return Defect(
        "variable-not-handed-over",
        f"${name} is read from the environment, and nothing puts it there",
        "a repository's variables are not in the environment by themselves, so the script always sees nothing, or its default",
        f"add env: {name}: the expression vars.{name}",
        where,
        "medium",
    )


def left_open(legacy: Sequence[Facts], issues: Sequence[Issue] | None) -> Iterator[Defect]:
    """Issues a workflow opens and no workflow closes, as far as the snapshot shows them."""
    if issues is None:
        return
    closes = [call for facts in legacy for _, call in facts.calls if call.words == ("issue", "close")]
    for facts in legacy:
        for _, call in facts.calls:
            if call.words != ("issue", "create"):
                continue
            left = [
                issue
                for issue in issues
                if issue.state == "open" and not issue.is_pull_request and _made_by(call, issue)
            ]
            if left and not any(_sweeps(close) for close in closes):
                numbers = ", ".join(f"#{issue.ref.number}" for issue in left[:3])
                opened = (
                    "1 issue this workflow opened is"
                    if len(left) == 1
                    else f"{len(left)} issues this workflow opened are"
                )
                yield Defect(
                    "issues-left-open",
                    f"{opened} still open: {numbers}{', …' if len(left) > 3 else ''}",
                    "it opens one at every run, and no workflow ever closes one",
                    "close them once; Task Assistant's own check leaves no issue behind",
                    Where(facts.document.path, call.line),
                    "medium",
                )


def _made_by(call: Call, issue: Issue) -> bool:
    labels = {name for value in call.values("label") for name in value.split(",")}
    start = re.split(r"[$*]", next(iter(call.values("title")), ""), maxsplit=1)[0].strip()
    if labels:
        return all(issue.has_label(name) for name in labels)
    return len(start) >= 8 and issue.title.startswith(start)


def _sweeps(call: Call) -> bool:
    """Whether a call closes issues it found itself, rather than those somebody named in a pull request."""
    return not call.has_flag("comment", "c")


def unreadable_records(telemetry: Sequence[Recorded]) -> Iterator[Defect]:
    """Recorded files that are no JSON, or that say an empty list as a list of one empty text."""
    broken, hollow = [], []
    for record in telemetry:
        if not record.path.endswith(".json"):
            continue
        try:
            document = json.loads(record.content)
        except (ValueError, RecursionError):
            broken.append(record.path)
            continue
        if isinstance(document, dict):
            hollow += [f"{record.path}: {key}" for key, value in document.items() if value == [""]]
    if broken:
        yield Defect(
            "record-not-json",
            f"{len(broken)} of {len(telemetry)} recorded files are no JSON, such as {broken[0]}",
            "they were written so; whatever reads them has to leave them out",
            "nothing; the import names each of them and goes on",
            Where(broken[0]),
            "low",
            tuple(Where(path) for path in broken[1:20]),
        )
    if hollow:
        yield Defect(
            "record-says-nothing-as-something",
            f"{len(hollow)} recorded lists hold one empty text where they mean none, such as {hollow[0]}",
            "a reader that counts finds one thing wrong where nothing is",
            "nothing; the import takes them for empty",
            Where(hollow[0].partition(":")[0]),
            "low",
        )
