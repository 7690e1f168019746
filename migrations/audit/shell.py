"""What a script does, as far as its text says: commands, calls of GitHub, files written and read, variables used.

This is no shell: nothing is run and little is expanded. Lines that a backslash joins are one, comments are dropped, quotes are kept
together, and a variable that is assigned a plain text stands for that text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from migrations.audit.document import Text

MAX_LINES = 20_000
_ASSIGNED = re.compile(
    r"""^\s*(?:(?:local|export|readonly|declare)\s+(?:-\w+\s+)*)?([A-Za-z_]\w*)=("[^"]*"|'[^']*'|[^\s;|&()]*)"""
)
_ANY_ASSIGNMENT = re.compile(
    r"(?:^|[\s;(])(?:local\s+|export\s+|readonly\s+|declare\s+(?:-\w+\s+)*)?([A-Za-z_]\w*)(?:\+?=|\[)"
)
_LOOP = re.compile(r"\b(?:for\s+([A-Za-z_]\w*)\s+in|read\s+(?:-\w+\s+)*([A-Za-z_][\w ]*))")
_VARIABLE = re.compile(r"\$(?:\{#?!?([A-Za-z_]\w*)[^}]*\}|([A-Za-z_]\w*))")
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}")
_COMMAND = re.compile(
    r"(?:^|[;|&(){}`!]|\$\(|\bthen\b|\bdo\b|\belse\b|\bif\b|\bwhile\b)\s*(?:sudo\s+|time\s+|command\s+|exec\s+|env\s+(?:\w+=\S*\s+)*)*"
    r"([\w./${}\"@-]+)"
)
_REDIRECT = re.compile(r"""(?<![0-9&<>=-])(>>?)\s*("[^"]+"|'[^']+'|[^\s;|&()<>]+)""")
_GH = re.compile(r"\bgh\s+([a-z-]+)(?:\s+([a-z-]+))?")
_MUTATION = re.compile(r"\bmutation\b")
_GRAPHQL_FIELD = re.compile(
    r"\b((?:add|update|delete|clear|archive|create|convert|move|close|reopen|remove|mark|link|unlink|transfer|pin|lock|unlock|copy)"
    r"[A-Z]\w+)\s*\("
)
_OUTPUT = re.compile(r"""\$\{?GITHUB_OUTPUT\}?""")


@dataclass(frozen=True, slots=True)
class Line:
    """One logical line of a script."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call of GitHub's command line, or of its API."""

    line: int
    words: tuple[str, ...]
    """``issue edit``, ``api``, …; the path of an API call is in ``target``."""
    text: str
    target: str = ""
    method: str = "GET"
    mutations: tuple[str, ...] = ()
    """Of a GraphQL call."""

    @property
    def name(self) -> str:
        """``issue edit``."""
        return " ".join(self.words)

    def has_flag(self, *names: str) -> bool:
        """Whether one of these flags is given, long or short."""
        return any(re.search(rf"(?:^|\s)-{{1,2}}{re.escape(name)}(?=[\s=\"']|$)", self.text) for name in names)

    def values(self, flag: str) -> tuple[str, ...]:
        """What is given for a flag, each time it is."""
        found = re.findall(rf"""(?:^|\s)--?{re.escape(flag)}[\s=]+("[^"]*"|'[^']*'|[^\s;|&)]+)""", self.text)
        return tuple(_unquoted(value) for value in found)


@dataclass(slots=True)
class Script:
    """What one script says."""

    lines: tuple[Line, ...] = ()
    commands: tuple[tuple[int, str], ...] = ()
    """Names of programs, with their lines."""
    calls: tuple[Call, ...] = ()
    writes: tuple[tuple[int, str], ...] = ()
    """Paths, with ``*`` for what is computed."""
    reads: tuple[tuple[int, str], ...] = ()
    assigned: dict[str, str] = field(default_factory=dict)
    """Variables with a plain value."""
    sets: set[str] = field(default_factory=set)
    """Every variable the script itself gives a value."""
    uses: tuple[tuple[int, str], ...] = ()
    """Every variable it reads, with the line of the first time."""
    asked: tuple[tuple[int, str], ...] = ()
    """Repository variables it asks GitHub for by name."""
    outputs: set[str] = field(default_factory=set)
    """Names it writes to ``$GITHUB_OUTPUT``."""
    printed: tuple[tuple[int, str], ...] = ()
    """``NAME=…`` that is printed and goes nowhere."""


def read_script(run: Text, folder: str = "", known: Mapping[str, str] | None = None) -> Script:
    """Read a script.

    Args:
        run: Its text.
        folder: Where it starts, below the checkout.
        known: Variables that are set around it and are plain text.
    """
    lines = tuple(_logical(run))
    script = Script(lines)
    script.assigned.update(known or {})
    commands: list[tuple[int, str]] = []
    calls: list[Call] = []
    writes: dict[str, int] = {}
    reads: dict[str, int] = {}
    uses: dict[str, int] = {}
    asked: dict[str, int] = {}
    printed: list[tuple[int, str]] = []
    place = folder
    into_output = _groups_into_output(lines)
    for line in lines:
        text = line.text
        for name in _ANY_ASSIGNMENT.findall(text):
            script.sets.add(name)
        for one, many in _LOOP.findall(text):
            script.sets.update(one.split() or many.split())
        plain = _ASSIGNED.match(text)
        if plain and not plain[2].startswith(('"$(', "`")) and text[plain.end() : plain.end() + 1] != "(":
            script.assigned[plain[1]] = _expanded(_unquoted(plain[2]), script.assigned)
        for found in _VARIABLE.finditer(_EXPRESSION.sub("", text)):
            uses.setdefault(found[1] or found[2], line.number)
        commands += [(line.number, name) for name in _names(text)]
        moved = re.match(r"^\s*cd\s+(\S+)\s*$", text)
        if moved:
            place = _joined(place, _expanded(_unquoted(moved[1]), script.assigned))
        calls += _calls(line, script.assigned)
        for path in _written(text, script.assigned):
            writes.setdefault(_joined(place, path), line.number)
        for path in _read(text, script.assigned):
            reads.setdefault(_joined(place, path), line.number)
        _outputs(line, script, printed, into=line.number in into_output)
    asking = _asking_functions(lines)
    for line in lines:
        for name in re.findall(r"gh\s+variable\s+get\s+[\"']?([A-Z][A-Z0-9_]+)", line.text):
            asked.setdefault(name, line.number)
        for function_name in asking:
            for name in re.findall(rf"\b{re.escape(function_name)}\s+[\"']?([A-Z][A-Z0-9_]+)", line.text):
                asked.setdefault(name, line.number)
    script.commands, script.calls = tuple(commands), tuple(calls)
    script.writes = tuple((number, path) for path, number in writes.items())
    script.reads = tuple((number, path) for path, number in reads.items())
    script.uses = tuple((number, name) for name, number in uses.items())
    script.asked = tuple((number, name) for name, number in asked.items())
    script.printed = tuple(printed)
    return script


def _logical(run: Text) -> Iterator[Line]:
    """Lines without comments, joined where a backslash says so or a quote is still open."""
    waiting, first = "", 0
    for count, (number, raw) in enumerate(run.numbered()):
        if count > MAX_LINES:
            return
        text = raw if waiting and _open_quote(waiting) else _uncommented(raw)
        waiting = f"{waiting} {text.strip()}" if waiting else text
        first = first or number
        if waiting.rstrip().endswith("\\") and not waiting.rstrip().endswith("\\\\"):
            waiting = waiting.rstrip()[:-1]
            continue
        if _open_quote(waiting) and len(waiting) < 20_000:
            continue
        if waiting.strip():
            yield Line(first, waiting)
        waiting, first = "", 0
    if waiting.strip():
        yield Line(first, waiting)


def _uncommented(line: str) -> str:
    if line.lstrip().startswith("#"):
        return ""
    found = re.search(r"\s#\s", line)
    return line[: found.start()] if found and not _open_quote(line[: found.start()]) else line


def _open_quote(text: str) -> bool:
    """Whether a quote is still open at the end; single quotes count outside double ones only, and the other way round."""
    quote = ""
    skip = False
    for char in text:
        if skip:
            skip = False
        elif char == "\\" and quote != "'":
            skip = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
    return bool(quote)


def _names(text: str) -> list[str]:
    found = []
    for name in _COMMAND.findall(text):
        plain = name.strip('"')
        if plain and not plain.startswith(("$", "-")) and "=" not in plain:
            found.append(plain.rpartition("/")[2] if not plain.startswith("./") else plain)
    return found


def _calls(line: Line, assigned: Mapping[str, str]) -> Iterator[Call]:
    code = _is_code(line.text)
    for found in _GH.finditer(line.text):
        if not code[found.start()] or not re.search(
            r"(?:^|[\s;|&(`$!])\Z", line.text[max(0, found.start() - 1) : found.start()]
        ):
            continue
        rest = line.text[found.start() :]
        end = re.search(r"(?<![|])\|(?!\|)|&&|\|\||;(?=\s|$)", _masked(rest))
        text = rest[: end.start()] if end else rest
        first, second = found[1], found[2] or ""
        if first == "api":
            target = _api_target(text)
            graphql = target == "graphql" or " graphql" in text[:20]
            mutations = tuple(_GRAPHQL_FIELD.findall(rest)) if graphql and _MUTATION.search(rest) else ()
            yield Call(
                line.number, ("api",), rest if graphql else text, _expanded(target, assigned), _method(text), mutations
            )
        else:
            yield Call(line.number, (first, second) if second else (first,), text)
    for found in re.finditer(r"\bcurl\b", line.text):
        if not code[found.start()]:
            continue
        rest = line.text[found.start() :]
        if "api.github.com" in rest or "GITHUB_API_URL" in rest:
            address = re.search(r"(?:api\.github\.com|GITHUB_API_URL\}?)(/[^\s\"']*)", rest)
            method = re.search(r"(?:-X|--request)\s*=?\s*\"?([A-Z]+)", rest)
            has_body = bool(re.search(r"\s(?:-d|--data\S*)\s", rest))
            verb = method[1] if method else ("POST" if has_body else "GET")
            mutations = tuple(_GRAPHQL_FIELD.findall(rest)) if "graphql" in rest and _MUTATION.search(rest) else ()
            yield Call(line.number, ("curl",), rest, address[1] if address else "", verb, mutations)


def _is_code(text: str) -> list[bool]:
    """For each character whether it is run rather than quoted; what ``$(…)`` holds inside quotes is run."""
    found: list[bool] = []
    around = ["code"]
    skip = False
    for place, char in enumerate(text):
        now = around[-1]
        found.append(now == "code" and not skip)
        if skip:
            skip = False
        elif now == "'":
            if char == "'":
                around.pop()
        elif char == "\\":
            skip = True
        elif char == "(" and text[place - 1 : place] == "$" and place:
            around.append("code")
        elif now == "code":
            if char in "'\"":
                around.append(char)
            elif char == ")" and len(around) > 1:
                around.pop()
        elif char == '"':
            around.pop()
    return found


def _masked(text: str) -> str:
    """The text with everything in quotes blanked, so that signs in it do not count."""
    out, quote, skip = [], "", False
    for char in text:
        if skip:
            skip = False
            out.append("_")
            continue
        if char == "\\" and quote != "'":
            skip = True
            out.append("_")
        elif quote:
            if char == quote:
                quote = ""
            out.append("_")
        elif char in "'\"":
            quote = char
            out.append("_")
        else:
            out.append(char)
    return "".join(out)


def _api_target(text: str) -> str:
    words = re.findall(r"""("[^"]*"|'[^']*'|\S+)""", text)[2:]
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = "=" not in word and word not in {"--paginate", "--slurp", "-i", "--include", "--silent", "--verbose"}
        else:
            return _unquoted(word)
    return ""


def _method(text: str) -> str:
    found = re.search(r"(?:-X|--method)[\s=]*\"?([A-Za-z]+)", text)
    if found:
        return found[1].upper()
    return "POST" if re.search(r"\s(?:-f|-F|--field|--raw-field|--input)[\s=]", text) else "GET"


def _written(text: str, assigned: Mapping[str, str]) -> Iterator[str]:
    bare = _EXPRESSION.sub("*", text)
    # A name may hold a command of its own, with quotes inside quotes; without it, what is around it can be read.
    flat = bare
    for _ in range(3):
        flat = re.sub(r"\$\([^()]*\)", "*", flat)
    found: dict[str, None] = {}
    for form in dict.fromkeys((bare, flat)):
        masked = _masked_redirects(form)
        for _, target in _REDIRECT.findall(masked):
            found[target] = None
        for hit in re.finditer(r"\b(?:cp|mv)\s+(?:-\w+\s+)*(\"[^\"]+\"|\S+)\s+(\"[^\"]+\"|[^\s;|&]+)", form):
            found[hit[2]] = None
        for hit in re.finditer(r"\btee\s+(?:-a\s+)?(\"[^\"]+\"|[^\s;|&]+)", form):
            found[hit[1]] = None
    for target in found:
        path = _unquoted(target)
        if path.startswith(("/dev/", "&")) or "GITHUB_" in path or "$(" in path or '"' in path:
            continue
        yield _expanded(path, assigned)


def _masked_redirects(text: str) -> str:
    """The text without quoted parts that are not a redirection's target: an arrow in a message is no redirection."""
    out, place = [], 0
    for found in re.finditer(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'", text):
        before = text[place : found.start()]
        out.append(before)
        out.append(found[0] if re.search(r">\s*\Z", before) else "''")
        place = found.end()
    out.append(text[place:])
    return "".join(out)


def _read(text: str, assigned: Mapping[str, str]) -> Iterator[str]:
    for found in re.finditer(
        r"[\"'\s=]([\w$./{}*-]+\.(?:json|jsonl|ndjson|html))(?=[\"'\s;|)]|$)", _EXPRESSION.sub("*", text)
    ):
        yield _expanded(found[1], assigned)
    for found in re.finditer(r"\b(?:jq|cat|head|tail)\b[^|;]*?\s\"?\$\{?([A-Za-z_]\w*)\}?\"?", text):
        value = assigned.get(found[1], "")
        if value:
            yield value


def _outputs(line: Line, script: Script, printed: list[tuple[int, str]], *, into: bool) -> None:
    names = re.findall(r"""(?:echo|printf)\s+(?:-[en]+\s+)?["']?([A-Za-z_][\w-]*)(?:=|<<)""", line.text)
    if into or _OUTPUT.search(line.text) or "::set-output" in line.text:
        script.outputs.update(names)
        script.outputs.update(re.findall(r"::set-output\s+name=([\w-]+)", line.text))
    elif not re.search(r">>?\s*[\"$/\w]", _masked_redirects(line.text)) and "|" not in line.text:
        printed += [(line.number, name) for name in names]


def _groups_into_output(lines: tuple[Line, ...]) -> set[int]:
    """The lines of ``{ … } >> "$GITHUB_OUTPUT"``."""
    found: set[int] = set()
    opened: list[int] = []
    for line in lines:
        text = line.text.strip()
        if text.startswith("{"):
            opened.append(line.number)
        if text.startswith("}") and opened:
            start = opened.pop()
            if _OUTPUT.search(text):
                found.update(range(start, line.number))
    return found


def _asking_functions(lines: tuple[Line, ...]) -> set[str]:
    """Functions of the script that ask for a repository variable by the name they are given."""
    found: set[str] = set()
    current = ""
    for line in lines:
        opened = re.match(r"^\s*(?:function\s+)?([A-Za-z_]\w*)\s*\(\)", line.text)
        if opened:
            current = opened[1]
        if current and re.search(r"gh\s+(?:variable\s+get|api\s+\S*actions/variables/)\s*[\"']?\$", line.text):
            found.add(current)
        if line.text.strip() == "}":
            current = ""
    return found


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"" else text.strip("\"'")


def _expanded(text: str, assigned: Mapping[str, str]) -> str:
    """The text with known variables replaced, and what is computed as ``*``."""
    text = _EXPRESSION.sub("*", text)
    text = re.sub(r"\$\([^()]*\)|`[^`]*`|\$\{?[0-9@#?]\}?", "*", text)
    text = _VARIABLE.sub(lambda found: assigned.get(found[1] or found[2], "*")[:500], text)
    return re.sub(r"\*{2,}", "*", text)[:500]


def _joined(folder: str, path: str) -> str:
    """A path below the checkout, ``..`` resolved as far as it goes."""
    if path.startswith(("/", "~")):
        return path
    parts: list[str] = []
    for part in [*folder.split("/"), *path.split("/")]:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)
