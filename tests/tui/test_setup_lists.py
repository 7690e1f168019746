"""The lists of the installer's screens: found by typing, marked, and taken in the order of the keys."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from setup_wizard.flow import Ask
from setup_wizard.known import Known
from setup_wizard.question import Question
from setup_wizard.questions import QUESTION_BY_ID
from tassist.tui.setup.ends import StartView
from tassist.tui.setup.face import TextualFace
from tassist.tui.setup.lists import ManyList, choice_text
from tassist.tui.setup.views import QuestionView
from tests.support.console import HOSTILE
from tests.support.installing_seat import Seat, burst, seated


@pytest.mark.parametrize(
    "question", [each for each in QUESTION_BY_ID.values() if each.choices], ids=lambda each: each.id
)
def test_every_choice_fits_a_line_of_a_small_terminal(question: Question) -> None:
    room = 68 if question.kind == "many" else 72

    assert [text for each in question.choices if len(text := choice_text(each).plain) > room] == []


REPOS = "\n".join(f"octo/repo-{number:03}" for number in range(300))


async def ask_in(seat: Seat, question_id: str, **learned: str) -> tuple[Any, asyncio.Task[Any]]:
    """Have one question asked, as the flow would; the view, and the answer to come."""
    face = TextualFace(seat.screen, seat.screen.desk.clock, may_open=False)
    known = Known({"scaffold": "files"}, learned={"repositories": REPOS, **learned})
    question = QUESTION_BY_ID[question_id]
    answer = asyncio.create_task(face.ask(Ask(question, known, question.default(known), can_go_back=True)))
    return await seat.view(QuestionView, question_id), answer


async def test_repositories_are_found_by_typing_and_marks_stay_while_the_list_changes(home: Path) -> None:
    async with seated(home, None) as seat:
        await seat.view(StartView)
        view, answer = await ask_in(seat, "repositories")
        assert "302 of 302 shown, 1 marked" in seat.text("#search-count")

        await seat.pilot.press(*"repo-07", "down", "space")
        await seat.until(lambda: "10 of 302 shown, 1 marked" in seat.text("#search-count"), "the list")
        await seat.pilot.press("shift+tab", "end", *["backspace"] * 7, *"-299", "enter", "space", "enter")

        assert await answer == "octo/repo-070,octo/repo-299"
        assert view.query_one(ManyList).marked == ["octo/repo-070", "octo/repo-299"]


async def test_everything_and_single_names_exclude_each_other_and_nothing_is_no_answer(home: Path) -> None:
    async with seated(home, None) as seat:
        await seat.view(StartView)
        view, answer = await ask_in(seat, "repositories")
        marked = view.query_one(ManyList)
        await seat.pilot.press("enter", "space", "enter")
        await seat.until(lambda: "nothing is marked" in seat.text("#field-error"), "the fault")
        assert not answer.done()

        await seat.pilot.press("down", "space")
        assert marked.selected == ["octo"]
        await seat.pilot.press("up", "space")
        assert (marked.selected, marked.marked) == (["all"], ["all"])
        await seat.pilot.press("enter")

        assert await answer == "all"


async def test_marks_that_come_together_are_made_in_their_order(home: Path) -> None:
    async with seated(home, None) as seat:
        await seat.view(StartView)
        _, answer = await ask_in(seat, "repositories", repositories="octo/app\nocto/web\nann/own")
        burst(seat.app, "space", "down", "space", "down", "down", "space", "enter")

        assert await answer == "octo,octo/web"


async def test_labels_of_any_text_can_be_unmarked_and_then_it_is_none_of_them(home: Path) -> None:
    async with seated(home, None) as seat:
        await seat.view(StartView)
        labels = "\n".join(["track/api", *(text for text in HOSTILE if "\n" not in text)])
        _, answer = await ask_in(seat, "scaffold_tracks", labels=labels, proposed_tracks="track/api")
        while not isinstance(seat.app.focused, ManyList):
            await seat.pilot.press("down")
        await seat.pilot.press("home", "space", "enter")

        assert await answer == "none"
        assert "\x1b" not in seat.app.export_screenshot()


async def test_one_of_many_repositories_is_taken_after_a_search(home: Path) -> None:
    async with seated(home, None) as seat:
        await seat.view(StartView)
        _, answer = await ask_in(seat, "scaffold_repository")
        await seat.pilot.press(*"123", "enter", "enter")

        assert await answer == "octo/repo-123"
