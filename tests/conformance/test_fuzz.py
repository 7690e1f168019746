"""Requests nobody would send: never a 500, never a world GitHub could not be in, and a refusal changes nothing.

More examples by hand: `HYPOTHESIS_PROFILE=thorough pytest tests/conformance/test_fuzz.py`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tassist.sandbox import render
from tassist.sandbox.calls import ROUTES, Route
from tassist.sandbox.model import Repository
from tests.conformance.attempts import error_problems
from tests.conformance.stage import OTHER_REPO, OWNER, REPO, Stage, staged

EXAMPLES = 2500 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 150

_FIELDS = (
    *("title", "body", "labels", "milestone", "assignees", "assignee", "state", "state_reason", "name", "new_name"),
    *(
        "color",
        "description",
        "due_on",
        "permissions",
        "repositories",
        "repository_ids",
        "url",
        "content_type",
        "secret",
    ),
    *("insecure_ssl", "lock_reason", "sub_issue_id", "replace_parent", "after_id", "before_id", "message", "content"),
    *("sha", "branch", "encoding", "base_tree", "tree", "parents", "author", "committer", "ref", "force", "value"),
    *("private", "archived", "has_issues", "default_branch", "new_owner", "repository"),
)
_AWKWARD = (
    *("", " ", "\ud800", "a\x00b", "\u202egnp", "<LONG>", "bug", "BUG", "alice", "open", "closed", "main", "M1", "1"),
    *("9" * 400, "../..", "refs/heads/main", "refs/heads/\ud800", "2030-01-31T08:00:00Z", "0001-01-01T00:00:00+14:00"),
    *(
        "9999-12-31T23:59:59-14:00",
        "eA==",
        "http://[",
        "http://127.0.0.1:99999/",
        "0" * 40,
        "acme/depot",
        "json",
        "utf-8",
    ),
)
words = st.one_of(st.sampled_from(_AWKWARD), st.text(max_size=60))
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 12), st.integers(), st.floats(allow_nan=False), words, st.just(10**400)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_FIELDS) | words, inner, max_size=4),
    max_leaves=8,
)
bodies = st.one_of(st.dictionaries(st.sampled_from(_FIELDS), values, max_size=6), values)
callers = st.sampled_from(["bot"] * 8 + ["alice"] * 6 + ["reader", "nobody", "visitor", "anonymous", "forged", "app"])

# Bodies that are right, of which some fields are then left out or spoiled, so that requests get past the first check.
_RIGHT: dict[str, dict[str, Any]] = {
    "POST /issues": {"title": "T", "body": "B", "labels": ["bug", "fresh"], "milestone": 1, "assignees": ["alice"]},
    "PATCH /issues/{number}": {
        "title": "T",
        "body": "B",
        "labels": ["question"],
        "milestone": 2,
        "assignees": ["alice"],
        "state": "closed",
        "state_reason": "not_planned",
    },
    "POST /issues/{number}/labels": {"labels": ["bug", "question", "fresh"]},
    "PUT /issues/{number}/labels": {"labels": ["bug"]},
    "PUT /issues/{number}/lock": {"lock_reason": "spam"},
    "POST /issues/{number}/comments": {"body": "B"},
    "POST /issues/{number}/assignees": {"assignees": ["alice"]},
    "POST /issues/{number}/sub_issues": {"sub_issue_id": 2_400_002, "replace_parent": True},
    "DELETE /issues/{number}/sub_issue": {"sub_issue_id": 2_400_002},
    "PATCH /issues/{number}/sub_issues/priority": {"sub_issue_id": 2_400_002, "after_id": 2_400_003},
    "POST /labels": {"name": "L", "color": "d73a4a", "description": "D"},
    "PATCH /labels/{name}": {"new_name": "bug", "color": "d73a4a", "description": "D"},
    "POST /milestones": {"title": "M9", "state": "open", "description": "D", "due_on": "2030-01-31T08:00:00Z"},
    "PATCH /milestones/{milestone}": {"title": "M8", "state": "closed", "due_on": None, "description": "D"},
    "PUT /contents/{path:path}": {"message": "M", "content": "eA==", "branch": "main"},
    "DELETE /contents/{path:path}": {"message": "M", "sha": "0" * 40},
    "POST /git/blobs": {"content": "x", "encoding": "utf-8"},
    "POST /git/trees": {"tree": [{"path": "a/b", "mode": "100644", "type": "blob", "content": "x"}]},
    "POST /git/commits": {"message": "M", "tree": "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "parents": []},
    "POST /git/refs": {"ref": "refs/heads/x", "sha": "0" * 40},
    "POST /pulls": {"title": "T", "head": "x", "base": "main", "body": "B"},
    "PATCH /pulls/{number}": {"title": "T", "body": "B", "state": "closed"},
    "PUT /pulls/{number}/merge": {"sha": "0" * 40},
    "POST /actions/variables": {"name": "NAME_2", "value": "x"},
    "PATCH /actions/variables/{name}": {"name": "NAME_3", "value": "y"},
    "PATCH ": {"name": "depot", "description": "D", "private": False, "has_issues": True, "archived": False},
    "PATCH /app/hook/config": {"content_type": "json", "insecure_ssl": "0", "secret": "S"},
    "POST /app/installations/{installation}/access_tokens": {
        "permissions": {"issues": "read"},
        "repositories": ["shop"],
    },
}


@st.composite
def spoiled(draw: st.DrawFn, right: dict[str, Any]) -> dict[str, Any]:
    """A right body, or one with fields missing, of another kind, or too many."""
    body = dict(right)
    for name in right:
        match draw(st.integers(0, 9)):
            case 0:
                del body[name]
            case 1:
                body[name] = draw(values)
            case 2 if isinstance(body[name], list):
                body[name] = [*body[name], draw(values)]
            case _:
                pass
    return body


queries = st.dictionaries(
    st.sampled_from(
        ["page", "per_page", "state", "milestone", "labels", "since", "sort", "direction", "ref", "cursor", "recursive"]
    ),
    words,
    max_size=3,
)


def _is_for_good(route: Route) -> bool:
    """Whether it could take away what the other requests need."""
    return route.pattern == "/repos/{owner}/{repo}" or route.pattern.endswith(
        ("}/transfer", "/suspended", "{installation}")
    )


def mostly(known: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Something that exists, nine times of ten."""
    return st.integers(0, 9).flatmap(lambda chance: known if chance else words.filter(bool))


_FIRST = {"comment": 1_000_001, "event": 1_000_001, "delivery": 1_000_001, "installation": 40_001}
"""The first number of a kind where it is not 1; the first four of everything are not taken away."""
names = mostly(st.sampled_from(["bug", "BUG", "question", "NAME"]))
places = mostly(st.sampled_from(["heads/main", "main", "README.md", "folder/x"]))


def _quoted(text: str, safe: str = "") -> str:
    return quote(text.encode("utf-8", "replace"), safe=safe)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, str, bytes]:
    """Method, path with query, caller and body."""
    route = draw(st.sampled_from(ROUTES))
    segments = []
    for segment in route.pattern.split("/"):
        name = segment[1:-1].partition(":")[0] if segment.startswith("{") else ""
        match name:
            case "":
                segments.append(segment)
            case "owner" | "org":
                segments.append(draw(st.sampled_from([OWNER] * 18 + ["alice", "nowhere"])))
            case "repo":
                repos = [OTHER_REPO] if _is_for_good(route) else [REPO] * 18 + [OTHER_REPO, "nowhere"]
                segments.append(draw(st.sampled_from(repos)))
            case "name":
                segments.append(_quoted(draw(names)))
            case "ref" | "branch" | "sha" | "path":
                segments.append(_quoted(draw(places), safe="/"))
            case _:
                takes_away = _is_for_good(route) or (route.method == "DELETE" and route.pattern.endswith("}"))
                first = _FIRST.get(name, 1)
                known = st.integers(first + 4, first + 30) if takes_away else st.integers(first, first + 3)
                segments.append(_quoted(draw(mostly(known.map(str)))))
    query = urlencode({key: text.encode("utf-8", "replace") for key, text in draw(queries).items()})
    method = draw(st.sampled_from([route.method] * 30 + ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]))
    tail = route.pattern.removeprefix("/repos/{owner}/{repo}")
    right = _RIGHT.get(f"{route.method} {tail}", {})
    body = b""
    if method not in {"GET", "HEAD", "OPTIONS"}:
        match draw(st.integers(0, 9)):
            case 0:
                body = json.dumps(draw(bodies)).encode()
            case 1:
                body = draw(st.binary(max_size=30))
            case _:
                body = json.dumps(draw(spoiled(right))).encode()
    who = "app" if route.by_app and draw(st.integers(0, 3)) else draw(callers)
    return method, "/".join(segments) + (f"?{query}" if query else ""), who, body


def picture(stage: Stage) -> str:
    """Everything in the box that a request may change, as text."""
    world = stage.box.world
    shown: dict[str, Any] = {
        "apps": [(app.hook_url, app.webhook_secret, app.hook_content_type) for app in world.apps.values()],
        "installations": [render.installation(world, item) for item in world.installations.values()],
    }
    for repo in world.repositories.values():
        shown[repo.full_name] = [
            render.repository(world, repo),
            [render.label(world, repo, label) for label in repo.labels.values()],
            [render.milestone(world, repo, item) for item in repo.milestones.values()],
            [render.issue(world, issue, full=True) for issue in repo.issues.values()],
            [[event.id for event in issue.events] for issue in repo.issues.values()],
            [[comment.body for comment in issue.comments] for issue in repo.issues.values()],
            [[child.number for child in issue.sub_issues] for issue in repo.issues.values()],
            [(item.name, item.value) for item in repo.variables.values()],
            [(item.id, item.state) for item in repo.workflows.values()],
            repo.refs,
        ]
    return json.dumps(shown, default=str, sort_keys=True)


def require_sense(repo: Repository) -> None:
    """What must hold of any repository at any time."""
    for key, label in repo.labels.items():
        assert key == label.name.casefold()
        assert 1 <= len(label.name) <= 50
        assert len(label.color) == 6
    assert len({label.id for label in repo.labels.values()}) == len(repo.labels)
    titles = [milestone.title for milestone in repo.milestones.values()]
    assert len(set(titles)) == len(titles)
    assert max(repo.issues, default=0) < repo.next_issue
    for number, issue in repo.issues.items():
        assert issue.number == number
        assert issue.repo is repo
        assert len(issue.labels) == len({label.id for label in issue.labels}) <= 100
        assert all(repo.labels.get(label.name.casefold()) is label for label in issue.labels)
        assert issue.milestone is None or repo.milestones[issue.milestone.number] is issue.milestone
        assert (issue.state == "closed") == (issue.closed_at is not None)
        assert 1 <= len(issue.title) <= 256
        assert issue.title.strip()
        assert issue.parent is None or issue in issue.parent.sub_issues
        assert all(child.parent is issue for child in issue.sub_issues)
    for ref, sha in repo.refs.items():
        assert ref.startswith("refs/")
        assert repo.objects[sha].type == "commit"


@contextmanager
def stocked() -> Iterator[Stage]:
    """A stage with something of everything in it."""
    with staged() as stage:
        for number in range(4):
            stage.comment(stage.issue(labels=["bug"], milestone=stage.milestone(title=f"M{number}")))
        readme = {"message": "Begin", "content": "IyBTaG9w"}
        stage.want("PUT", f"{stage.root}/contents/README.md", json=readme)
        stage.want("POST", f"{stage.root}/actions/variables", json={"name": "NAME", "value": "x"})
        yield stage


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Stage]:
    """The stage every random request changes."""
    with stocked() as stage:
        yield stage


@pytest.fixture(scope="module")
def settled() -> Iterator[Stage]:
    """A stage that only refused requests are sent to, so that what they name is there, or is not, for certain."""
    with stocked() as stage:
        yield stage


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(request_=requests())
def test_no_request_breaks_the_box(fuzzed: Stage, request_: tuple[str, str, str, bytes]) -> None:
    method, path, who, body = request_
    body = body.replace(b"<LONG>", b"x" * 70_000)
    before = picture(fuzzed)

    headers = {"Content-Type": "application/json"} if body else {}
    answer = fuzzed.ask(method, path, who=who, content=body, headers=headers)

    after = picture(fuzzed)

    said = f"{method} {path[:200]} as {who}, {body[:300]!r}: {answer.status_code} {answer.text[:300]}"
    assert 200 <= answer.status_code < 500, said
    if answer.status_code >= 400 and method != "HEAD":
        assert error_problems(answer) == [], said
    if answer.status_code >= 400 or method in {"GET", "HEAD", "OPTIONS"}:
        assert after == before, f"refused, and yet: {said}"
    for repo in fuzzed.box.world.repositories.values():
        require_sense(repo)
    listed = fuzzed.want("GET", fuzzed.root, who="alice")
    opened = [issue for issue in fuzzed.box.repository(f"{OWNER}/{REPO}").issues.values() if issue.state == "open"]
    assert listed["open_issues_count"] == len(opened)
    fuzzed.tokens.pop("bot", None) if path.startswith("/installation/token") else None


@pytest.mark.parametrize(
    ("method", "tail", "body"),
    [
        ("PATCH", "/issues/1", {"title": "another", "labels": ["x" * 51]}),
        ("PATCH", "/issues/1", {"title": "another", "labels": [f"one of {number}" for number in range(101)]}),
        ("PATCH", "/issues/1", {"title": "x" * 257, "labels": ["unheard of"]}),
        ("PATCH", "/issues/1", {"title": "another", "milestone": 99}),
        ("PATCH", "/issues/1", {"title": "another", "assignees": ["nobody-of-that-name"]}),
        ("PATCH", "/issues/1", {"title": "another", "state": "ajar"}),
        ("POST", "/issues", {"title": "new", "labels": [f"one of {number}" for number in range(101)]}),
        ("POST", "/issues", {"title": "new", "labels": ["unheard of", "x" * 51]}),
        ("POST", "/issues", {"title": "new", "labels": ["unheard of"], "milestone": 99}),
        ("POST", "/issues/1/labels", {"labels": ["unheard of", "x" * 51]}),
        ("POST", "/issues/1/labels", {"labels": [f"one of {number}" for number in range(101)]}),
        ("PUT", "/issues/1/labels", {"labels": ["unheard of", "x" * 51]}),
        ("PATCH", "/labels/bug", {"new_name": "question", "color": "000000"}),
        ("PATCH", "/milestones/1", {"title": "M1", "state": "closed", "description": "x"}),
        ("PATCH", "/actions/variables/NAME", {"name": "OTHER", "value": "x" * 50_000}),
        ("PATCH", "", {"description": "another", "default_branch": "nowhere"}),
        ("PATCH", "", {"name": "depot", "description": "another"}),
    ],
)
def test_what_is_refused_is_not_half_done(settled: Stage, method: str, tail: str, body: dict[str, Any]) -> None:
    settled.want("PATCH", f"{settled.root}/issues/1", json={"title": "as it was"})
    before = picture(settled)

    answer = settled.ask(method, settled.root + tail, json=body)

    assert answer.status_code == 422, answer.text
    assert picture(settled) == before
