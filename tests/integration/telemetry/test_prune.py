"""Pruning keeps what records add up to, also when it is killed in between."""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.model import IssueRef
from engine.problems import ProblemError
from tassist.errors import Secret
from tassist.telemetry import around, paths
from tassist.telemetry.prune import Pruned, prune
from tassist.telemetry.prune_table import prune_table
from tassist.telemetry.record import run_record
from tassist.telemetry.shape import READ_RECORD, Change
from tassist.telemetry.sinks.jsonl import JsonlSink
from tassist.telemetry.sinks.sql import COLUMNS, Postgres, Sqlite, SqlSink
from tassist.telemetry.verify import verify
from tests.integration.telemetry.conformance import entries, records
from tests.support.records import NOON, full_result, full_trigger, line

LATER = NOON + timedelta(days=10)


def all_of(root: Path) -> list[dict[str, Any]]:
    return [json.loads(raw) for file in paths.record_files([root]) for raw in file.read_bytes().splitlines()]


def totals(root: Path) -> Counter[str]:
    """As a reader counts: records that stand, plus what aggregates add."""
    return totals_of(all_of(root))


def totals_of(read: list[dict[str, Any]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for record in read:
        if record["event_type"] == "day_aggregate":
            found["runs"] += record["counts"].get("run", 0)
            found["partial"] += record["counts"].get("run.partial", 0)
            found["already"] += record["counts"].get("rule.exclusivity.track.already", 0)
            found["deliveries"] += record["counts"]["deliveries"]
        elif record["event_type"] == "run":
            found["runs"] += 1
            found["partial"] += record["outcome"] == "partial"
            found["already"] += len(record["decisions"])
            found["deliveries"] += len(record["trigger"]["delivery_ids"])
    return found


def fill(root: Path) -> list[bytes]:
    lines = records(200, repos=("acme/orbit", "acme/lander"))
    lines.append(line(900, reason="one went wrong", at=NOON))
    lines.append(around.step_record("setup_step", step="app", run_id="s", at=NOON))
    lines.append(around.step_record("migration_step", step="apply", run_id="m", at=NOON, repo="acme/orbit"))
    JsonlSink(root, max_bytes=9000).write(entries(lines))
    return lines


def test_what_is_counted_before_is_counted_after(tmp_path: Path) -> None:
    fill(tmp_path)
    before = totals(tmp_path)

    done = prune(tmp_path, keep_days=9, now=LATER, told=lambda _: None)

    assert totals(tmp_path) == before
    assert before["runs"] == 201
    assert done.records > 50
    assert done.kept == 3, "setup, migration, and the run that needs a person"
    days = {
        record["timestamp"][:10]
        for record in all_of(tmp_path)
        if record["outcome"] == "success" and record["event_type"] == "run"
    }
    assert days == {"2026-03-02"}, "younger days stand"
    report = verify([tmp_path])
    assert (report.fault_count, set(report.by_code)) == (0, {"file-pruned"})


def test_an_aggregate_keeps_the_last_state_of_every_issue(tmp_path: Path) -> None:
    first = line(1, at=NOON, labels=("old",))
    last = line(51, at=NOON + timedelta(hours=1), labels=("new",))
    JsonlSink(tmp_path).write(entries([first, last]))

    prune(tmp_path, keep_days=1, now=LATER)

    (kept,) = [READ_RECORD(json.dumps(record)) for record in all_of(tmp_path)]
    assert kept.issues["2"].labels == ("new",)
    assert (kept.subject, kept.counts["run"], kept.repo) == ("2026-03-01", 2, "acme/orbit")


def test_records_kept_for_ever_stand_byte_for_byte(tmp_path: Path) -> None:
    lines = fill(tmp_path)

    prune(tmp_path, keep_days=1, now=LATER)

    folder = paths.repo_folder(tmp_path, "-/-")
    assert (folder / "kept.jsonl").read_bytes() == lines[-2] + b"\n"


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    fill(tmp_path)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file() and file.name != ".lock"}

    done = prune(tmp_path, keep_days=1, now=LATER, dry_run=True)

    assert (done.records, done.kept) == (200, 3)
    assert {
        file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file() and file.name != ".lock"
    } == before


@pytest.mark.parametrize("after", range(12))
def test_h20_killed_anywhere_in_between_nothing_is_counted_twice_or_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    fill(tmp_path)
    before = totals(tmp_path)
    steps = 0
    unlink, sync = Path.unlink, os.fsync

    def dying_unlink(self: Path, *, missing_ok: bool = False) -> None:
        nonlocal steps
        steps += 1
        if steps > after:
            raise KeyboardInterrupt
        unlink(self, missing_ok=missing_ok)

    def dying_sync(descriptor: int) -> None:
        nonlocal steps
        steps += 1
        if steps > after:
            raise KeyboardInterrupt
        sync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", dying_unlink)
        patch.setattr(os, "fsync", dying_sync)
        with pytest.raises(KeyboardInterrupt):
            prune(tmp_path, keep_days=9, now=LATER)

    prune(tmp_path, keep_days=9, now=LATER)

    assert totals(tmp_path) == before
    kinds = Counter(record["event_id"] for record in all_of(tmp_path))
    assert max(kinds.values()) == 1


def test_a_file_with_a_line_that_is_no_record_is_left_alone(tmp_path: Path) -> None:
    fill(tmp_path)
    file = tmp_path / "v1/repos/acme/orbit/2026-03-01.jsonl"
    file.write_bytes(file.read_bytes() + b"{nonsense\n")

    done = prune(tmp_path, keep_days=1, now=LATER)

    assert done.skipped == [str(file)]
    assert file.exists()


def test_late_records_of_a_pruned_day_are_folded_later_beside_it(tmp_path: Path) -> None:
    JsonlSink(tmp_path).write(entries([line(1), line(2)]))
    prune(tmp_path, keep_days=1, now=LATER)
    JsonlSink(tmp_path).write(entries([line(3)]))

    prune(tmp_path, keep_days=1, now=LATER)

    assert totals(tmp_path)["runs"] == 3
    assert [record["event_type"] for record in all_of(tmp_path)] == ["day_aggregate"] * 2


def test_a_running_sink_goes_on_after_its_files_were_pruned(tmp_path: Path) -> None:
    sink = JsonlSink(tmp_path)
    sink.write(entries([line(1)]))
    prune(tmp_path, keep_days=1, now=LATER)

    sink.write(entries([line(2)], 2))

    assert totals(tmp_path)["runs"] == 2
    assert verify([tmp_path]).fault_count == 0


def test_a_folder_without_telemetry_is_nothing_to_do(tmp_path: Path) -> None:
    assert prune(tmp_path / "none", keep_days=1, now=LATER) == Pruned(bare=True)
    assert not (tmp_path / "none").exists()


def test_the_newest_run_that_needs_a_person_stays_whole(tmp_path: Path) -> None:
    older = line(1, at=NOON, reason="first")
    newer = line(51, at=NOON + timedelta(hours=1), reason="second")
    JsonlSink(tmp_path).write(entries([older, newer]))

    prune(tmp_path, keep_days=1, now=LATER)

    whole = [record["reason"] for record in all_of(tmp_path) if record["event_type"] == "run"]
    assert whole == ["second"]
    assert totals(tmp_path)["partial"] == 2


def test_every_value_that_was_written_survives_with_its_rule(tmp_path: Path) -> None:
    run = run_record(full_result(), trigger=full_trigger(), run_id="r1", recorded=NOON)
    again = json.loads(run) | {"event_id": "e2", "outcome": "success", "reason": None}
    undo = around.run_undone(
        ref=IssueRef("acme/orbit", 42, 900),
        run_id="u",
        undone="r1",
        at=NOON + timedelta(hours=1),
        changes_made=[Change("labels", "x", None)],
    )
    JsonlSink(tmp_path).write(entries([json.dumps(again).encode(), undo]))

    prune(tmp_path, keep_days=1, now=LATER)

    (kept,) = [READ_RECORD(json.dumps(record)) for record in all_of(tmp_path)]
    assert [(item.issue_number, item.field, item.before, item.rule, item.undone) for item in kept.written] == [
        (42, "labels", "track/b", "exclusivity.track", False),
        (42, "labels", "track/ü", "exclusivity.track", False),
        (42, "labels", "x", "", True),
    ]
    assert kept.issues["42"].seen_at == "2026-03-01T12:00:00.250Z"


def test_what_was_imported_is_folded_apart(tmp_path: Path) -> None:
    legacy = json.loads(line(2)) | {"origin": "legacy:codex", "schema_version": "1.1"}
    JsonlSink(tmp_path).write(entries([line(1), json.dumps(legacy).encode()]))

    prune(tmp_path, keep_days=1, now=LATER)

    kept = [READ_RECORD(json.dumps(record)) for record in all_of(tmp_path)]
    assert [(record.origin, record.counts["run"]) for record in kept] == [("", 1), ("legacy:codex", 1)]


def test_a_checkout_of_a_telemetry_repository_is_pruned_as_well(tmp_path: Path) -> None:
    day = tmp_path / "v1/repos/acme/orbit/2026-03-01"
    day.mkdir(parents=True)
    (day / "batch1.jsonl").write_bytes(line(1) + b"\n")
    (day / "batch2.jsonl").write_bytes(line(2) + b"\n")

    prune(tmp_path, keep_days=1, now=LATER)

    assert totals(tmp_path)["runs"] == 2
    assert [file.name for file in paths.record_files([tmp_path])] == ["kept.jsonl"]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sqlite | Postgres]:
    """A database without records."""
    if request.param == "sqlite":
        yield Sqlite(tmp_path / "telemetry.db")
        return
    made = Postgres(Secret(request.getfixturevalue("postgresql")), shown="test")
    with contextlib.closing(made.connect()) as connection:  # tests of the sink leave its tables in the same database
        connection.execute("DROP TABLE IF EXISTS telemetry_records, telemetry_schema")
        connection.commit()
    yield made


def put(database: Sqlite | Postgres, lines: list[bytes]) -> None:
    sink = SqlSink(database, name="sql")
    sink.write(entries(lines))
    sink.close()


def test_nothing_is_made_where_no_table_is(database: Sqlite | Postgres) -> None:
    for dry_run in (True, False):
        with contextlib.closing(database.connect()) as connection:  # also makes the file
            assert prune_table(database, keep_days=9, now=LATER, dry_run=dry_run) == Pruned(bare=True)
            assert connection.execute(database.there).fetchone() is None


def test_a_table_is_pruned_day_by_day_and_counts_the_same(database: Sqlite | Postgres) -> None:
    lines = [*records(200), line(900, reason="one went wrong", at=NOON)]
    lines.append(around.step_record("setup_step", step="app", run_id="s", at=NOON))
    put(database, lines)
    before = table_totals(database)

    dry = prune_table(database, keep_days=9, now=LATER, dry_run=True)
    assert table_totals(database) == before
    done = prune_table(database, keep_days=9, now=LATER)
    again = prune_table(database, keep_days=9, now=LATER)

    assert table_totals(database) == before
    assert (dry.records, dry.kept) == (done.records, done.kept)
    assert (done.kept, again.records) == (2, 0)
    assert done.records > 50


def test_a_day_with_a_row_that_is_no_record_is_left_alone(database: Sqlite | Postgres) -> None:
    put(database, [line(1)])
    connection = database.connect()
    connection.execute("UPDATE telemetry_records SET line = '{nonsense'")
    connection.commit()
    connection.close()

    assert prune_table(database, keep_days=1, now=LATER).skipped == ["acme/orbit 2026-03-01"]


def test_a_day_whose_transaction_breaks_stays_whole(
    database: Sqlite | Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, records(100))
    before = table_totals(database)
    with monkeypatch.context() as patch:
        patch.setattr("tassist.telemetry.prune_table.COLUMNS", (*COLUMNS, "no_such_column"))
        with pytest.raises(ProblemError):
            prune_table(database, keep_days=1, now=LATER)

    assert table_totals(database) == before
    assert prune_table(database, keep_days=1, now=LATER).records == 100
    assert table_totals(database) == before


def table_totals(database: Sqlite | Postgres) -> Counter[str]:
    connection = database.connect()
    found = [json.loads(row[0]) for row in connection.execute("SELECT line FROM telemetry_records")]
    connection.close()
    return totals_of(found)
