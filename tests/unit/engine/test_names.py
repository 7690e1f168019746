"""Names: their natural order, when two are the same, and what becomes of text that UTF-8 cannot carry."""

from __future__ import annotations

from engine.model import Issue, IssueRef, Milestone, Repo
from engine.natural import natural_key
from engine.view import encodable


def test_numbers_in_names_count_as_numbers_and_letters_count_without_case() -> None:
    ordered = [
        "01",
        "2",
        "10",
        "1-aa",
        "1-b",
        "2-a",
        "a",
        "A1b9",
        "a1b10",
        "aa",
        "B",
        "phase-9",
        "phase-010",
        "phase-11",
    ]
    ordered.sort(key=natural_key)

    assert ordered == [
        "01", "1-aa", "1-b", "2", "2-a", "10", "a", "A1b9", "a1b10", "aa", "B", "phase-9", "phase-010", "phase-11",
    ]  # fmt: skip


def test_the_zeros_before_a_number_do_not_count() -> None:
    assert natural_key("v007") == natural_key("V7")


def test_labels_are_the_same_whatever_their_case() -> None:
    found = Issue(IssueRef("acme/shop", 7), labels=("Bug", "help wanted"))

    assert found.has_label("bUG")
    assert found.has_label("Help Wanted")
    assert not found.has_label("help")
    assert not Issue(IssueRef("acme/shop", 7)).has_label("bug")


def test_of_two_milestones_with_one_title_the_open_one_is_meant_then_the_older() -> None:
    closed, newer, older = Milestone(1, "M", "closed"), Milestone(3, "M"), Milestone(2, "M")

    assert Repo("acme/shop", milestones=(closed, newer, older)).milestone("M") == older
    assert Repo("acme/shop", milestones=(closed,)).milestone("M") == closed
    assert Repo("acme/shop", milestones=(older,)).milestone("m") is None
    assert Repo("acme/shop").milestone("M") is None


def test_half_a_character_becomes_a_question_mark_and_everything_else_stays() -> None:
    assert encodable("crash \ud83d in 中") == "crash ? in 中"
    assert encodable("crash 😀") == "crash 😀"
