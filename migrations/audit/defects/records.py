"""Records that are wrong by the way they are written: JSON glued together by hand, empty lists that are not, files that feed on themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.problems import Where
from migrations.audit.facts import Facts
from migrations.model import Defect

_EMPTY = re.compile(r"""printf\s+'%s\\n'\s+"\$\{(\w+)\[@\]\}"\s*\|\s*jq\s+-R""")
_GLUED = re.compile(r"""["']\s*\\?"[\w-]+\\?"\s*:\s*(?:%s|\$\{?\w+\}?)\s*,?\s*(?:\\n)?["']?""")


def find(facts: Facts) -> Iterator[Defect]:
    """What a workflow writes wrongly."""
    for ran in facts.ran:
        file = ran.path or facts.document.path
        for line in ran.script.lines:
            empty = _EMPTY.search(line.text)
            if empty:
                yield Defect(
                    "empty-list-written-wrongly",
                    f"an empty {empty[1]} is written as a list of one empty text",
                    "printf prints one empty line for no value, so readers cannot tell none from one",
                    "jq -n '$ARGS.positional' --args -- \"${" + empty[1] + '[@]}"',
                    Where(file, line.number),
                    "low",
                )
            elif _GLUED.search(line.text) and re.search(r"\b(?:printf|echo|cat)\b", line.text):
                yield Defect(
                    "json-by-hand",
                    "JSON is glued together from variables without quotes",
                    "an empty variable gives a file that no reader takes",
                    "build it with jq -n --arg",
                    Where(file, line.number),
                    "low",
                )
    yield from _self_feeding(facts)


def _self_feeding(facts: Facts) -> Iterator[Defect]:
    """A file that is read, wrapped and written back: it grows, or nests, with every run."""
    written = {used.name: used.line for used in facts.writes if "*" not in used.name}
    for ran in facts.ran:
        for line in ran.script.lines:
            if not re.search(r"\bjq\b", line.text):
                continue
            own = {path for number, path in ran.script.reads if number <= line.number and path in written}
            named = {
                ran.script.assigned.get(name, "") for name in re.findall(r"\$\{?([A-Za-z_]\w*)\}?", _sources(line.text))
            } & own
            wraps = re.search(r"\{[^}]*:\s*\.\s*[,}]|\[\s*\.\s*\]|\.\s*\+=|\+\s*\[|-s\b.*flatten", line.text)
            for path in sorted(named):
                if wraps and _comes_back(ran.script.lines, line.text, path, ran.script.assigned):
                    yield Defect(
                        "file-feeds-itself",
                        f"{path} is read, wrapped and written back",
                        "each run puts the whole of the last result into the next one, so the file grows or nests without end",
                        "build it from the records alone",
                        Where(ran.path or facts.document.path, line.number),
                        "medium",
                    )


def _sources(text: str) -> str:
    """The line without its jq program and without what it is redirected to."""
    return re.sub(r">>?\s*(?:\"[^\"]*\"|\S+)", "", re.sub(r"'[^']*'", "", text))


def _comes_back(lines: tuple[object, ...], text: str, path: str, assigned: dict[str, str]) -> bool:
    """Whether the result ends up in the same file: directly, or over a second one that is moved there."""
    names = {name for name, value in assigned.items() if value == path}
    for line in [text, *(getattr(line, "text", "") for line in lines)]:
        moved = re.search(r"\bmv\s+(?:-\w+\s+)*\S+\s+\"?\$?\{?([\w./-]+)\}?\"?", line)
        if moved and (moved[1] in names or moved[1] == path):
            return True
        written = re.search(r">\s*\"?\$?\{?([\w./-]+)\}?\"?\s*$", line)
        if line == text and written and (written[1] in names or written[1] == path):
            return True
    return False
