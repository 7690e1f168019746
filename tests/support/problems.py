"""Every problem tassist can tell of, found in the source: its code, its words, whose it is and the exit code; for `tassist help CODE`.

A problem is written where it is noticed, as a call or a row of a table that begins with its code and goes on with what happened, why, and
what to do. This reads those places, so that help and reference never know a problem the product does not have, or miss one it has.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import dropwhile
from pathlib import Path

from tassist.errors import EXIT_BY_FAMILY

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("engine", "setup_wizard", "migrations", "tassist")
_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")
_MAKERS = re.compile(r"problem|fatal|warning|wrong|missing|refus|not_|lost|damaged|unusable|failed|_cut", re.IGNORECASE)
_PARTS = ("what", "why", "fix")


@dataclass(slots=True)
class Told:
    """One problem as the source words it; ``…`` stands where a name or number will."""

    code: str
    what: str = ""
    why: str = ""
    fix: str = ""
    family: str = "yours"
    places: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """The exit code of a command that ends with it."""
        return int(EXIT_BY_FAMILY[self.family])  # type: ignore[index]  # a family by its name

    def data(self) -> dict[str, object]:
        """As plain data."""
        given = {name: getattr(self, name) for name in _PARTS if getattr(self, name)}
        return {**given, "family": self.family, "exit_code": self.exit_code}


def problems() -> dict[str, Told]:
    """Code → what is told, in alphabetical order."""
    found: dict[str, Told] = {}
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            if "sandbox" in file.parts:
                continue  # what GitHub in a box says is GitHub's
            for told in _told(ast.parse(file.read_text())):
                known = found.setdefault(told.code, told)
                known.places.append(str(file.relative_to(ROOT)))
                for name in _PARTS:  # a place that says more than the first one
                    if not getattr(known, name):
                        setattr(known, name, getattr(told, name))
    for kind, (what, fix, family) in _answers_of_github().items():
        found[f"github-{kind}"] = Told(f"github-{kind}", what, "the request and GitHub's own words follow", fix, family)
    return dict(sorted(found.items()))


def literal_codes() -> set[str]:
    """The codes that stand as text in a `Problem(...)` somewhere; each must be among `problems()`."""
    codes = set()
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            if "sandbox" in file.parts:
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and _name(node.func) == "Problem":
                    first = _arguments(node).get("code")
                    if isinstance(first, ast.Constant):
                        codes.add(str(first.value))
    return codes


def shipped() -> str:
    """tassist/cli/problems.json: what `tassist help` reads."""
    data = {code: told.data() for code, told in problems().items()}
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def page() -> str:
    """docs/reference/problems.md."""
    lines = [
        "# Problems\n\nEvery problem has a code; `tassist help CODE` shows the same. `…` stands where a name or a number will.\n"
    ]
    for code, told in problems().items():
        lines.append(f"\n## {code}\n\n{_sentence(told.what)}\n")
        if told.why:
            lines.append(f"\n*Why:* {_sentence(told.why)}\n")
        if told.fix:
            lines.append(f"\n*Fix:* {_sentence(told.fix)}\n")
        lines.append(f"\nExit code {told.exit_code}.\n")
    return "".join(lines)


def _sentence(text: str) -> str:
    """Safe in Markdown: angle brackets and pipes are text."""
    return re.sub(r"([<>*_|\[\]{}])", r"\\\1", " ".join(text.split())) or "…"


def _family_of_rows(tree: ast.Module) -> str:
    """Rows of a table become problems where a `Problem` takes its code from a variable; that place says whose they are."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) == "Problem":
            arguments = _arguments(node)
            family = arguments.get("family")
            if not isinstance(arguments.get("code"), ast.Constant) and isinstance(family, ast.Constant):
                return str(family.value)
    return "yours"


def _told(tree: ast.Module) -> Iterator[Told]:
    of_rows = _family_of_rows(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _MAKERS.search(_name(node.func)):
            arguments = _arguments(node)
        elif isinstance(node, ast.Tuple):
            arguments = _row(node)
        else:
            continue
        code = arguments.get("code")
        if not (isinstance(code, ast.Constant) and isinstance(code.value, str) and _SLUG.match(code.value)):
            continue
        texts = {name: _text(arguments[name]) for name in _PARTS if name in arguments}
        if any(" " in text for text in texts.values()) and (
            "-" in code.value or _name(getattr(node, "func", node)) == "Problem"
        ):
            family = arguments.get("family")
            told = Told(code.value, texts.get("what", ""), texts.get("why", ""), texts.get("fix", ""))
            if isinstance(family, ast.Constant):
                told.family = str(family.value)
            elif isinstance(node, ast.Tuple):
                told.family = of_rows
            yield told


def _arguments(call: ast.Call) -> dict[str, ast.expr]:
    """A call's code and words by name; what stands between code and words, such as a place in a file, is passed over."""
    named = {word.arg: word.value for word in call.keywords if word.arg}
    rest = list(call.args)
    if rest:
        named.setdefault("code", rest.pop(0))
    if _name(call.func) in {"problem", "fatal", "warning"}:
        rest = rest[1:]  # a place in the file
    elif _name(call.func) != "Problem":
        rest = list(dropwhile(lambda arg: not _text(arg), rest))
    free = [name for name in _PARTS if name not in named]
    return named | dict(zip(free, rest, strict=False))


def _row(row: ast.Tuple) -> dict[str, ast.expr]:
    """A row of a table: code, words. Where there are two, they are why and fix."""
    words = row.elts[1:]
    return (
        {"code": row.elts[0], **dict(zip(_PARTS[1:] if len(words) == 2 else _PARTS, words, strict=False))}
        if words
        else {}
    )


def _text(node: ast.expr) -> str:
    """The words of an expression, with ``…`` for what is known only at run time."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) + _text(node.right)
    if isinstance(node, ast.IfExp):
        return _text(node.body) or _text(node.orelse)
    return ""


def _name(node: ast.AST) -> str:
    return str(getattr(node, "id", getattr(node, "attr", "")))


def _answers_of_github() -> dict[str, tuple[str, str, str]]:
    from tassist.github.faults import _SENTENCES

    return {str(kind): (what, fix, str(family)) for kind, (what, fix, family) in _SENTENCES.items()}
