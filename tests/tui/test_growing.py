"""A text that becomes longer is drawn whole."""

from __future__ import annotations

import re
from pathlib import Path

from tassist.tui.widgets.panels import Empty
from tests.support.console import console, settled

ROOT = Path(__file__).parents[2] / "tassist" / "tui"


async def test_a_hint_that_grows_is_drawn_whole(home: Path) -> None:
    app = console(home)
    async with app.run_test(size=(80, 24)):
        await settled(app)
        empty = app.screen.query_one("#home-empty", Empty)
        empty.say("Nothing")
        await settled(app)
        assert empty.size.height == 1

        empty.say("Nothing", "and this is what to do about it: " + "some more words, " * 10)
        await settled(app)
        assert empty.size.height == 4


def test_no_text_is_set_by_update() -> None:
    found = [
        file.name for file in ROOT.rglob("*.py") if re.search(r"(Static\)|error|self)\.update\(", file.read_text())
    ]

    assert found == [], "set `content` instead: see `Empty.say`"
