"""A workflow, or an action's definition, as values with their lines; read under the same bounds as a configuration.

A file that cannot be read, or that tries something with YAML beyond plain data, is named and gives what could be read of it: one
hostile file never ends an audit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from engine.config.findings import Findings
from engine.config.nodes import Listing, Mapping, Node, Scalar
from engine.config.reading import decode, read
from engine.problems import Problem
from migrations.model import TextFile

MAX_NODES = 100_000
"""Keys, values and entries of one workflow; ten thousand one-line steps have about fifty thousand."""
FORM = Literal["workflow", "action", "other"]


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the file: its value, and its lines as they stand there."""

    value: str
    line: int
    """Where it begins; a block's first line is the one behind its indicator."""
    lines: tuple[str, ...] = ()
    raw_line: int = 0
    """The line of ``lines[0]``."""

    def numbered(self) -> Iterator[tuple[int, str]]:
        """Each line with its number in the file."""
        return enumerate(self.lines, start=self.raw_line)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a job, or of a composite action."""

    line: int
    name: str = ""
    id: str = ""
    condition: Text | None = None
    uses: Text | None = None
    run: Text | None = None
    shell: str = ""
    folder: str = ""
    given: tuple[tuple[str, Text], ...] = ()
    """``with:``."""
    env: tuple[tuple[str, Text], ...] = ()

    def input(self, name: str) -> Text | None:
        """One of its inputs."""
        return next((text for key, text in self.given if key == name), None)


@dataclass(frozen=True, slots=True)
class Part:
    """One of a workflow's parts that run on a machine; a composite action counts as one."""

    id: str
    line: int
    steps: tuple[Step, ...] = ()
    condition: Text | None = None
    uses: Text | None = None
    """A reusable workflow."""
    given: tuple[tuple[str, Text], ...] = ()
    env: tuple[tuple[str, Text], ...] = ()
    permissions: tuple[tuple[str, str, int], ...] | None = None
    """Scope, level and line; ``None`` where it has none of its own. ``("*", "write-all", line)`` for all."""
    inherits_secrets: bool = False
    matrix: tuple[str, ...] = ()
    """Names whose values all stand in the file."""
    outputs: tuple[tuple[str, Text], ...] = ()


@dataclass(frozen=True, slots=True)
class Trigger:
    """One event a workflow waits for."""

    event: str
    line: int
    types: tuple[str, ...] = ()
    crons: tuple[str, ...] = ()

    def words(self) -> str:
        """As a person would say it."""
        what = ", ".join(self.crons or self.types)
        return f"{self.event}: {what}" if what else self.event


@dataclass(frozen=True, slots=True)
class Document:
    """One file, as far as it could be read."""

    path: str
    form: FORM
    text: str
    name: str = ""
    triggers: tuple[Trigger, ...] = ()
    jobs: tuple[Part, ...] = ()
    env: tuple[tuple[str, Text], ...] = ()
    permissions: tuple[tuple[str, str, int], ...] | None = None
    inputs: tuple[tuple[str, str], ...] = ()
    """Of a reusable workflow, of a manual run or of an action: name and type."""
    problems: tuple[Problem, ...] = ()
    is_readable: bool = True
    """Whether it could be read to its end."""
    all_texts: tuple[Text, ...] = field(default=(), repr=False)
    """Every text with an expression in it, wherever it stands."""

    @property
    def steps(self) -> Iterator[tuple[Part, Step]]:
        """All steps with their jobs, in the order of the file."""
        return ((job, step) for job in self.jobs for step in job.steps)

    def has_trigger(self, *events: str) -> bool:
        """Whether one of these events starts it."""
        return any(trigger.event in events for trigger in self.triggers)


def read_document(file: TextFile) -> Document:
    """The file as far as it can be read; what is wrong with it is in its ``problems``."""
    out = Findings(file.path)
    text = decode(file.content, out)
    root = read(text, out, max_nodes=MAX_NODES) if text is not None else None
    problems = tuple(_about_workflows(problem) for problem in out.problems())
    if not isinstance(root, Mapping):
        if not problems:
            problems = (Problem("workflow-empty", f"{file.path} holds no mapping", "a workflow is a mapping of keys"),)
        return Document(file.path, "other", text or "", problems=problems, is_readable=False)
    assert text is not None
    made = _Maker(file.path, text).document(root)
    return replace(made, problems=problems)


def _about_workflows(problem: Problem) -> Problem:
    """The configuration reader's words, said of a workflow."""
    code = problem.code.replace("config-", "workflow-", 1)
    why = problem.why if "configuration" not in problem.why and "schema" not in problem.why else ""
    return replace(problem, code=code, why=why, fix="")


class _Maker:
    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.texts: list[Text] = []

    def document(self, root: Mapping) -> Document:
        on = _get(root, "on") or _get(root, "true")
        runs = _get(root, "runs")
        name = _plain(_get(root, "name"))
        if isinstance(runs, Mapping):
            steps = self._steps(_get(runs, "steps"))
            job = Part("runs", runs.line, steps)
            self._collect(root)
            inputs = tuple((key, "string") for key in _keys(_get(root, "inputs")))
            return Document(
                self.path, "action", self.text, name, (), (job,), inputs=inputs, all_texts=tuple(self.texts)
            )
        jobs_node = _get(root, "jobs")
        jobs = tuple(self._part(key, node) for key, node in _items(jobs_node))
        self._collect(root)
        return Document(
            self.path,
            "workflow" if isinstance(jobs_node, Mapping) else "other",
            self.text,
            name,
            _triggers(on),
            jobs,
            self._texts_of(_get(root, "env")),
            _permissions(_get(root, "permissions")),
            _inputs(on),
            all_texts=tuple(self.texts),
        )

    def _part(self, key: Scalar, node: Node) -> Part:
        strategy = _get(node, "strategy")
        matrix = _get(strategy, "matrix")
        return Part(
            key.text,
            key.line,
            self._steps(_get(node, "steps")),
            self._text(_get(node, "if")),
            self._text(_get(node, "uses")),
            self._texts_of(_get(node, "with")),
            self._texts_of(_get(node, "env")),
            _permissions(_get(node, "permissions")),
            _plain(_get(node, "secrets")) == "inherit",
            tuple(key.text for key, value in _items(matrix) if "${{" not in self._slice(value)),
            self._texts_of(_get(node, "outputs")),
        )

    def _steps(self, node: Node | None) -> tuple[Step, ...]:
        if not isinstance(node, Listing):
            return ()
        return tuple(
            Step(
                item.line,
                _plain(_get(item, "name")),
                _plain(_get(item, "id")),
                self._text(_get(item, "if")),
                self._text(_get(item, "uses")),
                self._text(_get(item, "run")),
                _plain(_get(item, "shell")),
                _plain(_get(item, "working-directory")),
                self._texts_of(_get(item, "with")),
                self._texts_of(_get(item, "env")),
            )
            for item in node.items
            if isinstance(item, Mapping)
        )

    def _texts_of(self, node: Node | None) -> tuple[tuple[str, Text], ...]:
        found = ((key.text, self._text(value)) for key, value in _items(node))
        return tuple((key, text) for key, text in found if text is not None)

    def _text(self, node: Node | None) -> Text | None:
        if not isinstance(node, Scalar):
            return None
        raw = self._slice(node)
        lines = raw.splitlines()
        if raw[:1] in {"|", ">"} and not node.plain:
            return Text(node.text, node.line + 1, tuple(lines[1:]), node.line + 1)
        return Text(node.text, node.line, tuple(lines), node.line)

    def _slice(self, node: Node) -> str:
        if isinstance(node, Mapping | Listing):
            return self.text[node.mark.index : node.behind.index]
        return self.text[node.start : node.end]

    def _collect(self, root: Node) -> None:
        waiting: list[Node] = [root]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Mapping):
                waiting += [value for _, value in node.entries.values()]
            elif isinstance(node, Listing):
                waiting += node.items
            elif isinstance(node, Scalar) and "${{" in node.text:
                text = self._text(node)
                if text is not None:
                    self.texts.append(text)
        self.texts.sort(key=lambda text: text.line)


def _get(node: Node | None, key: str) -> Node | None:
    if not isinstance(node, Mapping):
        return None
    found = node.entries.get(key)
    return found[1] if found else None


def _items(node: Node | None) -> list[tuple[Scalar, Node]]:
    return list(node.entries.values()) if isinstance(node, Mapping) else []


def _keys(node: Node | None) -> list[str]:
    return [key.text for key, _ in _items(node)]


def _plain(node: Node | None) -> str:
    return node.text.strip() if isinstance(node, Scalar) else ""


def _list(node: Node | None) -> tuple[str, ...]:
    if isinstance(node, Listing):
        return tuple(item.text for item in node.items if isinstance(item, Scalar))
    return (node.text,) if isinstance(node, Scalar) and node.text else ()


def _triggers(node: Node | None) -> tuple[Trigger, ...]:
    """``on:`` in its three forms: a word, a list of words, a mapping."""
    if isinstance(node, Scalar):
        return (Trigger(node.text, node.line),)
    if isinstance(node, Listing):
        return tuple(Trigger(item.text, item.line) for item in node.items if isinstance(item, Scalar))
    found = []
    for key, value in _items(node):
        crons: tuple[str, ...] = ()
        if isinstance(value, Listing):
            crons = tuple(_plain(_get(item, "cron")) for item in value.items if _get(item, "cron") is not None)
        found.append(Trigger(key.text, key.line, _list(_get(value, "types")), crons))
    return tuple(found)


def _inputs(on: Node | None) -> tuple[tuple[str, str], ...]:
    found = []
    for event in ("workflow_call", "workflow_dispatch"):
        for key, value in _items(_get(_get(on, event), "inputs")):
            found.append((key.text, _plain(_get(value, "type")) or "string"))
    return tuple(found)


def _permissions(node: Node | None) -> tuple[tuple[str, str, int], ...] | None:
    if isinstance(node, Scalar):
        return (("*", node.text, node.line),)
    if isinstance(node, Mapping):
        return tuple((key.text, _plain(value), key.line) for key, value in _items(node))
    return None
