"""Deliveries, lanes, runs and records in the journal: each promise on a real file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.plan import AddLabels, PostComment, RemoveLabels, SetMilestone
from engine.ports import Applied
from tassist.store.journal import Journal as FileJournal
from tassist.store.ledger import effect_from_json, effect_to_json
from tassist.store.model import FinishedRun, Incoming, LaneKey, News, Over, Sorted, Target
from tassist.store.ports import Journal
from tassist.store.standing import Answer, Found
from tests.support import stores

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
KEY = LaneKey(7, 1)


@pytest.fixture(params=stores.KINDS)
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    address = request.getfixturevalue("postgresql") if request.param == "postgresql" else ""
    with stores.opened(request.param, tmp_path / "home", address) as journal:
        yield journal


def incoming(delivery_id: str, body: bytes = b"{}") -> Incoming:
    return Incoming(delivery_id, "issues", body, NOW, {"content-type": "application/json"})


async def arrive(journal: Journal, delivery_id: str, *issues: int, repo_id: int = 7, installation_id: int = 5) -> int:
    accepted = await journal.accept(incoming(delivery_id, delivery_id.encode()))
    place = Sorted(
        accepted.seq,
        "waiting",
        action="labeled",
        installation_id=installation_id,
        repo_id=repo_id,
        repo=f"o/r{repo_id}",
        sender="ann",
        sender_id=3,
        targets=tuple(Target(repo_id, f"o/r{repo_id}", number) for number in issues),
    )
    await journal.store_sorted([(place, ())], NOW)
    return accepted.seq


async def tell(journal: Journal, news: News) -> None:
    accepted = await journal.accept(incoming(f"news-{news.kind}"))
    await journal.store_sorted([(Sorted(accepted.seq, "ignored"), [news])], NOW)


def finished(run_id: str, up_to_seq: int, key: LaneKey = KEY, *, dead: bool = False) -> FinishedRun:
    return FinishedRun(
        run_id,
        key,
        "o/r7",
        "{}",
        NOW,
        NOW,
        "success",
        "because" if dead else None,
        "{}",
        up_to_seq,
        run_id,
        b"{}",
        dead,
    )


async def test_a_delivery_id_is_stored_once(journal: Journal) -> None:
    first = await journal.accept(incoming("a"))
    again = await journal.accept(incoming("a"))

    assert (first.kind, again.kind, again.seq) == ("stored", "duplicate", first.seq)
    [row] = journal.deliveries()
    assert (row.delivery_id, row.duplicates, row.received_at) == ("a", 1, NOW)


async def test_a_delivery_that_leads_nowhere_is_told_once_in_its_own_transaction(journal: Journal) -> None:
    told: list[Over] = []

    def tell(over: Over) -> bytes:
        told.append(over)
        return json.dumps({"event_id": over.delivery_id}).encode()

    journal.tell = tell
    await arrive(journal, "waits", 1)
    star = await journal.accept(incoming("star"))
    ignored = Sorted(star.seq, "ignored", action="created", reason="nothing listens to it", repo_id=7, repo="o/r7")
    await journal.store_sorted([(ignored, ())], NOW)
    await journal.store_sorted([(ignored, ())], NOW)
    await journal.accept_sorted(incoming("ping"), Sorted(0, "ignored", reason="a ping"), (), NOW)
    for _ in range(2):
        await journal.accept(replace(incoming("torn"), quarantine="no JSON"))

    assert [(over.delivery_id, over.state, over.reason) for over in told] == [
        ("star", "ignored", "nothing listens to it"),
        ("ping", "ignored", "a ping"),
        ("torn", "quarantined", "no JSON"),
    ]
    assert (told[0].repo, told[0].repo_id, told[0].action, told[0].at) == ("o/r7", 7, "created", NOW)
    assert [json.loads(line)["event_id"] for _, line in journal.outbox.read(0, 10)] == ["star", "ping", "torn"]


async def test_what_a_run_found_out_besides_goes_with_its_record(journal: Journal) -> None:
    seq = await arrive(journal, "a", 1)
    run = replace(finished("r1", seq), further=(b'{"event_id":"c1"}', b'{"event_id":"c2"}'))

    await journal.finish(run)
    await journal.finish(run)

    assert [line for _, line in journal.outbox.read(0, 10)] == [b"{}", b'{"event_id":"c1"}', b'{"event_id":"c2"}']


async def test_one_id_with_two_bodies_is_two_deliveries(journal: Journal) -> None:
    await journal.accept(incoming("a", b'{"x":1}'))
    other = await journal.accept(incoming("a", b'{"x":2}'))
    again = await journal.accept(incoming("a", b'{"x":2}'))

    assert (other.kind, again.kind, again.seq) == ("stored", "duplicate", other.seq)
    assert len(journal.deliveries()) == 2


async def test_h22_a_delivery_that_is_stored_but_not_done_is_still_handled_after_its_redelivery(
    journal: Journal,
) -> None:
    seq = await arrive(journal, "a", 1)
    again = await journal.accept(incoming("a", b"a"))

    assert again.kind == "duplicate"
    assert [item.seq for item in journal.covered(KEY)] == [seq], "dedupe marks done, not seen"


async def test_h22_a_delivery_whose_payload_was_not_read_yet_is_still_read_after_its_redelivery(
    journal: Journal,
) -> None:
    await journal.accept(incoming("a"))
    await journal.accept(incoming("a"))

    assert [item.delivery_id for item in journal.unsorted(10)] == ["a"]


async def test_h23_a_redelivery_of_a_finished_delivery_opens_nothing(journal: Journal) -> None:
    seq = await arrive(journal, "a", 1)
    await journal.finish(finished("r1", seq))

    again = await journal.accept(incoming("a", b"a"))

    assert again.kind == "duplicate"
    assert journal.unsorted(10) == []
    assert journal.lane(KEY) is None


async def test_a_redelivery_of_a_dead_delivery_is_tried_again(journal: Journal) -> None:
    seq = await arrive(journal, "a", 1)
    await journal.finish(finished("r1", seq, dead=True))
    assert journal.find("a")[0].state == "dead"

    again = await journal.accept(incoming("a", b"a"))

    assert again.kind == "reopened"
    assert [item.delivery_id for item in journal.unsorted(10)] == ["a"]


async def test_one_run_covers_every_waiting_delivery_of_its_issue_and_no_other(journal: Journal) -> None:
    seqs = [await arrive(journal, f"d{number}", 1) for number in range(5)]
    await arrive(journal, "other", 2)

    waits = await journal.finish(finished("r1", seqs[-1]))

    assert waits is False
    assert {row.delivery_id: (row.state, row.run_id) for row in journal.deliveries()} == {
        **{f"d{number}": ("done", "r1") for number in range(5)},
        "other": ("waiting", None),
    }
    assert journal.lane(KEY) is None


async def test_a_delivery_that_came_during_the_run_keeps_the_lane(journal: Journal) -> None:
    seq = await arrive(journal, "a", 1)
    late = await arrive(journal, "b", 1)

    waits = await journal.finish(finished("r1", seq))

    assert waits is True
    lane = journal.lane(KEY)
    assert lane is not None
    assert lane.first_seq == late


async def test_a_delivery_about_two_issues_is_done_when_both_are(journal: Journal) -> None:
    seq = await arrive(journal, "a", 1, 2)

    await journal.finish(finished("r1", seq))
    assert journal.find("a")[0].state == "waiting"
    await journal.finish(finished("r2", seq, LaneKey(7, 2)))

    assert journal.find("a")[0].state == "done"


async def test_a_run_and_its_record_are_one_transaction(journal: Journal) -> None:
    seq = await arrive(journal, "a", 1)

    await journal.finish(finished("r1", seq))
    await journal.finish(finished("r1", seq))

    assert journal.outbox.read(0, 10) == [(1, b"{}")], "the same event id again is no second record"
    run = journal.run("r1")
    assert run is not None
    assert run.state == "finished"


async def test_a_sink_goes_forward_only(journal: Journal) -> None:
    for number in (1, 2, 2):
        await asyncio.to_thread(journal.outbox.emit, b'{"event_id":"e%d"}' % number)

    journal.outbox.advance("jsonl", 2)
    journal.outbox.advance("jsonl", 1)

    assert journal.outbox.cursor("jsonl") == 2
    assert journal.outbox.cursor("sql") == 0
    assert (journal.outbox.waiting("jsonl"), journal.outbox.waiting("sql")) == (0, 2)


async def test_a_lane_that_was_put_off_is_not_ready_before_its_time(journal: Journal) -> None:
    await arrive(journal, "a", 1)
    later = NOW + timedelta(seconds=30)

    await journal.put_off(KEY, until=later, reason="limit", now=NOW)

    assert journal.ready(7, NOW, 5) == []
    assert journal.next_moment(7, NOW) == later
    [lane] = journal.ready(7, later, 5)
    assert lane.attempts == 1


async def test_whether_many_issues_wait_is_known_without_counting_them(journal: Journal) -> None:
    assert not journal.many_wait(1)
    for number in range(1, 4):
        await arrive(journal, f"d-{number}", number)

    assert [journal.many_wait(amount) for amount in (1, 3, 4)] == [True, True, False]


async def test_fresh_lanes_do_not_starve_those_that_are_tried_again(journal: Journal) -> None:
    for number in range(1, 21):
        await arrive(journal, f"d{number}", number)
    await journal.put_off(LaneKey(7, 20), until=NOW, reason="once", now=NOW)

    assert LaneKey(7, 20) in [lane.key for lane in journal.ready(7, NOW, 4)]


async def test_repositories_are_named_once_however_many_issues_wait(journal: Journal) -> None:
    for repo_id in (9, 7, 8):
        for number in (1, 2, 3):
            await arrive(journal, f"{repo_id}-{number}", number, repo_id=repo_id)

    assert journal.repos() == [7, 8, 9]


async def test_a_look_at_a_whole_repository_becomes_looks_at_its_issues(journal: Journal) -> None:
    await arrive(journal, "label-edited", 0)
    newest = await arrive(journal, "label-deleted", 0)
    [lane] = journal.ready(7, NOW, 5)

    await journal.spread(lane, up_to_seq=newest, numbers=[3, 4], now=NOW)

    assert [lane.key.number for lane in journal.ready(7, NOW, 5)] == [3, 4]
    assert journal.find("label-edited")[0].state == "done"
    for number, state in ((3, "waiting"), (4, "done")):
        await journal.finish(finished(f"r{number}", newest, LaneKey(7, number)))
        assert journal.find("label-deleted")[0].state == state


async def answered(journal: Journal, state: Found) -> None:
    for doubt in journal.standing.due(NOW, 9):
        await journal.standing.settle(doubt, Answer(state), up_to_seq=10**9, now=NOW)


async def test_lanes_of_a_suspended_installation_wait_and_go_on(journal: Journal) -> None:
    await arrive(journal, "a", 1, installation_id=5)

    await tell(journal, News("installation-suspended", 5, "o"))
    assert [lane.key for lane in journal.ready(7, NOW, 5)] == [KEY], "what a delivery says is a reason to ask"
    await answered(journal, "suspended")
    assert journal.ready(7, NOW, 5) == []
    await tell(journal, News("installation-active", 5, "o"))
    await answered(journal, "active")

    assert [lane.key for lane in journal.ready(7, NOW, 5)] == [KEY]


async def test_lanes_of_an_installation_that_is_gone_are_closed_with_the_reason(journal: Journal) -> None:
    await arrive(journal, "a", 1, installation_id=5)
    await arrive(journal, "b", 1, repo_id=8, installation_id=6)

    await tell(journal, News("installation-deleted", 5, "o"))
    await answered(journal, "gone")

    [row] = journal.find("a")
    assert (row.state, row.reason) == ("ignored", "the App was uninstalled")
    assert journal.repos() == [8]


@pytest.mark.parametrize(
    "effect",
    [
        AddLabels(("a", "b"), "track.classify"),
        RemoveLabels(("ü",), "exclusivity.track"),
        SetMilestone("Sprint 4", None, "milestone", before="Sprint 3"),
        PostComment("hi\n", "m1", "stale"),
    ],
    ids=lambda effect: type(effect).__name__,
)
async def test_the_ledger_gives_back_what_was_intended(journal: Journal, effect: AddLabels) -> None:
    await journal.intend(effect, run_id="r1", key=KEY, repo="o/r7", trigger="{}", started_at=NOW, now=NOW)

    run = journal.unfinished_run(KEY)
    assert run is not None
    assert run.run_id == "r1"
    [row] = journal.effects("r1")
    assert row.state == "intended"
    assert effect_from_json(row.effect) == effect
    assert effect_from_json(effect_to_json(effect)) == effect


async def test_an_applied_effect_keeps_what_would_undo_it(journal: Journal) -> None:
    effect = SetMilestone("Sprint 4", 4, "milestone", before="Sprint 3")
    place = await journal.intend(effect, run_id="r1", key=KEY, repo="o/r7", trigger="{}", started_at=NOW, now=NOW)

    await journal.settle("r1", place, Applied(effect, changed=True, before="Sprint 3", after="Sprint 4", writes=1), NOW)

    [row] = journal.effects("r1")
    assert (row.state, row.before, row.after, row.writes) == ("applied", "Sprint 3", "Sprint 4", 1)
    assert json.loads(row.inverse or "") == {"kind": "SetMilestone", "title": "Sprint 3"}


async def test_what_is_remembered_is_there_after_a_restart(tmp_path: Path) -> None:
    with FileJournal.open(tmp_path) as journal:
        await journal.accept(incoming("a"))
        journal.set_meta("bot_id", "41")

    with FileJournal.open(tmp_path) as journal:
        assert [row.delivery_id for row in journal.deliveries()] == ["a"]
        assert journal.meta("bot_id") == "41"


async def test_a_delivery_is_found_by_the_beginning_of_its_id(journal: Journal) -> None:
    await journal.accept(incoming("12345678-aaaa"))

    assert [row.delivery_id for row in journal.find("1234")] == ["12345678-aaaa"]
    assert journal.find("123") == [], "too short to mean one"
