"""No statement on the hot path reads a whole table: each that really runs is explained by SQLite."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.plan import AddLabels
from engine.ports import Applied
from tassist.store import holds, inbox, lanes, ledger, prune, standing
from tassist.store.database import connect
from tassist.store.journal import Journal
from tassist.store.model import FinishedRun, Incoming, Keep, Lane, LaneKey, News, Sorted, Target, to_us

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEY = LaneKey(7, 1)
_TABLES = ("deliveries", "bodies", "looks", "lanes", "runs", "effects", "records", "doubts", "holds", "children")
_WHOLE = re.compile(rf"^SCAN ({'|'.join(_TABLES)}|[a-z])\b")


def whole_reads(connection: sqlite3.Connection, statement: str) -> list[str]:
    """The steps of a statement's plan that read a whole table or index, or sort what they found."""
    steps = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    return [step for step in steps if (_WHOLE.match(step) or "USE TEMP B-TREE" in step) and step not in _FEW]


_FEW = {
    "SCAN r",  # the repositories found so far, one step of an index each
    "SCAN d USING INDEX deliveries_unsorted",  # a partial index that holds only what is not sorted yet
}
_COUNTED = {
    "SELECT 1 FROM lanes LIMIT 1 OFFSET 1023": "it goes no further than that, once for each page that is sorted",
    "SELECT count(*) FROM lanes": "asked for once a scrape; an index of 20 bytes an issue",
    "SELECT count(*) FROM deliveries WHERE state = 'stored'": "a partial index that holds only what is not sorted yet",
}
_SORTED_FEW = ("SELECT e.effect FROM effects e JOIN runs r",)  # what one issue's runs wrote within minutes


def everything_hot(connection: sqlite3.Connection) -> None:
    """Every function a delivery passes on its way, a look runs through, and retention repeats."""
    seqs = []
    for number, delivery_id in enumerate(("a", "b", "a"), 1):
        seqs.append(inbox.accept(connection, Incoming(delivery_id, "issues", b"%d" % number, NOW)).seq)
    inbox.unsorted(connection, 10, most_bytes=10**6)
    for seq, number in zip(seqs, (1, 2, 0), strict=True):
        place = Sorted(seq, "waiting", installation_id=5, repo_id=7, repo="o/r", targets=(Target(7, "o/r", number),))
        inbox.store_sorted(connection, place, NOW)
    inbox.backlog(connection)
    lanes.repos(connection)
    lanes.many_wait(connection, 1024)
    lanes.ready(connection, 7, NOW, 16)
    lanes.next_moment(connection, 7, NOW)
    found = lanes.lane(connection, LaneKey(7, 0))
    assert isinstance(found, Lane)
    lanes.covered(connection, KEY, 100)
    lanes.started(connection, KEY, rest=timedelta(seconds=10), now=NOW)
    lanes.stopped(connection, KEY)
    lanes.put_off(connection, KEY, until=NOW, reason="down", now=NOW)
    ledger.unfinished(connection, KEY)
    ledger.begin_run(connection, run_id="r", key=KEY, repo="o/r", trigger="{}", started_at=NOW)
    effect = AddLabels(("a",), rule="track")
    ordinal = ledger.intend(connection, run_id="r", effect=effect, now=NOW)
    ledger.settle(connection, run_id="r", ordinal=ordinal, applied=Applied(effect, changed=True), now=NOW)
    ledger.recent(connection, KEY, NOW)
    ledger.effects(connection, "r")
    lanes.finish(
        connection,
        FinishedRun(
            "r", KEY, "o/r", "{}", NOW, NOW, "success", None, "{}", 10**9, "e", b"{}", resolved=((1, "failed"),)
        ),
    )
    lanes.spread(connection, found, up_to_seq=seqs[-1], numbers=(3, 4), now=NOW)
    holds.take(connection, KEY, "undo", until=NOW, now=NOW)
    holds.release(connection, KEY, "undo")
    standing.heed(connection, News("installation-suspended", 9), seq=1, now=NOW)
    standing.heed(connection, News("repo-gone", 7), seq=1, now=NOW)
    standing.note(connection, "repository", 8, NOW)
    installation = standing.Doubt("installation", 9, "o", "suspended", "", 0, to_us(NOW), 1)
    standing.settle(connection, installation, standing.Answer("suspended"), up_to_seq=1, now=NOW)
    repository = standing.Doubt("repository", 7, "o/r", "gone", "", 0, to_us(NOW), 1)
    standing.settle(connection, repository, standing.Answer("gone"), up_to_seq=1, now=NOW)
    connection.execute("INSERT INTO cursors VALUES ('jsonl', 1)")
    for step in prune.steps(Keep(), ("jsonl",), NOW + timedelta(days=400)):
        step(connection)


def test_no_hot_statement_reads_a_whole_table(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal, contextlib.closing(connect(journal.path)) as connection:
        ran: list[str] = []
        connection.set_trace_callback(ran.append)
        everything_hot(connection)
        connection.set_trace_callback(None)
        statements = [
            text for text in dict.fromkeys(ran) if text.split()[0] in {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}
        ]
        assert len(statements) > 60

        slow = {
            text: found
            for text in statements
            if text not in _COUNTED and not text.startswith(_SORTED_FEW) and (found := whole_reads(connection, text))
        }

    assert slow == {}


def test_the_outbox_is_read_from_its_place_on(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        ran: list[str] = []
        reader = journal._reader()
        reader.set_trace_callback(ran.append)
        journal.outbox.read(5, 10)
        journal.outbox.cursor("jsonl")
        journal.outbox.waiting("jsonl")
        reader.set_trace_callback(None)

        assert {text: whole_reads(reader, text) for text in ran} == {text: [] for text in ran}


def test_the_check_sees_a_statement_without_an_index(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        reader = journal._reader()

        assert whole_reads(reader, "SELECT seq FROM deliveries WHERE handled_at < 5")
        assert whole_reads(reader, "SELECT l.seq FROM looks l WHERE l.number = 5")
        assert whole_reads(reader, "SELECT seq FROM looks WHERE repo_id = 1 AND number = 2 ORDER BY run_id")
        assert not whole_reads(reader, "SELECT seq FROM looks WHERE repo_id = 1 AND number = 2 ORDER BY seq")
