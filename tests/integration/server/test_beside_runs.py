"""What is recorded of deliveries that lead to no run, and of configurations, by a real service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tassist.sandbox.git_store import commit_file
from tests.support.delivering import compact
from tests.support.service import CONFIG, Outside, deliver, outside, wait_for


def recorded(world: Outside, event_type: str) -> list[dict[str, Any]]:
    found = [
        json.loads(line)
        for path in sorted(world.home.glob("telemetry/v1/repos/*/*/*.jsonl"))
        for line in path.read_text().splitlines()
    ]
    return [record for record in found if record["event_type"] == event_type]


def test_a_delivery_that_leads_to_no_run_has_one_record_that_says_why(tmp_path: Path) -> None:
    with outside(tmp_path) as world:
        with world.service() as service:
            assert deliver(service.url, {"zen": "Keep it simple.", "hook_id": 1}, event="ping", delivery_id="p") == 202
            starred = {"action": "created", **world.payload(1)}
            for _ in range(2):
                assert deliver(service.url, starred, event="star", delivery_id="s") in {200, 202}
            assert deliver(service.url, b"no JSON at all", delivery_id="q") == 400
            assert deliver(service.url, compact({"action": "opened", "issue": 7}), delivery_id="odd") == 202
            wait_for(lambda: len(recorded(world, "delivery_recorded")) >= 4, "their records are in the file")
            assert service.stop() == 0
        found = {record["trigger"]["delivery_id"]: record for record in recorded(world, "delivery_recorded")}

    assert sorted(found) == ["odd", "p", "q", "s"]
    assert {key: record["outcome"] for key, record in found.items()} == {
        "odd": "failed",
        "p": "success",
        "q": "failed",
        "s": "success",
    }
    assert found["s"]["trigger"]["event"] == "star"
    assert found["s"]["note"]
    assert found["s"]["reason"] is None
    assert found["q"]["reason"]
    assert found["s"]["repo"] == "octo/app"


def test_a_configuration_is_recorded_when_it_is_another_one_and_after_a_start(tmp_path: Path) -> None:
    with outside(tmp_path) as world:
        numbers = [world.issue().number for _ in range(6)]

        def configured(text: str) -> None:
            with world.box.lock:
                commit_file(
                    world.repo,
                    ".github/task-assistant.yml",
                    text.encode(),
                    "configure",
                    world.by.user,
                    world.box.clock.now(),
                )

        def handled(number: int) -> None:
            assert deliver(service.url, world.payload(number), delivery_id=f"d{number}") == 202
            wait_for(lambda: world.states().get(f"d{number}") == "done", f"{number} is through")

        with world.service() as service:
            handled(numbers[0])
            handled(numbers[1])
            configured(CONFIG.replace("tracks:", "trakcs:"))
            handled(numbers[2])
            configured(CONFIG)
            handled(numbers[3])
            wait_for(lambda: len(recorded(world, "config_validated")) >= 3, "their records are in the file")
            assert service.stop() == 0
        with world.service() as service:  # what the service before read is not remembered
            handled(numbers[4])
            handled(numbers[5])
            wait_for(lambda: len(recorded(world, "config_validated")) >= 4, "the first reading is in the file")
            assert service.stop() == 0
        found = recorded(world, "config_validated")
        runs = {record["run_id"]: record for record in recorded(world, "run")}

    assert [(record["outcome"], record["counts"]["problems"] > 0) for record in found] == [
        ("success", False),
        ("blocked", True),
        ("success", False),
        ("success", False),
    ]
    assert found[3]["config_digest"] == found[2]["config_digest"]
    assert "tracks is missing" in found[1]["reason"]
    assert len({record["config_digest"] for record in found}) == 2
    assert all(record["config_digest"] == runs[record["run_id"]]["config_digest"] for record in found)
