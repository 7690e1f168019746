"""`tassist deliveries` as a person and as a script use it, beside a running service and without one."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tassist.store.journal import Journal
from tassist.store.model import Incoming, Sorted, Target
from tests.support.delivering import compact, issue_payload
from tests.support.service import Outside, deliver, wait_for

HOSTILE = "\x1b]0;owned\x07\u202e"


def deliveries(home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tassist", "deliveries", *args, "--home", str(home)], capture_output=True, text=True
    )


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    """A journal with a quarantined delivery, a waiting one, and one whose sender is hostile."""
    now = datetime.now(UTC)
    with Journal.open(tmp_path) as journal:
        await journal.accept(Incoming("aaaa-1", "issues", b"[]", now, quarantine="the payload is not a JSON object"))
        await journal.accept(Incoming(f"bbbb-{HOSTILE}", "ping", b'{"zen":"hi"}', now))
        third = await journal.accept(Incoming("aaaa-2", "issues", compact(issue_payload(7)), now))
        place = Sorted(third.seq, "waiting", "labeled", None, 5, 7, f"o/{HOSTILE}", HOSTILE, 3, (Target(7, "o/r", 7),))
        await journal.store_sorted([(place, ())], now)
    return tmp_path


async def test_the_list_is_newest_first_and_harmless(home: Path) -> None:
    done = deliveries(home, "list")

    assert done.returncode == 0
    assert [line.split()[2][:6] for line in done.stdout.splitlines()[1:]] == ["aaaa-2", "bbbb-␛", "aaaa-1"]
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


async def test_the_list_can_be_narrowed_and_read_by_scripts(home: Path) -> None:
    quarantined = deliveries(home, "list", "--state", "quarantined", "--json")
    issue = deliveries(home, "list", "--issue", "7", "--json")

    assert [json.loads(line)["delivery_id"] for line in quarantined.stdout.splitlines()] == ["aaaa-1"]
    [row] = [json.loads(line) for line in issue.stdout.splitlines()]
    assert (row["issues"], row["state"], row["sender"]) == ([7], "waiting", HOSTILE)


async def test_one_is_shown_by_the_beginning_of_its_id(home: Path) -> None:
    done = deliveries(home, "show", "bbbb")
    body = deliveries(home, "show", "bbbb", "--body")

    assert done.returncode == 0
    assert "ping" in done.stdout
    assert "\x1b" not in done.stdout
    assert body.stdout == '{"zen":"hi"}\n'


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["show", "aaaa"], "2 deliveries begin with aaaa"),
        (["show", "zzzz"], "there is no delivery zzzz"),
        (["replay", "\x1b[2J"], "there is no delivery ␛[2J"),
        (["list", "--state", "lost"], "is not one of"),
    ],
)
async def test_what_cannot_be_found_is_said_with_what_to_do(home: Path, args: list[str], said: str) -> None:
    done = deliveries(home, *args)

    assert done.returncode == 2
    assert said in done.stderr
    assert "fix:" in done.stderr
    assert done.stdout == ""


def test_without_a_journal_nothing_is_made(tmp_path: Path) -> None:
    done = deliveries(tmp_path, "list")

    assert done.returncode == 2
    assert "there is no journal" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_replay_is_handled_by_the_running_service_as_a_run_of_its_own(world: Outside) -> None:
    issue = world.issue()
    with world.service() as service:
        assert deliver(service.url, world.payload(issue), delivery_id="d-1234") == 202
        wait_for(world.records, "a record")

        done = deliveries(world.home, "replay", "d-12", "--json")

        assert done.returncode == 0
        assert json.loads(done.stdout)["state"] == "stored"
        wait_for(lambda: len(world.records()) == 2, "the second record")
        assert service.stop() == 0

    first, second = world.records()
    assert first["run_id"] != second["run_id"]
    assert second["changes_made"] == [], "everything was in order already"
    shown = json.loads(deliveries(world.home, "show", "d-1234", "--json").stdout)
    assert shown["run"]["run_id"] == second["run_id"]
    assert shown["state"] == "done"
