"""Expressions of GitHub Actions, `${{ … }}`: what they read, and whether somebody from outside decides what comes out.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/contexts and
https://docs.github.com/en/actions/reference/security/secure-use#understanding-the-risk-of-script-injections
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
MAX_EXPRESSIONS = 20_000
"""In one text; a file of a megabyte could hold more, and says nothing new with them."""
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>[-+]?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?))"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|(?P<sign>&&|\|\||[=!<>]=|[<>!()\[\].,*]))"
)


class Danger(IntEnum):
    """Who decides what an expression becomes."""

    NONE = 0
    """GitHub, or the file itself."""
    OWN = 1
    """People who may already write to the repository."""
    INDIRECT = 2
    """A step, an input or a matrix: whatever went in there."""
    STRUCTURED = 3
    """Anybody, within a form that leaves room for trouble."""
    FREE = 4
    """Anybody, in any words."""


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression where it stands."""

    text: str
    """Without its braces."""
    line: int
    reads: tuple[str, ...]
    """Contexts whose value can come out of it, dotted, ``*`` for an index that is computed."""


# Free text anybody may choose. Titles, bodies, messages, names of branches and of people.
_FREE = re.compile(
    r"github\.(?:"
    r"head_ref"
    r"|event\.(?:issue|pull_request|discussion|comment|review|review_comment|milestone|release|project_card|project_column|check_run\.output)"
    r"\.(?:title|body|text|summary|answer_html_url|note|name)"
    r"|event\.issue\.(?:labels|milestone)\..*"
    r"|event\.pull_request\.head\.(?:ref|label|repo\.(?:default_branch|description|homepage|full_name|name))"
    r"|event\.(?:workflow_run|check_suite|check_run)\.(?:.*\.)?(?:head_branch|display_title|head_commit\.(?:message|author\.(?:email|name)|committer\.(?:email|name)))"
    r"|event\.workflow_run\.pull_requests\..*head\.ref"
    r"|event\.(?:head_commit|commits\..*)\.(?:message|author\.(?:email|name)|committer\.(?:email|name))"
    r"|event\.pages\..*\.(?:page_name|title|summary)"
    r"|event\.(?:comment|review|discussion)\.(?:body|title)"
    r"|event\.changes\..*"
    r"|event\.client_payload(?:\..*)?"
    r"|event\.label\.(?:name|description)"
    r"|event\.(?:ref|base_ref)"
    r"|event\.inputs(?:\..*)?"
    r"|event"
    r"|event\.(?:issue|pull_request|comment|review|head_commit|commits|workflow_run|inputs)"
    r")\Z"
)
# Anybody's, but of a form GitHub keeps: numbers, addresses, identities, states.
_FIXED = re.compile(
    r"github\.(?:"
    r"action|action_ref|action_repository|action_status|api_url|env|event_name|graphql_url|job|job_workflow_sha|path|ref_protected"
    r"|ref_type|repository|repository_id|repositoryUrl|repository_owner|repository_owner_id|retention_days|run_attempt|run_id"
    r"|run_number|secret_source|server_url|sha|token|workflow_sha|workspace|actor_id|action_path|output"
    r"|event\.(?:.*\.)?(?:number|id|node_id|sha|url|html_url|diff_url|patch_url|comments|commits|additions|deletions|changed_files"
    r"|merged|draft|state|state_reason|created_at|updated_at|closed_at|merged_at|due_on|pushed_at|author_association|type|color|default"
    r"|locked|private|fork|archived|action|merge_commit_sha|conclusion|status|run_id|run_number|run_attempt|size|forks|watchers|workflow_id"
    r"|before|after|head_sha|action|ssh_url|git_url|clone_url|timestamp|avatar_url|number)"
    r"|event\.(?:after|before|action|number|repository\.(?:full_name|name|owner\.login|default_branch)|schedule|organization\.login)"
    r")\Z"
)
_SAFE_CONTEXTS = frozenset({"secrets", "runner", "job", "strategy", "github_token"})
# What these give has a form of its own, whatever goes in. Source: …/workflows-and-actions/expressions#functions
_SAFE_FUNCTIONS = frozenset(
    {"contains", "startswith", "endswith", "hashfiles", "success", "failure", "always", "cancelled"}
)


def expressions(line: int, text: str) -> Iterator[Expression]:
    """Every expression of a text whose first line has this number."""
    for count, found in enumerate(_EXPRESSION.finditer(text)):
        if count >= MAX_EXPRESSIONS:
            return
        inner = found[1]
        where = line + text.count("\n", 0, found.start())
        yield Expression(inner.strip(), where, tuple(dict.fromkeys(_reads(inner))))


def _reads(inner: str) -> list[str]:
    """The contexts whose value may come out of an expression.

    A comparison gives true or false and a function such as ``contains`` too, so what they read does not come out; of ``a && b || c``
    it is ``b`` and ``c``.
    """
    tokens = _tokens(inner)
    parser = _Parser(tokens)
    found = parser.either()
    return found if parser.is_done else [path for path in _paths(tokens) if path]


def _tokens(inner: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while place < len(inner):
        hit = _TOKEN.match(inner, place)
        if hit is None or hit.end() == place:
            place += 1
            continue
        kind = hit.lastgroup or ""
        found.append((kind, hit[kind]))
        place = hit.end()
    return found[:2000]


def _paths(tokens: list[tuple[str, str]]) -> list[str]:
    """Every path there is, where the expression could not be parsed: too many are better than too few."""
    found: list[str] = []
    for place, (kind, text) in enumerate(tokens):
        if kind == "name" and (place == 0 or tokens[place - 1][1] != "."):
            path, _ = _Parser(tokens[place:]).path()
            found.append(path)
        del text
    return found


class _Parser:
    """Recursive descent over the little language; depth is bounded by the number of tokens kept."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.place = 0
        self.depth = 0

    @property
    def is_done(self) -> bool:
        return self.place >= len(self.tokens) and self.depth < 100

    def _sign(self, *signs: str) -> str:
        if self.place < len(self.tokens) and self.tokens[self.place] in {("sign", sign) for sign in signs}:
            self.place += 1
            return self.tokens[self.place - 1][1]
        return ""

    def either(self) -> list[str]:
        self.depth += 1
        if self.depth > 100:
            return []
        found = self._both()
        while self._sign("||"):
            found = found + self._both()
        self.depth -= 1
        return found

    def _both(self) -> list[str]:
        found = self._compared()
        while self._sign("&&"):
            # What stands before && only comes out where it is empty, zero or false.
            found = self._compared()
        return found

    def _compared(self) -> list[str]:
        found = self._single()
        while self._sign("==", "!=", "<", ">", "<=", ">="):
            self._single()
            found = []
        return found

    def _single(self) -> list[str]:
        negated = False
        while self._sign("!"):
            negated = True
        if negated:
            self._operand()
            return []
        return self._operand()

    def _operand(self) -> list[str]:
        if self._sign("("):
            found = self.either()
            self._sign(")")
            return found
        if self.place >= len(self.tokens):
            return []
        kind, text = self.tokens[self.place]
        if kind != "name":
            self.place += kind in {"text", "number"}
            return []
        if text.lower() in {"true", "false", "null", "infinity", "nan"}:
            self.place += 1
            return []
        path, inner = self.path()
        return [path, *inner] if path else inner

    def path(self) -> tuple[str, list[str]]:
        """A context with what is looked up in it, or a function's call; and what its arguments read."""
        name = self.tokens[self.place][1]
        self.place += 1
        if self._sign("("):
            arguments: list[str] = []
            while self.place < len(self.tokens) and not self._sign(")"):
                before = self.place
                arguments += self.either()
                self._sign(",")
                if self.place == before:
                    self.place += 1
            if name.lower() in _SAFE_FUNCTIONS:
                arguments = []
            # `fromJSON(toJSON(x)).y` looks something up in the result, which stays as dangerous as what went in.
            self._looked_up([])
            return "", arguments
        parts = [name]
        computed = self._looked_up(parts)
        return ".".join(parts), computed

    def _looked_up(self, parts: list[str]) -> list[str]:
        computed: list[str] = []
        while True:
            if self._sign("."):
                if self.place < len(self.tokens):
                    parts.append(self.tokens[self.place][1])
                    self.place += 1
                continue
            if self._sign("["):
                kind, text = self.tokens[self.place] if self.place < len(self.tokens) else ("", "")
                if kind == "text" and self.tokens[self.place + 1 : self.place + 2] == [("sign", "]")]:
                    parts.append(text[1:-1])
                    self.place += 1
                elif kind == "sign" and text == "*":
                    parts.append("*")
                    self.place += 1
                else:
                    self.either()
                    parts.append("*")
                self._sign("]")
                continue
            return computed


def danger_of(path: str) -> Danger:
    """Who decides the value of a context by itself; `env`, `steps`, `needs`, `inputs` and `matrix` need the file to tell."""
    head, _, rest = path.partition(".")
    head = head.lower()
    if head in _SAFE_CONTEXTS:
        return Danger.NONE
    if head == "vars":
        return Danger.OWN
    if head != "github":
        return Danger.INDIRECT
    if not rest:
        return Danger.FREE
    lowered = f"github.{rest}"
    if _FREE.match(lowered):
        return Danger.FREE
    if _FIXED.match(lowered):
        return Danger.NONE
    return Danger.STRUCTURED
