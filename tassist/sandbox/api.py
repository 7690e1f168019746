"""The REST API as one function: from method, address, headers and body to status, headers and body.

Everything here runs under the box's lock, one request after the other, so that a handler sees a world that stands still.
"""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from typing_extensions import override

from tassist.log import get_logger, log_event
from tassist.sandbox import (  # noqa: F401 - imported for their routes
    actions,
    apps,
    comments,
    contents,
    git_data,
    issues,
    labels,
    milestones,
    places,
    pull_requests,
    repositories,
    sub_issues,
    timeline,
)
from tassist.sandbox.auth import Actor, authenticate
from tassist.sandbox.calls import ROUTES, Answer, Call, Route, RouteTable
from tassist.sandbox.errors import GitHubError, archived, bad_credentials, must_have, not_accessible, not_found
from tassist.sandbox.faults import Fault, Kind
from tassist.sandbox.limits import secondary
from tassist.sandbox.model import ROLES, Repository
from tassist.sandbox.requests import Request

if TYPE_CHECKING:
    from tassist.sandbox.box import Box

_log = get_logger("sandbox")

VERSIONS = ("2022-11-28", "2026-03-10")
"""Source: https://docs.github.com/en/rest/about-the-rest-api/api-versions"""

_OPEN_IN_PRIVATE = ("/app-manifests/{code}/conversions",)
"""What a stranger may ask of an Enterprise Server in private mode: a manifest's code says itself who asks."""


@dataclass(slots=True)
class Asked:
    """A request as it came in."""

    method: str
    path: str
    """Below the API's root, still encoded."""
    query: str
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes
    arrived: int = 1
    """How many requests are under way, this one included."""


@dataclass(slots=True)
class Reply:
    """What goes back."""

    status: int
    headers: dict[str, str]
    body: bytes
    cut: bool = False
    """Cut the connection instead of answering."""
    truncated: bool = False
    """Announce all of the body and send half."""
    drip_s: float = 0.0
    """Send the body in pieces over so many seconds."""


@dataclass(slots=True)
class _Stale:
    """An answer as it was before a write."""

    reply: Answer | GitHubError
    reads: int | None
    until: Any


@dataclass(slots=True)
class _Progress:
    """What is known of a request as it goes on, for the headers and the log."""

    request_id: str
    actor: Actor | None = None
    route: Route | None = None
    repo: Repository | None = None
    query: dict[str, str] = field(default_factory=dict)


class Api:
    """Answers requests on the box's world."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._table = RouteTable(ROUTES)
        self._stale: dict[str, _Stale] = {}
        box.faults.on_clear = self._stale.clear

    def canonical(self, path: str) -> str:
        """The path with the repository's name where it came by id, for matching faults."""
        segments = path.strip("/").split("/")
        if len(segments) >= 2 and segments[0] == "repositories" and segments[1].isdigit():
            repo = self._box.world.repositories.get(int(segments[1]))
            if repo is not None:
                return "/" + "/".join(["repos", repo.full_name, *segments[2:]])
        return path

    def answer(self, asked: Asked, faults: list[Fault]) -> Reply:
        """Do what was asked, or what the faults do instead."""
        box = self._box
        progress = _Progress(_request_id())
        by_kind = {fault.kind: fault for fault in faults}
        changes = box.world.changes
        if "reset" in by_kind:
            reply = Reply(0, {}, b"", cut=True)
        else:
            reply = self._reply(asked, progress, by_kind.get("limit") or by_kind.get("answer"))
            reply = _spoil(reply, by_kind)
        box.requests.add(
            Request(
                asked.method,
                unquote(asked.path),
                asked.query,
                progress.route.pattern if progress.route else "",
                0 if reply.cut else reply.status,
                progress.actor.kind if progress.actor else "anonymous",
                progress.actor.limit_key if progress.actor else "",
                box.clock.now(),
                box.world.changes != changes,
                asked.body[:65_536],
            )
        )
        return reply

    def _reply(self, asked: Asked, progress: _Progress, fault: Fault | None) -> Reply:
        box = self._box
        try:
            outcome: Answer | GitHubError = self._carry_out(asked, progress, fault)
        except GitHubError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 - a bug of the box looks like one of GitHub's, and is kept for the test
            box.bugs.append(error)
            log_event(_log, "sandbox-bug", "the box could not answer", level=logging.ERROR, error=repr(error))
            outcome = GitHubError(500, "Server Error")
        headers = {
            "Server": "github.com",
            "Date": format_datetime(box.clock.now(), usegmt=True),
            "Content-Type": "application/json; charset=utf-8",
            "Cache-Control": "private, max-age=60, s-maxage=60",
            "Vary": "Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, Accept, X-Requested-With",
            "X-GitHub-Media-Type": "github.v3; format=json",
            "X-GitHub-Api-Version-Selected": _version(asked) or VERSIONS[0],
            "X-GitHub-Request-Id": progress.request_id,
            "X-Content-Type-Options": "nosniff",
            "Access-Control-Expose-Headers": "ETag, Link, Location, Retry-After, X-RateLimit-Limit, X-RateLimit-Reset",
        }
        if progress.route is not None and progress.route.needs and progress.actor and progress.actor.app:
            names, _, level = progress.route.needs.partition(":")
            headers["X-Accepted-GitHub-Permissions"] = "; ".join(f"{name}={level}" for name in names.split("|"))
        if isinstance(outcome, GitHubError):
            body = _dump(outcome.body())
            status = outcome.status
            headers |= outcome.headers
        else:
            body = b"" if outcome.json is None else _dump(outcome.json)
            status = outcome.status
            headers |= outcome.headers
            if outcome.links:
                headers["Link"] = outcome.links
            if asked.method in {"GET", "HEAD"} and status == 200:
                headers["ETag"] = f'W/"{hashlib.sha256(body).hexdigest()}"'
                if _matches(asked.headers.get("if-none-match"), headers["ETag"]):
                    status, body = 304, b""
                    if progress.actor is not None:
                        box.limits.give_back(progress.actor)
        if progress.actor is not None and not (isinstance(outcome, GitHubError) and outcome.status == 401):
            headers |= {**box.limits.headers(progress.actor), **headers}
        if not body:
            headers.pop("Content-Type")
        return Reply(status, headers, b"" if asked.method == "HEAD" else body)

    def _carry_out(self, asked: Asked, progress: _Progress, fault: Fault | None) -> Answer:
        box, world = self._box, self._box.world
        if not asked.headers.get("user-agent"):
            raise GitHubError(
                403,
                "Request forbidden by administrative rules. Please make sure your request has a User-Agent header"
                " (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required).",
            )
        version = asked.headers.get("x-github-api-version")
        if version is not None and version not in VERSIONS:
            raise GitHubError(400, f"{version[:40]} is not a supported API version.")
        if fault is not None and fault.kind == "answer":
            raise _InsteadError(fault)
        actor = progress.actor = authenticate(world, asked.headers.get("authorization"))
        if fault is not None:
            raise _limit(fault, self._box, actor, progress.request_id)
        progress.query = dict(parse_qsl(asked.query, keep_blank_values=True))
        path, repo = self._resolve(asked.path)
        found = self._table.find("GET" if asked.method == "HEAD" else asked.method, path)
        content = found is not None and found[0].content
        is_rate_limit = path == ["rate_limit"]
        if not is_rate_limit:
            box.limits.in_flight = asked.arrived
            box.limits.check(actor, asked.method, content=content, request_id=progress.request_id)
        if found is None:
            raise not_found()
        route, params = found
        progress.route = route
        call = Call(
            box,
            asked.method,
            "/" + asked.path.strip("/"),
            params,
            progress.query,
            asked.headers,
            asked.body,
            actor,
            progress.request_id,
        )
        if route.by_app and actor.kind != "app":
            raise GitHubError(401, "A JSON web token could not be decoded")
        if actor.kind == "app" and not route.by_app and not asked.path.startswith(("/apps/", "/rate_limit", "/meta")):
            raise bad_credentials()
        if actor.kind == "anonymous":
            if self._box.settings.private_mode and route.pattern not in _OPEN_IN_PRIVATE:
                raise GitHubError(401, "Must authenticate to access this API.")
            if route.sign_in:
                raise GitHubError(401, "Requires authentication")
        if "repo" in params and "owner" in params:
            call.repo = progress.repo = repo or self._find_repository(asked, params)
            self._check_rights(call, route)
        answer = self._with_lag(asked, call, route)
        if version == "2026-03-10":
            answer.json = _without_assignee(answer.json)
        return answer

    def _resolve(self, raw: str) -> tuple[list[str], Repository | None]:
        """The path's segments, with the repository's name in place of its id."""
        segments = [unquote(part) for part in raw.strip("/").split("/")]
        if len(segments) < 2 or segments[0] != "repositories":
            return segments, None
        number = segments[1]
        repo = self._box.world.repositories.get(int(number)) if number.isdigit() and len(number) < 18 else None
        if repo is None:
            raise not_found()
        return ["repos", repo.owner.login, repo.name, *segments[2:]], repo

    def _find_repository(self, asked: Asked, params: dict[str, str]) -> Repository:
        """The repository of that name, or the way to where it is now."""
        world = self._box.world
        repo = world.repository(params["owner"], params["repo"])
        if repo is not None:
            return repo
        moved = world.former(params["owner"], params["repo"])
        if moved is None:
            raise not_found()
        rest = asked.path.strip("/").split("/")[3:]
        target = "/".join([f"{world.api_url}/repositories/{moved.id}", *rest])
        target += f"?{asked.query}" if asked.query else ""
        status, message = (301, "Moved Permanently") if asked.method in {"GET", "HEAD"} else (307, "Temporary Redirect")
        raise GitHubError(status, message, headers={"Location": target}, extra={"url": target})

    def _check_rights(self, call: Call, route: Route) -> None:
        """What the token, or the person, may do in this repository.

        Raises:
            GitHubError: 404 where it may not be seen, 403 where it may not be done.
        """
        actor, repo = call.actor, call.repo
        if actor.kind == "app":
            if call.world.installation_of(actor.app, repo.owner) is None and repo.private:  # type: ignore[arg-type]  # an App's token has its App
                raise not_found()
            return
        if actor.kind == "installation":
            reaches = actor.reaches(repo)
            if not reaches and repo.private:
                raise not_found()
            # What anybody may read, every token may read.
            is_public = not repo.private and not route.is_write and route.role == "read"
            name, _, level = route.needs.partition(":")
            if not is_public and (not reaches or (route.needs and not actor.may(name, level))):
                raise not_accessible()
        else:
            role = call.world.role(actor.user, repo)
            if role is None:
                raise not_found()
            if ROLES.index(role) < ROLES.index(route.role):
                raise must_have("admin")
        if repo.archived and route.is_write and not route.when_archived:
            raise archived()

    # replica lag

    def _with_lag(self, asked: Asked, call: Call, route: Route) -> Answer:
        lag = self._box.faults.lag
        if lag is None:
            return route.handler(call)
        path = self.canonical("/" + asked.path.strip("/"))
        if not route.is_write:
            stale = self._stale.get(path)
            if stale is not None and self._is_behind(path, stale):
                if isinstance(stale.reply, GitHubError):
                    raise stale.reply
                return stale.reply
            return route.handler(call)
        return self._remember(path, call, route)

    def _is_behind(self, path: str, stale: _Stale) -> bool:
        if stale.until is not None and self._box.clock.now() >= stale.until:
            del self._stale[path]
            return False
        if stale.reads is not None:
            if stale.reads <= 0:
                del self._stale[path]
                return False
            stale.reads -= 1
        return True

    def _remember(self, path: str, call: Call, route: Route) -> Answer:
        """Carry out a write, and keep what its surroundings looked like before."""
        parts = path.strip("/").split("/")
        before = {
            "/" + "/".join(parts[:count]): self._look("/" + "/".join(parts[:count]), call)
            for count in range(5, len(parts) + 1)
        }
        answer = route.handler(call)
        created = answer.headers.get("Location", "")
        if created:
            before[created.removeprefix(call.world.api_url)] = not_found()
        lag = self._box.faults.lag
        assert lag is not None
        until = None if lag.seconds is None else self._box.clock.now() + timedelta(seconds=lag.seconds)
        for where, reply in before.items():
            if reply is not None and Fault("answer", path=lag.path).matches("GET", where):
                self._stale[where] = _Stale(reply, lag.reads, until)
        return answer

    def _look(self, path: str, call: Call) -> Answer | GitHubError | None:
        found = self._table.find("GET", [unquote(part) for part in path.strip("/").split("/")])
        if found is None:
            return None
        look = Call(call.box, "GET", path, found[1], {}, call.headers, b"", call.actor, call.request_id, call.repo)
        try:
            return found[0].handler(look)
        except GitHubError as error:
            return error


class _InsteadError(GitHubError):
    """A fault's own answer."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.status, "", headers=fault.headers)
        self._json = fault.json
        self.text = fault.text

    @override
    def body(self) -> Any:
        return self.text.encode() if self.text else self._json


def _limit(fault: Fault, box: Box, actor: Actor, request_id: str) -> GitHubError:
    if fault.text == "rate-primary":
        reset = int(box.clock.now().timestamp()) + 1800
        headers = {
            "X-RateLimit-Limit": "5000",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Used": "5000",
            "X-RateLimit-Reset": str(reset),
        }
        whose = actor.limit_key.replace("installation", "installation ID")
        return GitHubError(fault.status, f"API rate limit exceeded for {whose}.", headers=headers)
    if fault.status == 429:
        return secondary(box.world, request_id, status=429, retry_after=fault.headers.get("Retry-After"))
    retry_after = None if fault.text == "secondary-without-retry-after" else "60"
    return secondary(box.world, request_id, status=403, retry_after=retry_after)


def _spoil(reply: Reply, by_kind: Mapping[Kind, Fault]) -> Reply:
    if "lost-answer" in by_kind:
        reply.cut = True
    if "html" in by_kind:
        reply.status, reply.body = 200, by_kind["html"].text.encode()
        reply.headers["Content-Type"] = "text/html; charset=utf-8"
    if "empty" in by_kind:
        reply.status, reply.body = 200, b""
    if "drip" in by_kind:
        reply.drip_s = by_kind["drip"].seconds
    if "truncate" in by_kind:
        reply.truncated = True
    return reply


def _dump(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _matches(header: str | None, etag: str) -> bool:
    if header is None:
        return False
    wanted = {part.strip().removeprefix("W/") for part in header.split(",")}
    return "*" in wanted or etag.removeprefix("W/") in wanted


def _version(asked: Asked) -> str | None:
    version = asked.headers.get("x-github-api-version")
    return version if version in VERSIONS else None


def _without_assignee(value: Any) -> Any:
    """Version 2026-03-10 has ``assignees`` only."""
    if isinstance(value, list):
        return [_without_assignee(item) for item in value]
    if isinstance(value, dict) and "assignees" in value:
        return {key: item for key, item in value.items() if key != "assignee"}
    return value


def _request_id() -> str:
    text = uuid.uuid4().hex.upper()
    return f"{text[:4]}:{text[4:10]}:{text[10:17]}:{text[17:24]}:{text[24:32]}"
