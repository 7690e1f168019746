"""Nothing is kept that nothing of the product uses: functions, classes and methods, fields, constants."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOMS = ("engine", "migrations", "setup_wizard", "tassist")
FOR_OTHERS = {
    "everything_published": "the contract's tests count GitHub's events with it",
    "issue_observed": "an importer of other history says with it what it saw; legacy history has a form of its own",
    "rules_page": "`make docs` writes the reference with it",
    "STRUCTURAL": "the reference of the configuration and its tests list the codes",
    "IMPROVEMENTS": "a test holds the verdicts against it",
    "size_bytes": "a test looks how much is kept",
    "message_event": "uvicorn wakes with it who waits for a peer that has gone",
}
"""Name → who uses it, where that is not the product itself."""
WRITTEN = {
    "config_key": "a telemetry record holds it",
    "config_line": "a telemetry record holds it",
    "engine_version": "a telemetry record holds it",
    "milestone_due_on": "a telemetry record holds it, and SQL reads it",
    "specversion": "an envelope of CloudEvents has to hold it",
    "server_starts": "the demo's summary holds it",
    "recorded": "the document of `tassist run --json` holds it",
    "figure": "the document of `tassist dashboard diff --json` holds it",
    "warned": "a figure of the dashboard, read by its name",
    "blocked": "a figure of the dashboard, read by its name",
    "first_seq": "a test asks in which order issues wait",
    "is_json": "what the webhook is and shall be is compared as a whole",
    "checks_tls": "what the webhook is and shall be is compared as a whole",
}
"""Field → who gets it, where no code asks for it by its name."""
HOOKS = re.compile(r"__\w+__|(on|action|watch|compute|validate|key|check)_\w+|[A-Z]\w+Screen")
"""What a framework calls by its name: Python's, Textual's, and the places of the app, which are loaded by name."""
KNOWN_TO_TEXTUAL = {
    "AUTO_FOCUS",
    "COMMAND_PALETTE_DISPLAY",
    "COMPONENT_CLASSES",
    "CSS_PATH",
    "DEFAULT_CSS",
    "HELP",
    "HORIZONTAL_BREAKPOINTS",
    "NOTIFICATION_TIMEOUT",
    "VERTICAL_BREAKPOINTS",
}
OWN = {
    "property",
    "staticmethod",
    "classmethod",
    "cached_property",
    "contextmanager",
    "asynccontextmanager",
    "dataclass",
}
"""Decorators that hand a function to nobody; any other one registers it somewhere."""


@cache
def sources(root: Path) -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text("utf-8")) for room in ROOMS for path in sorted((root / room).rglob("*.py"))}


@cache
def words_of_tests(root: Path) -> str:
    """What the tests say, but for this one."""
    paths = sorted((root / "tests").rglob("*.py"))
    return "\n".join(path.read_text("utf-8") for path in paths if path != Path(__file__))


def uses(tree: ast.Module) -> Iterator[str]:
    """Every name that is read, and every word of a string that is no docstring: dispatch by name is use."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node.attr
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.MatchClass):
            yield from node.kwd_attrs
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield from re.findall(r"[A-Za-z_]\w*", node.value)


def definitions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """What is defined here and handed to nobody by a decorator, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            given = {ast.unparse(decorator).split("(")[0].rpartition(".")[2] for decorator in node.decorator_list}
            if given <= OWN:
                yield node.name, node.lineno
        if isinstance(node, ast.Module | ast.ClassDef):
            for inner in node.body:
                for target in _targets(inner):
                    yield target.id, target.lineno


def _targets(statement: ast.stmt) -> list[ast.Name]:
    found = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return [target for target in found if isinstance(target, ast.Name)]


def unused(modules: dict[Path, ast.Module], elsewhere: str) -> list[str]:
    used = Counter(name for tree in modules.values() for name in uses(tree))
    told = set(re.findall(r"[A-Za-z_]\w*", elsewhere))
    return [
        f"{path}:{line} {name}"
        for path, tree in modules.items()
        for name, line in definitions(tree)
        if not used[name]
        and not HOOKS.fullmatch(name)
        and name not in FOR_OTHERS
        and name not in KNOWN_TO_TEXTUAL
        # GitHub in a box is there for tests, of this project and of others: what they do with it is its use.
        and not ("sandbox" in path.parts and name in told)
    ]


def test_what_nobody_uses_is_not_kept(project_root: Path) -> None:
    found = unused(sources(project_root), words_of_tests(project_root))

    assert found == [], "remove it, or say in FOR_OTHERS who uses it"


def unread(modules: dict[Path, ast.Module]) -> list[str]:
    """Fields of classes that something may fill and nothing asks for."""
    asked = {
        node.attr
        for tree in modules.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }
    return [
        f"{path}:{field.lineno} {field.target.id}"
        for path, tree in modules.items()
        for one in ast.walk(tree)
        if isinstance(one, ast.ClassDef)
        for field in one.body
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and not ast.unparse(field.annotation).startswith("ClassVar")
        and field.target.id not in asked
        and field.target.id not in WRITTEN
    ]


def test_no_field_is_kept_that_is_filled_and_never_read(project_root: Path) -> None:
    found = unread(sources(project_root))

    assert found == [], "remove it, or say in WRITTEN who gets it"


def test_what_is_written_for_others_is_there(project_root: Path) -> None:
    fields = {
        field.target.id
        for tree in sources(project_root).values()
        for field in ast.walk(tree)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }

    assert set(WRITTEN) <= fields


def test_a_field_nobody_reads_is_found() -> None:
    text = "class Kept:\n    read: int = 0\n    filled: int = 0\ndef use(one): return Kept(filled=one.read)\n"

    assert [line.split()[1] for line in unread({Path("x.py"): ast.parse(text)})] == ["filled"]


def test_what_is_kept_for_others_is_there_and_used_by_them(project_root: Path) -> None:
    modules = sources(project_root)
    defined = {name for tree in modules.values() for name, _ in definitions(tree)}
    told = set(re.findall(r"[A-Za-z_]\w*", words_of_tests(project_root)))

    assert [name for name in FOR_OTHERS if name not in defined or name not in told] == []


def test_unused_things_are_found() -> None:
    text = (
        '"""Speaks of by_docstring."""\n'
        "LEFT = 1\n"
        "class Kept:\n    field: int = 0\n    lost: int = 0\n    def by_docstring(self): return self.field\n"
        "@command('x')\ndef registered(): return Kept\n"
    )

    found = unused({Path("x.py"): ast.parse(text)}, "")

    assert sorted(line.split()[1] for line in found) == ["LEFT", "by_docstring", "lost"]
