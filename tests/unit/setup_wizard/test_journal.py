"""The installer's journal survives whatever a crash leaves, and never holds a secret."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from setup_wizard import journal
from setup_wizard.journal import Entry
from setup_wizard.questions import QUESTION_BY_ID

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def written(*entries: Entry) -> str:
    return "".join(journal.line(entry) for entry in entries)


def test_it_says_what_was_answered_learned_and_begun() -> None:
    text = written(
        Entry(NOW, "answered", said={"github": "https://github.com", "bundle": "canary", "nothing": "x"}),
        Entry(NOW, "began", "app"),
        Entry(NOW, "waiting", "app"),
        Entry(NOW, "applied", "app", {"slug": "tidy"}),
        Entry(NOW, "verified", "app"),
        Entry(NOW, "began", "webhook"),
        Entry(NOW, "failed", "webhook"),
    )

    past = journal.read(text, QUESTION_BY_ID)

    assert past.answers == {"github": "https://github.com"}
    assert past.learned == {"slug": "tidy"}
    assert (past.begun, past.finished) == ("webhook", False)
    assert journal.read(text + written(Entry(NOW, "finished")), QUESTION_BY_ID).finished


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 400), st.binary(max_size=30))
def test_a_line_that_was_cut_or_damaged_is_passed_over(cut: int, noise: bytes) -> None:
    text = written(Entry(NOW, "answered", said={"github": "https://github.com"}), Entry(NOW, "began", "app"))

    past = journal.read(text[: len(text) - cut % len(text)] + noise.decode("latin-1"), QUESTION_BY_ID)

    assert past.answers in ({}, {"github": "https://github.com"})


def test_what_is_no_entry_is_passed_over() -> None:
    text = (
        '3\n[]\n{"event":"began","step":1}\n{"event":"answered","said":3}\n{"event":"answered","said":{"github":1}}\n{"event":"odd"}\n'
        + "[" * 100_000
    )

    assert journal.read(text, QUESTION_BY_ID) == journal.Past()
