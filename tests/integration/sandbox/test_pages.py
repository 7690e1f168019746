"""The pages: a person can do everything by forms, and nobody else can do it in their name."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from typing_extensions import override

from tests.integration.sandbox.conftest import World

ISSUES = "/acme-demo/storefront/issues"
HOSTILE = "<img src=x onerror=alert(1)>\"'</title><script>alert(2)</script>\x1b[2J\u202e"


@pytest.fixture
def browser(world: World) -> Iterator[httpx.Client]:
    client = httpx.Client(base_url=world.running.url, trust_env=False, verify=False, follow_redirects=True)
    with client:
        yield client


class Tags(HTMLParser):
    """Collects the elements and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def test_a_person_does_everything_by_forms(world: World, browser: httpx.Client) -> None:
    opened = browser.post(ISSUES, data={"title": "By hand", "body": "one\r\ntwo", "labels": "bug, track/sprint"})
    path = str(opened.url.path)
    browser.post(f"{path}/label", data={"name": "phase-1"})
    browser.post(f"{path}/unlabel", data={"name": "bug"})
    browser.post(f"{path}/milestone", data={"number": "2"})
    browser.post(f"{path}/comment", data={"body": "A comment"})
    browser.post(f"{path}/edit", data={"title": "By hand, better", "body": "three"})
    browser.post(f"{path}/close")
    page = browser.post(f"{path}/reopen")
    world.settle()

    issue = world.box.issue("acme-demo/storefront", 17)
    assert path == f"{ISSUES}/17"
    assert [label.name for label in issue.labels] == ["track/sprint", "phase-1"]
    assert (issue.title, issue.body, issue.state) == ("By hand, better", "three", "open")
    assert issue.milestone is not None
    assert issue.milestone.title == "Phase 2"
    assert page.status_code == 200
    assert world.inbox.events == [
        ("issues", "opened"), ("issues", "labeled"), ("issues", "labeled"), ("issues", "labeled"),
        ("issues", "unlabeled"), ("issues", "milestoned"), ("issue_comment", "created"), ("issues", "edited"),
        ("issues", "closed"), ("issues", "reopened"),
    ]  # fmt: skip
    assert {payload["sender"]["login"] for payload in world.inbox.payloads("issues")} == {"mira"}


def test_h72_text_from_outside_stays_text(world: World, browser: httpx.Client) -> None:
    with world.as_person("mira") as mira:
        repo = "/repos/acme-demo/storefront"
        number = mira.post(f"{repo}/issues", json={"title": HOSTILE, "body": HOSTILE}).json()["number"]
        mira.post(f"{repo}/issues/{number}/labels", json={"labels": ["<b onclick=x>"]})
        mira.post(f"{repo}/issues/{number}/comments", json={"body": HOSTILE})
        mira.post(f"{repo}/milestones", json={"title": '"><script>'})
        mira.patch(repo, json={"description": HOSTILE})
    plain = Tags(browser.get(f"{ISSUES}/2").text)
    for address in ("/", ISSUES, f"{ISSUES}/{number}", f"{ISSUES}?state={quote(HOSTILE)}"):
        page = browser.get(address)
        found = Tags(page.text)
        names = {name for name, _ in found.elements}
        assert not names & {"script", "img", "b", "iframe", "object"}, address
        assert not [attrs for _, attrs in found.elements if any(name.startswith("on") for name in attrs)]
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert page.headers["x-frame-options"] == "DENY"
    assert {name for name, _ in plain.elements} >= {"form", "select", "textarea"}


def test_a_page_asks_for_nothing_from_elsewhere(browser: httpx.Client) -> None:
    for address in ("/", ISSUES, f"{ISSUES}/2", "/apps/task-assistant"):
        for name, attrs in Tags(browser.get(address).text).elements:
            assert name not in {"link", "script", "img", "iframe"}
            target = attrs.get("src") or attrs.get("href") or attrs.get("action") or "/"
            assert target.startswith(("/", "?")), (name, target)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Referer": "http://evil.example/page"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_a_form_of_another_site_is_refused(world: World, browser: httpx.Client, headers: dict[str, str]) -> None:
    answer = browser.post(f"{ISSUES}/2/close", headers=headers)

    assert answer.status_code == 403
    assert world.box.issue("acme-demo/storefront", 2).state == "open"


def test_a_form_of_the_box_itself_is_taken(world: World, browser: httpx.Client) -> None:
    own = {"Origin": world.running.url, "Sec-Fetch-Site": "same-origin"}

    assert browser.post(f"{ISSUES}/2/close", headers=own).status_code == 200
    assert world.box.issue("acme-demo/storefront", 2).state == "closed"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "127.0.0.1.evil.example", ""])
def test_h69_under_another_name_nothing_is_answered(browser: httpx.Client, host: str) -> None:
    assert browser.get("/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    ("method", "path", "send", "status"),
    [
        ("GET", "/nobody/nothing", {}, 404),
        ("GET", f"{ISSUES}/999", {}, 404),
        ("GET", f"{ISSUES}/x", {}, 404),
        ("PUT", ISSUES, {}, 405),
        ("POST", f"{ISSUES}/2/explode", {"data": {"a": "b"}}, 404),
        ("POST", f"{ISSUES}/2/label", {"data": {"name": "x" * 51}}, 422),
        ("POST", ISSUES, {"data": {"title": " "}}, 422),
        ("POST", ISSUES, {"json": {"title": "x"}}, 415),
        ("POST", ISSUES, {"data": {"body": "x" * 1_100_000}}, 413),
        ("GET", "/../../etc/passwd", {}, 404),
        ("GET", "/%2e%2e/%00", {}, 404),
    ],
)
def test_what_cannot_be_done_is_said_on_a_page(
    world: World, browser: httpx.Client, method: str, path: str, send: dict[str, Any], status: int
) -> None:
    before = world.box.world.changes
    answer = browser.request(method, path, **send)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "Nothing was changed" in answer.text or "<li>" in answer.text
    assert world.box.world.changes == before
