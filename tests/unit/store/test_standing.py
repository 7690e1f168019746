"""Deliveries about installations and repositories are a reason to ask; the answer decides, a surprising one twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.plan import AddLabels
from tassist.store.journal import Journal
from tassist.store.model import Incoming, LaneKey, News, Sorted, Target
from tassist.store.standing import AGAIN, QUIET, Answer, Found

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEY = LaneKey(7, 1)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path) as opened:
        yield opened


async def arrive(journal: Journal, name: str, *news: News, now: datetime = NOW, number: int = 0) -> int:
    """A delivery: about an issue, or news."""
    seq = (await journal.accept(Incoming(name, "issues", name.encode(), now))).seq
    targets = (Target(7, "o/r", number),) if number else ()
    place = Sorted(seq, "waiting" if targets else "ignored", installation_id=5, repo_id=7, repo="o/r", targets=targets)
    await journal.store_sorted([(place, news)], now)
    return seq


async def ask(journal: Journal, found: Found, *, now: datetime = NOW, up_to_seq: int = 10**9) -> bool:
    [doubt] = journal.standing.due(now, 9)
    return await journal.standing.settle(doubt, Answer(found, "o/r"), up_to_seq=up_to_seq, now=now)


async def test_h52_a_suspend_that_comes_after_its_unsuspend_pauses_nothing(journal: Journal) -> None:
    await arrive(journal, "work", number=1)
    await arrive(journal, "unsuspend", News("installation-active", 5, "o"))
    await ask(journal, "active")
    await arrive(journal, "suspend, late", News("installation-suspended", 5, "o"))
    await ask(journal, "active")

    assert [lane.key for lane in journal.ready(7, NOW, 5)] == [KEY]
    assert journal.standing.installations() == {5: "active"}


async def test_h52_an_answer_that_contradicts_is_asked_for_again_and_then_believed(journal: Journal) -> None:
    await arrive(journal, "work", number=1)
    await arrive(journal, "suspend", News("installation-suspended", 5, "o"))
    await ask(journal, "active")  # a replica that is late
    assert journal.standing.due(NOW, 9) == []

    await ask(journal, "suspended", now=NOW + AGAIN[0])

    assert journal.ready(7, NOW, 5) == []
    assert journal.standing.due(NOW + timedelta(days=9), 9) == [], "what agrees is settled"


async def test_an_answer_that_goes_on_contradicting_is_asked_for_a_few_times_only(journal: Journal) -> None:
    await arrive(journal, "suspend", News("installation-suspended", 5, "o"))
    now = NOW
    for after in (*AGAIN, timedelta(0)):
        await ask(journal, "active", now=now)
        now += after

    assert journal.standing.due(now + timedelta(days=9), 9) == []


async def test_h52_work_is_dropped_only_on_word_and_answer_or_on_two_answers(journal: Journal) -> None:
    await arrive(journal, "work", number=1)
    await arrive(journal, "removed", News("repo-gone", 7, "o/r", 5))
    assert await ask(journal, "gone")
    assert journal.lane(KEY) is None

    await arrive(journal, "more work", number=1)
    later = NOW + QUIET + timedelta(seconds=1)
    journal.standing.note_soon("repository", 7, later)
    await journal.open_lane(LaneKey(8, 1), repo="o/s", installation_id=5, now=later)
    assert not await ask(journal, "gone", now=later)
    assert journal.lane(KEY) is not None, "nobody said it was gone, so once is not enough"
    assert await ask(journal, "gone", now=later + AGAIN[1])
    assert journal.lane(KEY) is None


async def test_h52_a_removal_that_comes_after_the_repository_was_added_again_drops_nothing(journal: Journal) -> None:
    await arrive(journal, "work", number=1)
    await arrive(journal, "removed, late", News("repo-gone", 7, "o/r", 5))
    await ask(journal, "active")

    assert journal.lane(KEY) is not None


async def test_what_arrived_after_the_question_is_not_meant_by_the_answer(journal: Journal) -> None:
    asked_at = await arrive(journal, "work", number=1)
    await arrive(journal, "removed", News("repo-gone", 7, "o/r", 5))
    [doubt] = journal.standing.due(NOW, 9)
    await arrive(journal, "came back", number=1)
    await journal.standing.settle(doubt, Answer("gone"), up_to_seq=asked_at, now=NOW)

    assert [item.delivery_id for item in journal.covered(KEY)] == ["came back"]


async def test_a_look_under_way_stays_counted_where_what_it_began_with_is_dropped(journal: Journal) -> None:
    seq = await arrive(journal, "work", number=1)
    assert await journal.started(KEY, rest=timedelta(0), now=NOW)
    await arrive(journal, "removed", News("repo-gone", 7, "o/r", 5))
    await arrive(journal, "came back", number=1)

    await ask(journal, "gone", up_to_seq=seq)

    lane = journal.lane(KEY)
    assert lane is not None
    assert lane.starts == 1, "whoever wants to hold the issue must still wait for the look"


async def test_an_answer_to_an_older_question_settles_nothing(journal: Journal) -> None:
    await arrive(journal, "suspend", News("installation-suspended", 5, "o"))
    [doubt] = journal.standing.due(NOW, 9)
    await arrive(journal, "unsuspend", News("installation-active", 5, "o"))

    assert not await journal.standing.settle(doubt, Answer("suspended"), up_to_seq=1, now=NOW)
    assert journal.standing.installations() == {}


async def test_a_closed_issue_whose_run_was_left_half_is_looked_at_once_its_repository_is_back(
    journal: Journal,
) -> None:
    await arrive(journal, "closed", number=1)
    await journal.intend(
        AddLabels(("a",), "rule"), run_id="r1", key=KEY, repo="o/r", trigger="{}", started_at=NOW, now=NOW
    )
    await journal.intend(
        AddLabels(("a",), "rule"), run_id="r2", key=LaneKey(8, 1), repo="o/r8", trigger="{}", started_at=NOW, now=NOW
    )
    await arrive(journal, "removed", News("repo-gone", 7, "o/r", 5))
    await ask(journal, "gone")
    assert journal.lane(KEY) is None, "the repository left its installation, and with it what waited"
    seq = (await journal.accept(Incoming("added", "label", b"added", NOW))).seq
    everything = Sorted(seq, "waiting", installation_id=5, repo_id=7, repo="o/r", targets=(Target(7, "o/r", 0),))
    await journal.store_sorted([(everything, ())], NOW)
    [lane] = journal.ready(7, NOW, 5)

    await journal.spread(lane, up_to_seq=seq, numbers=[3], now=NOW)

    assert [found.key.number for found in journal.ready(7, NOW, 5)] == [1, 3]


async def test_a_repository_in_which_nothing_waits_is_not_asked_about(journal: Journal) -> None:
    await arrive(journal, "removed", *(News("repo-gone", number, f"o/{number}", 5) for number in range(100, 1100)))

    assert journal.standing.due(NOW, 9) == []


async def test_failed_looks_raise_a_doubt_only_now_and_then(journal: Journal) -> None:
    for second in range(5):
        journal.standing.note_soon("installation", 5, NOW + timedelta(seconds=second))
    await journal.open_lane(KEY, repo="o/r", installation_id=5, now=NOW)

    assert len(journal.standing.due(NOW + timedelta(hours=1), 9)) == 1
    assert len(journal.standing.due(NOW, 9)) == 1, "from the first of them on"
    assert journal.standing.due(NOW - timedelta(microseconds=1), 9) == []


async def test_the_list_finds_what_no_delivery_told(journal: Journal) -> None:
    listed = journal.standing.listed
    assert await listed({5: ("active", "o"), 6: ("suspended", "p")}, NOW, first=True) == 0
    assert journal.standing.installations() == {5: "active", 6: "suspended"}
    assert await listed({5: ("active", "o"), 6: ("suspended", "p")}, NOW, first=False) == 0

    assert await listed({6: ("active", "p"), 9: ("active", "new")}, NOW, first=False) == 3
    asked = {doubt.id: doubt.claim for doubt in journal.standing.due(NOW, 9)}

    assert asked == {5: "", 6: "active", 9: "active"}
    assert await listed({6: ("active", "p"), 9: ("active", "new")}, NOW, first=False) == 0, "asked already"
