"""Where there is one of something, it is called by its singular: every place with exactly one of everything."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from textual.widgets import Static

from tassist.services.overview import overview
from tassist.services.overview_words import in_words
from tassist.text import noun
from tassist.tui.app import TassistApp
from tests.support.console import NOW, Filled, console, settled, ticked

_WRONG = re.compile(
    r"\b(?<![.,:\u202f])1 (?:new |more |open )?(?!is\b|was\b|has\b)[a-z]+s\b|\b1 (?:new )?(?:[a-z]+ )?wait\b"
)


def drawn(app: TassistApp) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line if not segment.control) for line in strips)


def one_of_each(home: Path) -> None:
    filled = Filled(home)
    filled.delivery(1)
    filled.close()
    (home / "serve.log").write_text("12:00:00 listening  [serving]\n")


@pytest.mark.parametrize(("count", "found"), [(0, "0 issues"), (1, "1 issue"), (2, "2 issues")])
def test_a_word_goes_with_its_number(count: int, found: str) -> None:
    assert f"{count} {noun(count, 'issue')}" == found
    assert noun(count, "repository", "repositories") == ("repository" if count == 1 else "repositories")


@pytest.mark.parametrize("place", ["home", "deliveries", "issues", "rules", "dashboard", "log"])
async def test_one_of_everything_is_told_in_the_singular(home: Path, place: str) -> None:
    one_of_each(home)
    app = console(home, place)
    async with app.run_test(size=(140, 60)) as pilot:
        await settled(app)
        assert not _WRONG.findall(drawn(app))
        if place in {"deliveries", "issues"}:
            await pilot.press("enter")
            await settled(app)
            assert not _WRONG.findall(drawn(app))
        elif place == "home":
            await pilot.press("s")
            await settled(app)
            assert "1 write" in drawn(app)
            assert not _WRONG.findall(drawn(app))


def test_the_overview_in_words_counts_one_too(home: Path) -> None:
    filled = Filled(home)
    filled.delivery(1)
    filled.delivery(2, state="waiting")
    lines = in_words(overview(filled.journal, home, NOW))
    filled.close()

    assert "queue: 0 unread, 1 issue waits" in "\n".join(lines)
    assert not _WRONG.findall("\n".join(lines))


async def test_one_delivery_that_waits_is_one(home: Path) -> None:
    filled = Filled(home)
    for number in (1, 2):
        filled.delivery(number)
    app = console(home, "deliveries")
    async with app.run_test() as pilot:
        await settled(app)
        await pilot.press("down")
        await asyncio.to_thread(filled.delivery, 3)
        await ticked(app)

        assert "1 new waits: t shows it" in str(app.screen.query_one("#deliveries-said", Static).content)
    filled.close()
