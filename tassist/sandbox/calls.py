"""One request as the handlers see it, what they answer, and the table of routes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tassist.sandbox.auth import Actor
from tassist.sandbox.errors import GitHubError, not_found, unprocessable
from tassist.sandbox.model import Issue, Repository, Role
from tassist.sandbox.world import World

if TYPE_CHECKING:
    from tassist.sandbox.box import Box


@dataclass(slots=True)
class Answer:
    """What a handler gives back; ``json`` of ``None`` with status 204 or 202 is an empty body."""

    json: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    links: str = ""


@dataclass(slots=True)
class Call:
    """One API request after authentication and routing."""

    box: Box
    method: str
    path: str
    """As asked, below the API's root."""
    params: dict[str, str]
    query: dict[str, str]
    headers: Mapping[str, str]
    raw: bytes
    actor: Actor
    request_id: str
    _repo: Repository | None = None

    @property
    def world(self) -> World:
        """The box's tables."""
        return self.box.world

    @property
    def now(self) -> datetime:
        """The time in the box."""
        return self.box.clock.now()

    @property
    def repo(self) -> Repository:
        """The repository the address names; the router has looked it up and checked the right to see it."""
        assert self._repo is not None
        return self._repo

    @repo.setter
    def repo(self, repo: Repository) -> None:
        self._repo = repo

    def number(self, name: str) -> int:
        """A number in the address; anything else is an address that does not exist."""
        text = self.params[name]
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise not_found()
        return int(text)

    def issue(self, name: str = "number") -> Issue:
        """The issue the address names.

        Raises:
            GitHubError: 404; 410 for a deleted one; 301 for a transferred one.
        """
        return find_issue(self, self.repo, self.number(name))

    def body(self) -> Body:
        """The JSON object that was sent."""
        if not self.raw.strip():
            return Body({})
        try:
            parsed = json.loads(self.raw)
        except (ValueError, RecursionError):
            raise GitHubError(400, "Problems parsing JSON") from None
        if not isinstance(parsed, dict):
            raise GitHubError(400, "Body should be a JSON object")
        return Body(parsed)


def find_issue(call: Call, repo: Repository, number: int) -> Issue:
    """An issue by number; see `Call.issue`."""
    issue = repo.issues.get(number)
    if issue is not None:
        return issue
    moved = repo.moved_issues.get(number)
    if moved is not None:
        target = f"{call.world.api_url}/repositories/{moved.repo.id}/issues/{moved.number}"
        status = 301 if call.method in {"GET", "HEAD"} else 307
        raise GitHubError(status, "Moved Permanently", headers={"Location": target}, extra={"url": target})
    if number in repo.deleted_issues:
        raise GitHubError(410, "This issue was deleted", docs="https://docs.github.com/v3/issues/#get-an-issue")
    raise not_found("https://docs.github.com/rest/issues/issues#get-an-issue")


_ABSENT = object()


class Body:
    """A JSON object with typed access; a value of the wrong kind is GitHub's 422."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def _typed(self, name: str, kinds: type | tuple[type, ...], word: str, *, required: bool, nullable: bool) -> Any:
        value = self.fields.get(name, _ABSENT)
        if value is _ABSENT:
            if required:
                raise unprocessable(f'Invalid request.\n\n"{name}" wasn\'t supplied.')
            return None
        if value is None and nullable:
            return None
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in _tuple(kinds)):
            shown = "nil" if value is None else json.dumps(value, ensure_ascii=False)[:100]
            raise unprocessable(f"Invalid request.\n\nFor 'properties/{name}', {shown} is not {word}.")
        return value

    def text(self, name: str, *, required: bool = False, nullable: bool = True) -> str | None:
        """A string."""
        value: str | None = self._typed(name, str, "a string", required=required, nullable=nullable)
        return value

    def must(self, name: str) -> str:
        """A string that has to be there."""
        value = self.text(name, required=True, nullable=False)
        assert value is not None
        return value

    def integer(self, name: str, *, required: bool = False) -> int | None:
        """A whole number."""
        value: int | None = self._typed(name, int, "an integer", required=required, nullable=True)
        return value

    def flag(self, name: str) -> bool | None:
        """True or false."""
        value: bool | None = self._typed(name, bool, "a boolean", required=False, nullable=True)
        return value

    def items(self, name: str, *, required: bool = False) -> list[Any] | None:
        """An array."""
        value: list[Any] | None = self._typed(name, list, "an array", required=required, nullable=True)
        return value

    def mapping(self, name: str) -> dict[str, Any] | None:
        """An object."""
        value: dict[str, Any] | None = self._typed(name, dict, "an object", required=False, nullable=True)
        return value

    def choice(self, name: str, allowed: tuple[str, ...]) -> str | None:
        """One of these words."""
        value = self.text(name)
        if value is not None and value not in allowed:
            raise unprocessable(
                f"Invalid request.\n\nFor 'properties/{name}', {value[:100]} is not a member of {list(allowed)}."
            )
        return value


def _tuple(kinds: type | tuple[type, ...]) -> tuple[type, ...]:
    return kinds if isinstance(kinds, tuple) else (kinds,)


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint: where, who may, and what answers."""

    method: str
    pattern: str
    handler: Handler
    needs: str = ""
    """The App permission, such as ``issues:write`` or ``issues|pull_requests:write``; empty: any token."""
    role: Role = "read"
    """The least role of a person."""
    by_app: bool = False
    """Only with an App's JSON web token."""
    sign_in: bool = False
    """Not for anonymous callers."""
    content: bool = False
    """Counts against the limit of content-creating requests."""
    when_archived: bool = False
    """A write that an archived repository still takes."""

    @property
    def segments(self) -> tuple[str, ...]:
        """The pattern, split; ``{name}`` takes one segment, ``{name:path}`` all that follow."""
        return tuple(self.pattern.strip("/").split("/"))

    @property
    def is_write(self) -> bool:
        """Whether it changes anything."""
        return self.method not in {"GET", "HEAD"}


ROUTES: list[Route] = []


def route(
    method: str,
    pattern: str,
    *,
    needs: str = "",
    role: Role = "read",
    by_app: bool = False,
    sign_in: bool | None = None,
    content: bool = False,
    when_archived: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a handler; a write needs a signed-in caller unless said otherwise."""

    def register(handler: Handler) -> Handler:
        must_sign_in = method != "GET" if sign_in is None else sign_in
        ROUTES.append(Route(method, pattern, handler, needs, role, by_app, must_sign_in, content, when_archived))
        return handler

    return register


class RouteTable:
    """Finds the route of a path, by method and number of segments first."""

    def __init__(self, routes: list[Route]) -> None:
        self._fixed: dict[tuple[str, int], list[tuple[tuple[str, ...], Route]]] = {}
        self._open: list[tuple[tuple[str, ...], Route]] = []
        for item in routes:
            segments = item.segments
            if segments[-1].endswith(":path}"):
                self._open.append((segments, item))
            else:
                self._fixed.setdefault((item.method, len(segments)), []).append((segments, item))
        for found in self._fixed.values():  # a spelled-out segment is stronger than a placeholder
            found.sort(key=lambda pair: sum(part.startswith("{") for part in pair[0]))

    def find(self, method: str, segments: list[str]) -> tuple[Route, dict[str, str]] | None:
        """The route and the values of its placeholders."""
        for pattern, item in self._candidates(method, len(segments)):
            params: dict[str, str] = {}
            for index, part in enumerate(pattern):
                if part.endswith(":path}"):
                    params[part[1:-6]] = "/".join(segments[index:])
                    return item, params
                if part.startswith("{"):
                    params[part[1:-1]] = segments[index]
                elif part != segments[index]:
                    break
            else:
                return item, params
        return None

    def _candidates(self, method: str, count: int) -> Iterator[tuple[tuple[str, ...], Route]]:
        yield from self._fixed.get((method, count), ())
        for pattern, item in self._open:
            if item.method == method and count >= len(pattern):
                yield pattern, item


_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


def is_repository_name(name: str) -> bool:
    """Whether GitHub would take it as a repository's name."""
    return bool(_NAME.fullmatch(name)) and name not in {".", ".."}
