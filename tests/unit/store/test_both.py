"""The same story told to either store gives the same answers, whatever is asked."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.plan import AddLabels, Effect, PostComment, RemoveLabels, SetMilestone
from engine.ports import Applied
from tassist.store.model import FinishedRun, Incoming, Keep, LaneKey, News, Sorted, Target
from tassist.store.pages import Filter
from tassist.store.ports import Journal
from tassist.store.standing import Answer
from tests.support import stores

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SINKS = ("jsonl", "sqlite:x")


def at(minutes: float) -> datetime:
    """So long after the story began."""
    return NOW + timedelta(minutes=minutes)


def place(seq: int, *numbers: int, repo_id: int = 7, installation_id: int = 5, repo: str = "Octo/App") -> Sorted:
    targets = tuple(Target(repo_id, repo, number) for number in numbers)
    return Sorted(
        seq,
        "waiting" if targets else "ignored",
        action="labeled",
        reason=None if targets else "nothing to do",
        installation_id=installation_id,
        repo_id=repo_id,
        repo=repo,
        sender="ann",
        sender_id=3,
        targets=targets,
    )


def run(run_id: str, key: LaneKey, up_to: int, minutes: float, **more: Any) -> FinishedRun:
    return FinishedRun(
        run_id, key, "Octo/App", '{"kind": "delivery"}', at(minutes), at(minutes + 0.5), more.pop("outcome", "success"),
        more.pop("reason", None), '{"decisions": []}', up_to, f"e-{run_id}", b'{"event_id": "e-%s"}' % run_id.encode(), **more
    )  # fmt: skip


async def story(journal: Journal) -> None:
    """A day of a service, everything that can happen to a delivery in it."""
    seqs = []
    for number in range(12):
        body = b'{"n": %d, "nul": "\\u0000"}' % number
        incoming = Incoming(
            f"{number:08d}-guid", "issues" if number % 3 else "label", body, at(number), {"content-type": "a"}
        )
        if number % 2:
            seqs.append((await journal.accept_sorted(incoming, place(0, number % 4), (), at(number))).seq)
        else:
            seqs.append((await journal.accept(incoming)).seq)
            await journal.store_sorted([(place(seqs[-1], number % 4, 9), ())], at(number))
    await journal.accept(Incoming("00000001-guid", "issues", b'{"n": 1, "nul": "\\u0000"}', at(13)))
    await journal.accept(Incoming("00000001-guid", "issues", b"other", at(13)))
    await journal.accept(Incoming("bad", "issues", b"[]", at(14), quarantine="not an object"))
    key = LaneKey(7, 1)
    assert await journal.started(key, rest=timedelta(0), now=at(14))
    effects: tuple[Effect, ...] = (
        AddLabels(("a", "b"), rule="track"),
        SetMilestone("M", 3, "milestone", before=None),
        PostComment("hi", "m", "stale"),
    )
    for ordinal, effect in enumerate(effects, 1):
        await journal.intend(effect, run_id="r1", key=key, repo="Octo/App", trigger="{}", started_at=at(15), now=at(15))
        if ordinal < 3:
            await journal.settle("r1", ordinal, Applied(effect, changed=True, before="x", after="y", writes=1), at(15))
    await journal.finish(run("r1", key, seqs[5], 15, resolved=((3, "applied"),)))
    await journal.finish(run("r2", LaneKey(7, 3), seqs[-1], 16, outcome="failed", reason="given up", dead=True))
    await journal.finish(run("r3", LaneKey(7, 9), 10**9, 17, outcome="partial", covered=(seqs[0], seqs[2])))
    await journal.put_off(LaneKey(7, 9), until=at(60), reason="GitHub is down", now=NOW)
    await journal.stopped(LaneKey(7, 9))
    await journal.accept(
        Incoming("00000003-guid", "issues", b'{"n": 3, "nul": "\\u0000"}', at(18))
    )  # was dead: reopened
    news = [
        News("installation-suspended", 6, "Other"),
        News("repo-renamed", 7, "Octo/Renamed", 5),
        News("repo-added", 70, "Octo/New", 5),
        News("installation-active", 5, "Octo"),
    ]
    told = await journal.accept(Incoming("news", "installation", b"{}", at(19)))
    await journal.store_sorted([(place(told.seq), news)], at(19))
    gone = await journal.accept(Incoming("gone", "repository", b"{}", at(20)))
    await journal.store_sorted([(place(gone.seq, 4, repo_id=8), ())], at(20))
    dropped = await journal.accept(Incoming("dropped", "repository", b"{}", at(21)))
    await journal.store_sorted([(place(dropped.seq), [News("repo-gone", 8, "Octo/Old")])], at(21))
    whole = await journal.accept(Incoming("whole", "push", b"{}", at(22)))
    await journal.store_sorted([(place(whole.seq, 0, repo_id=11), ())], at(22))
    lane = journal.lane(LaneKey(11, 0))
    assert lane is not None
    await journal.spread(lane, up_to_seq=whole.seq, numbers=(1, 2, 3), now=at(22))
    await journal.open_lane(LaneKey(7, 2), repo="Octo/App", installation_id=5, now=at(23))
    await journal.polled(
        [LaneKey(12, 2), LaneKey(12, 1)], repo="o/p", installation_id=5, cursor=("poll:12", "{}"), now=at(23)
    )
    await journal.begin_undo("u1", key, repo="Octo/App", undone="r1", started_at=at(24))
    await journal.intend(
        RemoveLabels(("a",), "undo"), run_id="u1", key=key, repo="Octo/App", trigger="{}", started_at=at(24), now=at(24)
    )
    await journal.settle_undo("u1", 1, state="applied", writes=1, problem=None, now=at(24))
    await journal.finish_undo("u1", outcome="success", reason=None, finished_at=at(25), record=b'{"event_id": "u1"}')
    await sweeping(journal)
    await asyncio.to_thread(journal.enrol, SINKS)
    await asyncio.to_thread(journal.outbox.emit, b'{"event_id": "told"}')
    await asyncio.to_thread(journal.outbox.advance, "jsonl", 2)
    await asyncio.to_thread(journal.outbox.advance, "sqlite:x", 1)
    await asyncio.to_thread(journal.reopen, seqs[1])
    held = LaneKey(7, 2)
    assert await journal.holds.take(held, "somebody", until=at(50), now=at(26))
    assert not await journal.holds.take(held, "another", until=at(50), now=at(27))
    assert not await journal.started(held, rest=timedelta(0), now=at(27))
    await journal.holds.release(held, "somebody")
    for doubt in journal.standing.due(at(600), 2):
        await journal.standing.settle(
            doubt, Answer("suspended", "Octo"), up_to_seq=journal.standing.newest(), now=at(40)
        )
    await journal.standing.listed({5: ("active", "Octo"), 99: ("active", "New")}, at(41), first=False)
    await asyncio.to_thread(journal.set_meta, "own_login", "bot")


async def sweeping(journal: Journal) -> None:
    repos = [(20, "Octo/A", 5), (21, "Octo/B", 5), (22, "Else/C", 6)]
    sweep = await asyncio.to_thread(journal.sweeps.begin, "s1", "asked", "{}", at(30), repos)
    assert (
        await asyncio.to_thread(journal.sweeps.begin, "s2", "asked", "{}", at(30), repos)
    ).sweep_id == sweep.sweep_id
    for repo in journal.sweeps.next_repos(5):
        await journal.sweeps.start_repo(repo, at(31))
    lane = journal.lane(LaneKey(20, 0))
    assert lane is not None
    await journal.spread(lane, up_to_seq=0, numbers=(1, 2), now=at(31))
    await journal.finish(run("s-1", LaneKey(20, 1), 0, 32))
    await journal.abandon(LaneKey(21, 0))
    for repo in journal.sweeps.through():
        await journal.sweeps.close_repo(repo, event_id=f"swept-{repo.repo_id}", record=b'{"event_id": "swept"}')
    await journal.sweeps.finish("s1", at(33))


def answers(journal: Journal) -> dict[str, Any]:
    """Everything the product asks of a journal."""
    keys = [LaneKey(7, number) for number in (1, 2, 3, 9)]
    browse = journal.browse
    info = journal.info(SINKS)
    return {
        "deliveries": journal.deliveries(limit=100),
        "of a repository": journal.deliveries(limit=100, repo="OCTO/app", issue=1, event="issues", action="labeled", state="done"),
        "of a time": journal.deliveries(limit=3, since=at(3), until=at(9), before_seq=8),
        "found": [journal.find("0000"), journal.find("00000002-guid"), journal.find("nothing")],
        "known": journal.known(["bad", "00000000-guid", "x"]),
        "counts": journal.counts(),
        "backlog": journal.backlog(),
        "unsorted": journal.unsorted(10),
        "body": journal.body(2),
        "repos": journal.repos(),
        "ready": [journal.ready(repo_id, at(90), 10) for repo_id in journal.repos()],
        "many": [journal.many_wait(amount) for amount in (1, 2, 3, 4, 5, 6, 7, 8)],
        "next": journal.next_moment(7, at(0)),
        "lanes": [journal.lane(key) for key in keys],
        "covered": [journal.covered(key) for key in keys],
        "runs": [journal.runs_of(key) for key in keys] + [journal.runs_named("r"), journal.runs_named("r1")],
        "run": [journal.run("r1"), journal.unfinished_run(keys[0])],
        "effects": [journal.effects("r1"), journal.recent_effects(keys[0], at(0)), journal.effects("u1")],
        "named": [journal.issue_named("octo/APP", 1), journal.issue_named("no/such", 1)],
        "outbox": [journal.outbox.read(0, 50), journal.outbox.cursor("jsonl"), journal.outbox.waiting("sqlite:x")],
        "sweeps": [journal.sweeps.unfinished(), journal.sweeps.find("s1"), journal.sweeps.progress("s1")],
        "under way": [journal.sweeps.under_way(at(90)), journal.sweeps.next_repos(9), journal.sweeps.through()],
        "memory": [journal.meta("own_login"), journal.meta("poll:12"), journal.meta("none")],
        "would prune": journal.would_prune(Keep(), SINKS, at(60 * 24 * 400)),
        "page": browse.page(Filter(), limit=100),
        "pages": [
            browse.page(wanted)
            for wanted in (
                Filter(event="issues"), Filter(repo="octo/app"), Filter(issue=1), Filter(state="dead"), Filter(outcome="success"),
                Filter(state="waiting"), Filter(since=at(2), until=at(8)), Filter(action="labeled", repo="Octo/App", issue=3),
            )
        ],
        "extent": [browse.extent(), browse.place_of(at(5)), browse.per_hour(at(30)), browse.given_up()],
        "attention": [browse.waiting(at(90)), browse.suspended(), browse.trouble(at(0)), browse.runs_since(at(0))],
        "standing": [journal.standing.due(at(600), 20), journal.standing.installations(), journal.standing.newest()],
        "written": [browse.written_since(at(0)), browse.delays(), browse.recent_issues(), browse.issue("Octo/App", 1)],
        "history": [browse.runs_of(keys[0]), [browse.covered_by(one) for one in browse.runs_of(keys[0])]],
        "info": (info.deliveries, info.bodies, info.runs, info.effects, info.records, info.issues_waiting, info.sinks),
    }  # fmt: skip


def told(kind: str, home: Path, address: str) -> dict[str, Any]:
    """What a store answers after the story, and again after everything that is over was removed."""
    with stores.opened(kind, home, address) as journal:
        asyncio.run(story(journal))
        found = answers(journal)
        pruned = journal.prune(Keep(), SINKS, at(60 * 24 * 100))
        later = answers(journal)
        return {**found, "pruned": pruned, **{f"{name}, later": value for name, value in later.items()}}


def test_both_stores_answer_the_same(tmp_path: Path, postgresql: str) -> None:
    file = told("sqlite", tmp_path, "")
    shared = told("postgresql", tmp_path, postgresql)

    assert {name: shared[name] for name in file} == file
    assert file["counts"]["done"], "the story has something to answer"
    assert file["pruned"].deliveries


async def test_a_nul_in_a_text_is_kept_as_a_sign_that_it_was_there(postgresql: str) -> None:
    with stores.opened("postgresql", Path(), postgresql) as journal:
        await journal.accept(Incoming("bad", "issues", b"\0", NOW, quarantine="it has a \0 in it"))

        [row] = journal.deliveries()
        assert (row.reason, journal.body(row.seq)) == ("it has a \ufffd in it", b"\0"), "PostgreSQL's texts hold none"
