"""One request of the conformance table, how it is performed, and what was found.

An attempt names an endpoint as the box's route table spells it; what the address's placeholders stand for is made
fresh for each attempt unless the attempt says otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
from typing_extensions import override

from tassist.sandbox.calls import ROUTES, Route
from tests.conformance.stage import OWNER, REPO, Stage
from tests.support import conformance

Make = Callable[[Stage], Any]


@dataclass(frozen=True)
class Attempt:
    """A request and the status GitHub documents for it."""

    endpoint: str
    """Method and pattern: `POST /repos/{owner}/{repo}/issues`."""
    status: int
    says: str
    body: Any = None
    """JSON to send, or a function of the stage that makes it."""
    at: Mapping[str, Any] = field(default_factory=dict)
    """What placeholders stand for: values, or functions of the stage."""
    who: str = ""
    """Who asks, see `Stage.token`; empty: the App for its own endpoints, else the installation."""
    query: str = ""
    raw: bytes | None = None
    """Bytes to send in place of JSON."""
    before: Make | None = None
    """Brings about what the attempt needs."""
    after: Make | None = None
    """Puts back what `before` did."""
    is_text: bool = False
    """Plain text is answered in place of JSON."""

    @override
    def __str__(self) -> str:
        return f"{self.endpoint} {self.status} {self.says}"


@dataclass(frozen=True)
class Finding:
    """What came of an attempt."""

    attempt: Attempt
    status: int
    problems: tuple[str, ...]


_JSON, _TEXT = "application/json; charset=utf-8", "text/plain;charset=utf-8"

# What a placeholder stands for where an attempt does not say.
MAKERS: dict[str, Any] = {"owner": OWNER, "repo": REPO}


def route_named(endpoint: str) -> Route:
    """The box's route of that endpoint."""
    method, _, pattern = endpoint.partition(" ")
    return next(route for route in ROUTES if (route.method, route.pattern) == (method, pattern))


_SPELLED = {"GET /repos/{owner}/{repo}/contents": "GET /repos/{owner}/{repo}/contents/{path}"}
"""Where the box has a route of its own for what GitHub describes under another: the root folder is the empty path."""


def described(endpoint: str) -> conformance.Operation | None:
    """GitHub's description of an endpoint."""
    method, _, pattern = _SPELLED.get(endpoint, endpoint).partition(" ")
    return conformance.operation(method, pattern)


def _made(stage: Stage, value: Any) -> Any:
    return value(stage) if callable(value) else value


def address(stage: Stage, attempt: Attempt) -> str:
    """The path to ask for, every placeholder replaced."""
    method, _, pattern = attempt.endpoint.partition(" ")
    segments = []
    for segment in pattern.split("/"):
        if not segment.startswith("{"):
            segments.append(segment)
            continue
        name, _, kind = segment[1:-1].partition(":")
        value = attempt.at.get(
            name, MAKERS.get(f"{method} {pattern} {name}", MAKERS.get(f"{pattern} {name}", MAKERS.get(name)))
        )
        assert value is not None, f"nothing stands for {{{name}}} in {attempt.endpoint}"
        segments.append(quote(str(_made(stage, value)), safe="/" if kind == "path" else ""))
    return "/".join(segments) + (f"?{attempt.query}" if attempt.query else "")


def perform(stage: Stage, attempt: Attempt) -> httpx.Response:
    """Send the request of an attempt."""
    method = attempt.endpoint.partition(" ")[0]
    if attempt.before:
        attempt.before(stage)
    try:
        path, body = address(stage, attempt), _made(stage, attempt.body)
        send: dict[str, Any] = {}
        if attempt.raw is not None:
            send = {"content": attempt.raw, "headers": {"Content-Type": "application/json"}}
        elif body is not None:
            send = {"json": body}
        return stage.ask(method, path, who=attempt.who or _usual(attempt.endpoint), **send)
    finally:
        if attempt.after:
            attempt.after(stage)


def _usual(endpoint: str) -> str:
    return "app" if route_named(endpoint).by_app else "bot"


def examine(stage: Stage, attempt: Attempt) -> Finding:
    """Perform an attempt and hold its status, headers and body against GitHub's description."""
    try:
        answer = perform(stage, attempt)
    except AssertionError as error:
        return Finding(attempt, 0, (f"could not be tried: {error}",))
    problems = []
    if answer.status_code != attempt.status:
        problems.append(f"{answer.status_code} in place of {attempt.status}: {answer.text[:200]}")
    problems += header_problems(answer)
    operation = described(attempt.endpoint)
    if operation is not None and attempt.is_text:
        problems += [] if answer.text.strip() else ["no text"]
    elif operation is not None:
        problems += _body_problems(operation, answer)
    if answer.status_code >= 400:
        problems += error_problems(answer)
    return Finding(attempt, answer.status_code, tuple(problems))


def _body_problems(operation: conformance.Operation, answer: httpx.Response) -> list[str]:
    """What contradicts the description in a body.

    The description's list of an issue's kinds of event has no `closed` and no `reopened`, among others; such entries
    are held against the general form of an event, that of the same list for a whole repository.
    """
    status = answer.status_code
    if operation.name != "issues/list-events" or status != 200:
        return conformance.answer_problems(operation, status, answer.content)
    general = conformance.operation("GET", "/repos/{owner}/{repo}/issues/events")
    assert general is not None
    known = conformance.literals(operation.answer, "event")
    events = answer.json()
    listed = [event for event in events if event["event"] in known]
    others = [event for event in events if event["event"] not in known]
    return [
        *conformance.answer_problems(operation, status, json.dumps(listed).encode()),
        *conformance.answer_problems(general, status, json.dumps(others).encode()),
    ]


def header_problems(answer: httpx.Response) -> list[str]:
    """What in an answer's headers is not as GitHub's are.

    Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#checking-the-status-of-your-rate-limit
    """
    headers, found = answer.headers, []
    if answer.content and headers.get("content-type") not in {_JSON, _TEXT}:
        found.append(f"content-type is {headers.get('content-type')!r}")
    found += [
        f"header {name} is missing"
        for name in ("date", "x-github-request-id", "x-github-media-type", "x-github-api-version-selected")
        if name not in headers
    ]
    if headers.get("x-github-api-version-selected", conformance.API_VERSION) != conformance.API_VERSION:
        found.append("x-github-api-version-selected is not the version asked for")
    if answer.status_code == 401:
        return found  # nobody's budget was touched
    figures = {}
    for name in ("limit", "remaining", "used", "reset"):
        text = headers.get(f"x-ratelimit-{name}", "")
        if not text.isdigit():
            found.append(f"x-ratelimit-{name} is {text!r}")
        else:
            figures[name] = int(text)
    if len(figures) == 4 and figures["limit"] != figures["remaining"] + figures["used"]:
        found.append(f"x-ratelimit figures do not add up: {figures}")
    if answer.status_code == 200 and answer.request.method == "GET" and "etag" not in headers:
        found.append("a GET answered 200 has no etag")
    return found


def error_problems(answer: httpx.Response) -> list[str]:
    """What every error body of GitHub's has beyond what its description demands."""
    try:
        body = json.loads(answer.content)
    except ValueError:
        return ["an error's body is not JSON"]
    found = []
    if not isinstance(body, dict) or not str(body.get("message", "")).strip():
        return ["an error has no message"]
    if not str(body.get("documentation_url", "")).startswith("https://docs.github.com/"):
        found.append("an error names no page of the documentation")
    if body.get("status") != str(answer.status_code):
        found.append(f"an error's status says {body.get('status')!r}")
    return found
