"""Pruning keeps what records add up to, also when it is killed in between."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tassist.telemetry import around, paths
from tassist.telemetry.prune import Pruned, prune
from tassist.telemetry.shape import READ_RECORD
from tassist.telemetry.sinks.jsonl import JsonlSink
from tassist.telemetry.verify import verify
from tests.integration.telemetry.conformance import entries, records
from tests.support.records import NOON, line

LATER = NOON + timedelta(days=10)


def all_of(root: Path) -> list[dict[str, Any]]:
    return [json.loads(raw) for file in paths.record_files([root]) for raw in file.read_bytes().splitlines()]


def totals(root: Path) -> Counter[str]:
    """As a reader counts: records that stand, plus what aggregates add."""
    found: Counter[str] = Counter()
    for record in all_of(root):
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
    assert done.kept == 2
    days = {record["timestamp"][:10] for record in all_of(tmp_path) if record["event_type"] == "run"}
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

    assert done.records == 201
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
    assert prune(tmp_path / "none", keep_days=1, now=LATER) == Pruned()
    assert not (tmp_path / "none").exists()
