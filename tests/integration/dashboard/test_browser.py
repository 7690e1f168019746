"""The site in a real browser: no request, no error, no accessibility fault, by keyboard, without JavaScript, at every size."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tassist.dashboard.make import make
from tassist.dashboard.reading import read
from tassist.dashboard.site.build import site
from tests.integration.dashboard.test_site import HOSTILE, hostile
from tests.support.chromium import installed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

pytestmark = pytest.mark.serial
ROOT = Path(__file__).parents[3]
PAGES = (
    "index.html",
    "records.html",
    "acme/orbit/index.html",
    "acme/orbit/issues.html",
    "acme/orbit/records.html",
    "acme/orbit/track-sprint.html",
    "rules.html",
    "service.html",
    "migration.html",
    "data.html",
    "figures.html",
)


def write(root: Path, out: Path) -> Path:
    for name, content in site(make(read(root))).items():
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return out


@pytest.fixture(scope="module")
def pages(months: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(months, tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def browser(months: Path) -> Iterator[Browser]:
    # An open browser's loop runs in this thread, and whoever makes the months needs one of its own: they are made before.
    del months
    program = installed()
    if program is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


class Watched:
    """A page, what it asked for and what it complained about."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.page: Page = browser.new_page(**options)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._closed)

    def _closed(self, dialog: Dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def goto(self, file: Path) -> Page:
        self.page.goto(file.as_uri())
        return self.page


def test_no_page_sends_a_request_or_complains(browser: Browser, pages: Path) -> None:
    watched = Watched(browser)
    for name in PAGES:
        watched.goto(pages / name)

    assert watched.requests == [(pages / name).as_uri() for name in PAGES]
    assert watched.complaints == []
    watched.page.close()


@pytest.mark.parametrize("kind", HOSTILE)
def test_h72_hostile_telemetry_runs_nothing_and_asks_for_nothing(browser: Browser, tmp_path: Path, kind: str) -> None:
    out = write(hostile(tmp_path / "t", [HOSTILE[kind]]), tmp_path / "site")
    watched = Watched(browser)
    files = sorted(out.rglob("*.html"))
    for file in files:
        use(watched.goto(file))
    read_plainly = sorted(out.rglob("*.json"))
    for file in read_plainly:
        watched.goto(file)

    assert len(files) > 8
    assert watched.requests == [file.as_uri() for file in [*files, *read_plainly]]
    assert watched.complaints == []
    watched.page.close()


_USE = """
() => {
  document.querySelectorAll("th button").forEach((one) => one.click());
  document.querySelectorAll("input[type=search]").forEach((one) => ["<b>", ""].forEach((text) => {
    one.value = text;
    one.dispatchEvent(new Event("input"));
  }));
  document.querySelectorAll("details").forEach((one) => (one.open = true));
  document.querySelectorAll("figure.chart svg").forEach((one) => {
    one.focus();
    one.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
  });
  location.hash = "%E0%A4%A"; // no text in UTF-8
  ["beforeprint", "afterprint", "hashchange"].forEach((name) => dispatchEvent(new Event(name)));
  document.querySelector("header button").click();
  return [...document.querySelectorAll("a")].map((one) => new URL(one.href).protocol);
}
"""


def use(page: Page) -> None:
    """Everything a person can do on a page: what the script then shows comes from outside, too."""
    assert set(page.evaluate(_USE)) <= {"file:", "https:"}
    assert page.locator("img, iframe, object, embed, base, form, template").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, pages: Path, scheme: Any) -> None:
    axe = Path(os.environ.get("TASSIST_AXE", str(ROOT / ".axe/node_modules/axe-core/axe.min.js")))
    if not axe.is_file():
        pytest.skip("axe-core is not there: npm install --prefix .axe axe-core")
    page = browser.new_page(color_scheme=scheme, bypass_csp=True)
    found = []
    for name in PAGES:
        page.goto((pages / name).as_uri())
        page.evaluate(axe.read_text())
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found += [
            (name, fault["id"], fault["nodes"][0]["html"][:150], fault["nodes"][0].get("failureSummary", "")[:200])
            for fault in result["violations"]
        ]

    assert found == []
    page.close()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_page(browser: Browser, pages: Path, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    for name in PAGES:
        page.goto((pages / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    page.close()


def test_words_of_a_chart_are_large_enough_to_read_and_lie_side_by_side(browser: Browser, pages: Path) -> None:
    for width in (320, 390, 1280):
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.goto((pages / "index.html").as_uri())
        boxes = page.evaluate(
            """() => [...document.querySelectorAll("figure.chart svg .x")].map((axis) =>
              [...axis.querySelectorAll("text")].map((one) => one.getBoundingClientRect()).map((box) => [box.left, box.right, box.height]))"""
        )
        sizes = page.evaluate(
            """() => [...document.querySelectorAll("figure.chart svg")].map((svg) =>
              parseFloat(getComputedStyle(svg.querySelector("text")).fontSize) * svg.getBoundingClientRect().width / 520)"""
        )

        assert min(sizes) > 6.4, width
        for axis in boxes:
            assert len(axis) > 2
            assert all(right < left for (_, right, _), (left, _, _) in itertools.pairwise(sorted(axis))), width
        page.close()


def test_without_javascript_every_figure_row_and_chart_is_there(browser: Browser, pages: Path) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto((pages / "acme/orbit/issues.html").as_uri())
    rows = page.locator("table[data-table] tbody tr").count()
    page.goto((pages / "index.html").as_uri())

    assert rows > 25, "nothing is paged away"
    assert page.locator(".tile .v").first.is_visible()
    assert page.locator("figure.chart svg").count() == 4
    assert page.locator("button").count() == 0, "nothing is shown that would do nothing"
    page.locator("figure.chart summary").first.click()
    assert page.locator("figure.chart table").first.is_visible()
    page.close()


def test_a_table_is_sorted_filtered_and_paged_by_keyboard_alone(browser: Browser, pages: Path) -> None:
    page = browser.new_page()
    page.goto((pages / "acme/orbit/issues.html").as_uri())
    status = page.locator(".tools [role=status]")
    total = int((status.text_content() or "").rpartition(" ")[2])

    page.get_by_role("button", name="Next").focus()
    page.keyboard.press("Enter")
    assert (status.text_content() or "").startswith("26–")
    page.get_by_role("button", name="Age, days").focus()
    page.keyboard.press("Enter")
    ages = page.locator("tbody tr td:nth-child(5)").all_text_contents()
    known = [int(age.replace(",", "")) for age in ages if age != "–"]
    assert known == sorted(known, reverse=True)
    assert page.locator("th[aria-sort=descending]").count() == 1
    page.get_by_role("searchbox").focus()
    page.keyboard.type("closed platform")
    shown = page.locator("tbody tr").all_text_contents()
    assert shown
    assert all("closed" in row and "platform" in row for row in shown)
    assert int((status.text_content() or "").rpartition(" ")[2]) < total
    page.close()


def test_points_of_a_chart_are_read_by_keyboard_and_by_pointer(browser: Browser, pages: Path) -> None:
    page = browser.new_page()
    page.goto((pages / "index.html").as_uri())
    page.locator("figure.chart svg").first.focus()
    page.keyboard.press("ArrowRight")
    first = page.locator(".tip").text_content()
    page.keyboard.press("ArrowRight")

    assert first is not None
    assert first.endswith("open issues")
    assert page.locator(".tip").text_content() != first
    page.keyboard.press("Escape")
    assert page.locator(".tip").is_hidden()
    point = page.locator("figure.chart svg circle").last
    point.scroll_into_view_if_needed()
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )  # scrolling hides it
    point.hover()
    page.locator(".tip").wait_for(state="visible")
    page.close()


def test_light_and_dark_are_chosen_and_remembered(browser: Browser, pages: Path) -> None:
    page = browser.new_page(color_scheme="light")
    page.goto((pages / "index.html").as_uri())
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Dark").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.goto((pages / "rules.html").as_uri())

    assert light != dark
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    page.close()


def test_the_first_tab_leads_to_the_content(browser: Browser, pages: Path) -> None:
    page = browser.new_page()
    page.goto((pages / "index.html").as_uri())
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.textContent") == "To the content"
    page.close()


def test_on_paper_it_is_black_on_white_without_buttons(browser: Browser, pages: Path) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto((pages / "index.html").as_uri())
    page.emulate_media(media="print")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.locator("nav").is_hidden()
    assert page.get_by_role("button", name="Light").is_hidden()
    assert page.evaluate("getComputedStyle(document.body).fontSize") == "11px", "as large as everything beside it"
    page.close()


def test_on_paper_a_table_keeps_its_headings(browser: Browser, pages: Path) -> None:
    page = browser.new_page()
    page.goto((pages / "acme/orbit/issues.html").as_uri())
    headings = page.locator("table[data-table] thead th")
    told = [text for text in headings.all_inner_texts() if text.strip()]
    page.emulate_media(media="print")

    assert "Age, days" in told
    assert [text for text in headings.all_inner_texts() if text.strip()] == told
    assert page.locator("thead th button").first.is_visible()
    assert page.locator(".tools").is_hidden()
    page.close()


def test_paper_shows_every_row_that_was_paged_away(browser: Browser, pages: Path) -> None:
    page = browser.new_page()
    page.goto((pages / "acme/orbit/issues.html").as_uri())
    rows = page.locator("table[data-table] tbody tr")
    total = int((page.locator(".tools [role=status]").text_content() or "").rpartition(" ")[2])
    page.evaluate(
        "addEventListener('beforeprint', () => (window.printed = document.querySelectorAll('tbody tr').length))"
    )
    paged = rows.count()
    page.pdf()

    assert paged == 25 < total
    assert page.evaluate("window.printed") == total
    assert rows.count() == paged, "afterwards it is as it was"
    page.close()


def test_paper_shows_everything_that_needs_a_person(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto((write(hostile(tmp_path / "t"), tmp_path / "site") / "index.html").as_uri())
    rest = page.locator("details.more .needs li")
    page.evaluate("addEventListener('beforeprint', () => (window.open_then = document.querySelector('.more').open))")
    page.pdf()

    assert rest.count() > 0
    assert page.evaluate("window.open_then") is True
    assert rest.first.is_hidden(), "afterwards it is as it was"
    page.emulate_media(media="print")
    assert page.locator("details.more > summary").is_visible(), "without a script paper says how many more there are"
    page.close()
