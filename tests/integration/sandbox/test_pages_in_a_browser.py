"""The box's pages in a real browser: a person can work with them, hostile text stays text, and nothing leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tassist.sandbox import Box, Running, serve
from tassist.sandbox.issue_changes import add_comment, open_issue
from tassist.sandbox.labels import create_label
from tassist.sandbox.milestones import create_milestone
from tests.support import chromium
from tests.support.chromium import Chromium

REPO = "acme/shop"
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(2)</script>",
    "</title></h1><script>alert(3)</script>",
    '"><svg onload=alert(4)>',
    "javascript:alert(5)",
    "<style>@import 'http://example.com/a.css'</style>",
    "<iframe src=http://example.com></iframe><base href=http://example.com>",
    "<form action=http://example.com><button>free money</button></form>",
    "<meta http-equiv=refresh content='0;url=http://example.com'>",
    "![beacon](http://example.com/b.png) <a href=javascript:alert(6)>x</a>",
    "\u202egnp.exe \x1b[2J\x07 {{7*7}} ${7*7} %s %n",
)


@pytest.fixture
def running() -> Iterator[Running]:
    """A box with an organisation, whose owner acts on the pages."""
    box = Box.empty()
    box.settings.demo_user = "alice"
    box.organization("acme", owners=["alice"])
    from tassist.sandbox.repositories import create_repository

    with box.lock:
        create_repository(box, box.by("alice"), box.user("acme"), "shop")
    with serve(box) as found:
        yield found


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chromium]:
    """A browser with a profile of its own; the test is skipped where there is none."""
    with chromium.opened(tmp_path / "profile") as found:
        yield found


def require_inert(browser: Chromium, running: Running) -> None:
    """No script has run, and nothing has been asked of anybody but the box."""
    assert browser.dialogs == []
    assert {urlsplit(url).netloc for url in browser.requests} <= {urlsplit(running.url).netloc}


def test_a_person_opens_labels_comments_on_and_closes_an_issue(
    browser: Chromium, running: Running, tmp_path: Path
) -> None:
    create_milestone(running.box, running.box.by("alice"), running.box.repository(REPO), "Version 1")

    browser.goto(running.url)
    browser.submit(f"document.querySelector('a[href=\"/{REPO}/issues\"]').click()")
    browser.evaluate("document.querySelector('#title').value = 'Opened in a browser'")
    browser.evaluate("document.querySelector('#labels').value = 'bug, from the page'")
    browser.submit("document.querySelector('form button.main').click()")
    browser.submit("document.querySelector('form[action$=\"/label\"] button').click()")
    browser.evaluate("document.querySelector('form[action$=\"/milestone\"] select').selectedIndex = 1")
    browser.submit("document.querySelector('form[action$=\"/milestone\"] button').click()")
    browser.evaluate("document.querySelector('#comment').value = 'Seen'")
    browser.submit("document.querySelector('form[action$=\"/comment\"] button').click()")
    browser.submit("document.querySelector('form[action$=\"/close\"] button').click()")
    browser.screenshot(tmp_path / "issue.png")

    issue = running.box.issue(REPO, 1)
    assert issue.title == "Opened in a browser"
    assert {"bug", "from the page"} < {label.name for label in issue.labels}
    assert issue.milestone is not None
    assert issue.milestone.title == "Version 1"
    assert [comment.body for comment in issue.comments] == ["Seen"]
    assert issue.state == "closed"
    assert "Reopen issue" in browser.evaluate("document.body.innerText")
    assert (tmp_path / "issue.png").stat().st_size > 5_000
    assert browser.console == []
    require_inert(browser, running)


def test_h72_hostile_text_stays_text_wherever_it_is_shown(browser: Chromium, running: Running) -> None:
    box, by = running.box, running.box.by("alice")
    repo = box.repository(REPO)
    for hostile in HOSTILE:
        create_label(box, by, repo, hostile[:50])
        milestone = create_milestone(box, by, repo, hostile)
        issue = open_issue(box, by, repo, hostile, hostile, labels=[hostile[:50]], milestone=milestone)
        add_comment(box, by, issue, hostile)
    repo.description = HOSTILE[0]

    browser.goto(running.url)
    browser.goto(f"{running.url}/{REPO}/issues")
    titles = browser.evaluate("[...document.querySelectorAll('ul.rows a')].map(link => link.textContent)")
    assert titles == list(reversed(HOSTILE))
    for number, hostile in enumerate(HOSTILE, 1):
        browser.goto(f"{running.url}/{REPO}/issues/{number}")
        assert browser.evaluate("document.querySelector('h1').firstChild.textContent").strip() == hostile.strip()
        assert browser.evaluate("document.querySelector('#title').value") == hostile
        assert browser.evaluate("document.querySelectorAll('script, img, svg, iframe, base, main meta').length") == 0
        assert browser.evaluate(
            "[...document.forms].every(form => new URL(form.action).origin === location.origin)"
            " && [...document.links].every(link => link.origin === location.origin)"
        )

    assert browser.console == []
    require_inert(browser, running)


def test_the_policy_stops_a_script_that_got_in_anyway(browser: Chromium, running: Running) -> None:
    """The second wall, tried by putting markup into the page that escaping would have stopped."""
    browser.goto(running.url)

    browser.evaluate(
        'document.body.insertAdjacentHTML(\'beforeend\', \'<img src="http://example.com/x.png" onerror="alert(1)">'
        "<button id=b onclick=\"alert(2)\">b</button>'); document.querySelector('#b').click()"
    )
    browser.evaluate("new Promise(done => setTimeout(done, 50))")

    assert browser.dialogs == []
    assert browser.refused == ["http://example.com/x.png"]
    assert any("Content Security Policy" in line for line in browser.console)


@pytest.mark.parametrize(("width", "height"), [(320, 480), (1280, 800)])
def test_the_pages_fit_a_phone_and_a_desk(
    browser: Chromium, running: Running, tmp_path: Path, width: int, height: int
) -> None:
    box, by = running.box, running.box.by("alice")
    labels = ["a label", "x" * 50]
    open_issue(box, by, box.repository(REPO), "W" * 200, "x" * 500, labels=labels)
    browser.resize(width, height)

    for path in ("/", f"/{REPO}/issues", f"/{REPO}/issues/1"):
        browser.goto(running.url + path)
        assert browser.evaluate("document.documentElement.scrollWidth") <= width, path
        browser.screenshot(tmp_path / "page.png")
    require_inert(browser, running)
