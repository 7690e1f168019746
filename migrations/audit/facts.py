"""What one workflow uses and does, gathered once from its document, its scripts and the local actions and scripts it leans on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from migrations.audit.document import Document, Part, Step, Text, read_document
from migrations.audit.shell import Call, Script, read_script
from migrations.model import TextFile, Used

TOKEN_NAMES = frozenset({"GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"})
TOKEN_INPUTS = frozenset(
    {"token", "github-token", "github_token", "repo-token", "repo_token", "gh-token", "GITHUB_TOKEN"}
)
_LOCAL_SCRIPT = re.compile(r"(?:^|[\s;&|(])(?:bash|sh|node|python3?)?\s*(?:\./)?((?:\.github/)?scripts/[\w.-]+)")
_OCTOKIT = re.compile(r"github\.(?:rest\.)?([a-z]\w*)\.([a-z]\w*)\s*\(")


@dataclass(frozen=True, slots=True)
class Ran:
    """One script, where it stands."""

    job: Part
    step: Step
    script: Script
    env: Mapping[str, Text]
    """Everything set around it."""
    path: str = ""
    """Of the local action or script it is in; empty for the workflow itself."""


@dataclass(slots=True)
class Facts:
    """One workflow, read to the bottom."""

    document: Document
    ran: tuple[Ran, ...] = ()
    scripts: tuple[tuple[Part, Step, Text], ...] = ()
    """JavaScript given to actions/github-script."""
    octokit: tuple[tuple[int, str], ...] = ()
    """Its calls, such as ``issues.addLabels``."""
    uses: tuple[Used, ...] = ()
    secrets: tuple[Used, ...] = ()
    variables: tuple[Used, ...] = ()
    writes: tuple[Used, ...] = ()
    reads: tuple[Used, ...] = ()
    pushes: bool = False
    """Whether a script pushes a commit."""

    @property
    def calls(self) -> Iterator[tuple[Ran, Call]]:
        """Every call of GitHub, with the script it stands in."""
        return ((ran, call) for ran in self.ran for call in ran.script.calls)

    @property
    def commands(self) -> Iterator[tuple[int, str]]:
        """Every program that is started."""
        return (command for ran in self.ran for command in ran.script.commands)


def gather(document: Document, files: Mapping[str, TextFile]) -> Facts:
    """Read a workflow to the bottom.

    Args:
        document: As read.
        files: What workflows may lean on, by path: local actions and scripts.
    """
    facts = Facts(document)
    ran = list(_ran(document))
    leans_on: list[str] = []
    for job, step in document.steps:
        if step.uses is not None and step.uses.value.startswith("./"):
            folder = step.uses.value[2:].rstrip("/")
            local = next(
                (files[path] for path in (f"{folder}/action.yml", f"{folder}/action.yaml") if path in files), None
            )
            if local is not None and local.path not in leans_on:
                leans_on.append(local.path)
                ran += [_moved(inner, job, step, local.path) for inner in _ran(read_document(local))]
        if step.run is not None:
            for name in _LOCAL_SCRIPT.findall(step.run.value):
                if name in files and name not in leans_on:
                    leans_on.append(name)
                    lines = tuple(files[name].text.splitlines())
                    text = Text(files[name].text, step.line, lines, step.line)
                    ran.append(Ran(job, step, read_script(text), _env(document, job, step), name))
    facts.ran = tuple(ran)
    facts.scripts = tuple(_given_scripts(document))
    facts.octokit = tuple(
        (number, f"{found[1]}.{found[2]}")
        for _, _, text in facts.scripts
        for number, line in text.numbered()
        for found in _OCTOKIT.finditer(line)
    )
    facts.uses = _first((step.uses.value, step.uses.line) for _, step in document.steps if step.uses is not None)
    facts.uses += _first((job.uses.value, job.uses.line) for job in document.jobs if job.uses is not None)
    named = _named(document)
    facts.secrets = _first((path.partition(".")[2], line) for path, line in named if path.startswith("secrets."))
    asked = [(name, number) for each in ran for number, name in each.script.asked]
    facts.variables = _first(
        [(path.partition(".")[2], line) for path, line in named if path.startswith("vars.")] + asked
    )
    facts.writes = _first((path, number) for each in ran for number, path in each.script.writes)
    facts.reads = _first((path, number) for each in ran for number, path in each.script.reads)
    facts.pushes = any(re.search(r"\bgit\b.*\bpush\b", line.text) for each in ran for line in each.script.lines)
    return facts


def _ran(document: Document) -> Iterator[Ran]:
    for job, step in document.steps:
        if step.run is None or step.shell in {"python", "node"}:
            continue
        env = _env(document, job, step)
        plain = {name: text.value for name, text in env.items() if "${{" not in text.value and len(text.value) < 500}
        yield Ran(job, step, read_script(step.run, step.folder, plain), env)


def _moved(inner: Ran, job: Part, step: Step, path: str) -> Ran:
    """A script of a local action, as its caller runs it."""
    return Ran(job, step, inner.script, inner.env, path)


def _env(document: Document, job: Part, step: Step) -> dict[str, Text]:
    return {**dict(document.env), **dict(job.env), **dict(step.env)}


def _given_scripts(document: Document) -> Iterator[tuple[Part, Step, Text]]:
    for job, step in document.steps:
        if step.uses is not None and step.uses.value.lower().startswith("actions/github-script@"):
            text = step.input("script")
            if text is not None:
                yield job, step, text


def _named(document: Document) -> list[tuple[str, int]]:
    """Every context any expression of the file names, also inside conditions that have no braces."""
    found = []
    for text in document.all_texts:
        for number, line in text.numbered():
            found += [(hit, number) for hit in re.findall(r"\b(?:secrets|vars)\.[A-Za-z_]\w*", line)]
            found += [(f"{a}.{b}", number) for a, b in re.findall(r"\b(secrets|vars)\[\s*'([A-Za-z_]\w*)'\s*\]", line)]
    return found


def _first(found: Iterable[tuple[str, int]]) -> tuple[Used, ...]:
    """Each name once, where it stands first."""
    lines: dict[str, int] = {}
    for name, line in found:
        lines[name] = min(line, lines.get(name, line))
    return tuple(Used(name, line) for name, line in sorted(lines.items()))
