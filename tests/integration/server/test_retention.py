"""A year in a journal: what is over goes while the service runs, and what that could break does not."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tassist.entry import run as tassist_run
from tassist.server.metrics import TABLE
from tassist.store.database import FILE_NAME
from tassist.store.journal import Journal
from tassist.store.model import Keep
from tassist.store.schema import STEPS
from tassist.telemetry.pump import Pump
from tassist.telemetry.sinks.jsonl import JsonlSink
from tests.support.outbox_killed import DEATHS, RECORDS, finished
from tests.support.service import Outside, deliver, wait_for


def age(home: Path, days: int) -> None:
    """Let everything in a journal have happened so many days earlier."""
    us = days * 86_400 * 10**6
    with closing(sqlite3.connect(home / FILE_NAME)) as connection, connection:
        connection.execute("UPDATE deliveries SET received_at = received_at - ?, handled_at = handled_at - ?", (us, us))
        connection.execute("UPDATE runs SET started_at = started_at - ?, finished_at = finished_at - ?", (us, us))


def handle(world: Outside, delivery_id: str, number: int) -> None:
    with world.service() as service:
        assert deliver(service.url, world.payload(number), delivery_id=delivery_id) == 202
        wait_for(lambda: world.states().get(delivery_id) == "done", "the delivery to be done")
        assert service.stop() == 0


def test_h23_a_redelivery_after_everything_about_it_is_gone_changes_nothing(world: Outside) -> None:
    issue = world.issue()
    handle(world, "d-1", issue.number)
    assert len(world.writes()) == 3
    age(world.home, 91)

    with world.service() as service:
        wait_for(lambda: not world.deliveries(), "the old delivery to go")
        assert deliver(service.url, world.payload(issue), delivery_id="d-1") == 202
        wait_for(lambda: world.states() == {"d-1": "done"}, "the redelivery to be done")

        def metrics() -> str:
            with urllib.request.urlopen(service.url + "/metrics", timeout=30) as answer:
                text: str = answer.read().decode()
            return text

        # A round is counted when it is through, a moment after its last row has gone.
        counted = ('tassist_pruned_total{kind="deliveries"} 1', 'tassist_pruned_total{kind="runs"} 1')
        wait_for(lambda: all(line in metrics() for line in counted), "the round to be counted")
        said = [line for line in metrics().splitlines() if line.startswith("# TYPE ")]
        assert said == [f"# TYPE {metric.shown} {metric.type}" for metric in TABLE], (
            "all of the table, and nothing else"
        )
        assert service.stop() == 0

    assert len(world.writes()) == 3, "the issue was in order already"
    assert [len(record["changes_made"]) for record in world.records()] == [3, 0]


def test_the_verbs_say_what_is_there_what_would_go_and_that_it_went(
    world: Outside, capsys: pytest.CaptureFixture[str]
) -> None:
    issue = world.issue()
    handle(world, "d-1", issue.number)
    age(world.home, 8)

    def said(*words: str) -> dict[str, object]:
        assert tassist_run(["store", *words, "--home", str(world.home), "--json"]) == 0
        document: dict[str, object] = json.loads(capsys.readouterr().out)
        return document

    before = said("info")
    assert (before["bodies"], before["schema_version"], before["runs"]) == (1, len(STEPS), 1)
    # A run, and the configuration it read for the first time.
    expected = {"records": 2, "bodies": 1, "deliveries": 0, "given_up": 0, "runs": 0, "effects": 0, "sweeps": 0}
    assert said("prune", "--dry-run") == {"dry_run": True, **expected}
    assert said("info") == before
    assert said("prune", "--compact") == {"dry_run": False, **expected}
    after = said("info")
    assert (after["bodies"], after["records"], after["free_bytes"]) == (0, 0, 0)
    assert tassist_run(["store", "info", "--home", str(world.home)]) == 0
    assert "schema version" in capsys.readouterr().out


def test_space_is_not_given_back_under_a_running_service(world: Outside) -> None:
    with world.service() as service:
        found = subprocess.run(
            [sys.executable, "-m", "tassist", "store", "prune", "--compact", "--home", str(world.home)],
            env=world.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert service.alive()

    assert found.returncode != 0
    assert "a service uses this journal" in found.stderr


@pytest.mark.parametrize("death", DEATHS)
def test_h20_a_record_every_sink_has_is_never_written_twice_wherever_the_process_dies(
    tmp_path: Path, death: str
) -> None:
    home, folder = tmp_path / "home", tmp_path / "telemetry"
    died = subprocess.run(
        [sys.executable, "-m", "tests.support.outbox_killed", str(home), str(folder), death],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        timeout=60,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL

    with Journal.open(home) as journal:
        # The runs are finished once more, as by a process that does not know that it had succeeded.
        for number in range(RECORDS):
            journal.writer.write_now(finished(number))
        journal.enrol(("jsonl",))
        pump = Pump(journal.outbox, [JsonlSink(folder)])
        pump.start()
        assert pump.drain(30)
        journal.prune(Keep(), ("jsonl",), datetime.now(UTC) + timedelta(days=1))
        assert pump.stop()
        assert journal.outbox.read(0, 1) == []

    lines = [line for path in folder.rglob("*.jsonl") for line in path.read_text().splitlines()]
    written = Counter(json.loads(line)["event_id"] for line in lines)
    assert len(written) == RECORDS
    assert set(written.values()) == {1}
