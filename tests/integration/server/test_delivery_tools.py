"""Searching, comparing, editing and sending deliveries again, as a person and as a script do it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tassist.store.journal import Journal
from tassist.store.model import Incoming, Sorted, Target
from tests.support.delivering import SECRET, compact, issue_payload
from tests.support.service import Outside, deliver, wait_for

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SIGNING = {"GITHUB_WEBHOOK_SECRET": SECRET}
HOSTILE = "\x1b]0;owned\x07\u202e"


def tassist(
    home: Path, *args: str, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tassist", *args, "--home", str(home)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3]), **(env or {})},
    )


def lines(done: subprocess.CompletedProcess[str]) -> list[Any]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


BEFORE = issue_payload(7, title=None)
AFTER = issue_payload(7, "edited", title=None)
BEFORE["issue"] |= {"title": 'The "login" page', "labels": [{"name": "bug", "color": "f00"}, {"name": "old"}]}
AFTER["issue"] |= {
    "title": "Die Anmeldeseite für größere",
    "labels": [{"name": "new"}, {"name": "bug", "color": "0f0"}],
}


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    """Four deliveries: of one issue before and after, a quarantined one, and one whose text is hostile."""
    folder = tmp_path / "home"
    with Journal.open(folder) as journal:

        async def came(
            delivery_id: str, body: bytes, hours: int, action: str = "", number: int = 0, **more: Any
        ) -> None:
            at = NOON + timedelta(hours=hours)
            accepted = await journal.accept(Incoming(delivery_id, "issues", body, at, **more))
            if number:
                place = Sorted(
                    accepted.seq, "waiting", action, None, 5, 7, "o/r", "ann", 3, (Target(7, "o/r", number),)
                )
                await journal.store_sorted([(place, ())], at)

        headers = {"content-type": "application/json", "user-agent": "GitHub-Hookshot/abc"}
        await came("before-1", compact(BEFORE), 0, "labeled", 7, headers=headers)
        await came("after-1", json.dumps(AFTER).encode(), 1, "edited", 7)
        await came("broken-1", b'{"a":1,"a":2', 2, quarantine="the payload is not JSON")
        await came("hostile-1", compact(issue_payload(8, title=HOSTILE)), 3, "labeled", 8)
    return folder


# --- search -------------------------------------------------------------------------------------------------------------


async def test_a_word_is_found_with_the_paths_that_hold_it(home: Path) -> None:
    [found] = lines(tassist(home, "deliveries", "search", 'the "LOGIN" page', "--json"))

    assert (found["delivery_id"], found["issues"]) == ("before-1", [7])
    assert found["places"] == [{"path": "issue.title", "text": 'The "login" page'}]


@pytest.mark.parametrize(
    ("args", "found"),
    [
        (["ANMELDESEITE FÜR GRÖSSERE"], ["after-1"]),
        (["hookshot"], ["before-1"]),
        (["broken"], ["broken-1"]),
        (['"a":2'], ["broken-1"]),
        (["o/r"], ["hostile-1", "after-1", "before-1"]),
        (["o/r", "--action", "labeled"], ["hostile-1", "before-1"]),
        (["o/r", "--issue", "7"], ["after-1", "before-1"]),
        (["o/r", "--since", "2026-11-20T13:00:00Z"], ["hostile-1", "after-1"]),
        (["o/r", "--until", "2026-11-20T13:00"], ["before-1"]),
        (["o/r", "--repo", "O/R", "--event", "issues", "--state", "waiting", "--limit", "1"], ["hostile-1"]),
        (["o/r", "--event", "push"], []),
        (["nowhere"], []),
    ],
)
async def test_the_search_can_be_narrowed(home: Path, args: list[str], found: list[str]) -> None:
    assert [row["delivery_id"] for row in lines(tassist(home, "deliveries", "search", *args, "--json"))] == found


async def test_h71_what_is_found_is_shown_harmlessly(home: Path) -> None:
    done = tassist(home, "deliveries", "search", "owned")

    assert done.returncode == 0
    assert "issue" in done.stdout
    assert "owned" in done.stdout
    assert not set(done.stdout) & {"\x1b", "\x07", "\u202e"}


async def test_an_empty_search_is_refused(home: Path) -> None:
    assert tassist(home, "deliveries", "search", " ").returncode == 2


# --- diff ---------------------------------------------------------------------------------------------------------------


async def test_two_deliveries_of_an_issue_are_compared_by_path(home: Path) -> None:
    done = tassist(home, "deliveries", "diff", "before", "after", "--json")

    assert done.returncode == 3
    assert [
        (one["kind"], one["path"], one["before"], one["after"]) for one in json.loads(done.stdout)["differences"]
    ] == [
        ("changed", "action", "labeled", "edited"),
        ("changed", "issue.title", 'The "login" page', "Die Anmeldeseite für größere"),
        ("changed", "issue.labels[name=bug].color", "f00", "0f0"),
        ("removed", "issue.labels[name=old]", {"name": "old"}, None),
        ("added", "issue.labels[name=new]", None, {"name": "new"}),
    ]


async def test_a_part_can_be_compared_and_equal_ones_say_so(home: Path) -> None:
    part = tassist(home, "deliveries", "diff", "before-1", "after-1", "--only", "issue.labels[name=bug]")
    same = tassist(home, "deliveries", "diff", "before-1", "before-1")

    assert part.stdout.splitlines()[2:] == ['~ issue.labels[name=bug].color: "f00" → "0f0"']
    assert (same.returncode, len(same.stdout.splitlines())) == (0, 2)


async def test_what_is_no_json_cannot_be_compared(home: Path) -> None:
    done = tassist(home, "deliveries", "diff", "before-1", "broken-1")

    assert done.returncode == 2
    assert "is not JSON" in done.stderr


# --- edit and show --as -------------------------------------------------------------------------------------------------


async def test_an_edited_copy_differs_where_it_was_edited_and_nowhere_else(home: Path, tmp_path: Path) -> None:
    sets = ["--set", "issue.title=5 o'clock", "--set", "issue.labels[name=bug].color=1", "--unset", "issue.labels[1]"]
    done = tassist(home, "deliveries", "edit", "before", *sets, cwd=tmp_path)
    assert done.stdout == "delivery-before-1.json\n", done.stderr

    compared = tassist(home, "deliveries", "diff", "before", "delivery-before-1.json", "--json", cwd=tmp_path)

    assert [(one["kind"], one["path"], one["after"]) for one in json.loads(compared.stdout)["differences"]] == [
        ("changed", "issue.title", "5 o'clock"),
        ("changed", "issue.labels[name=bug].color", 1),
        ("removed", "issue.labels[name=old]", None),
    ]
    assert (tmp_path / "delivery-before-1.json").stat().st_mode & 0o777 == 0o600
    again = tassist(home, "deliveries", "edit", "before", "--set", "action=x", cwd=tmp_path)
    assert (again.returncode, "there already" in again.stderr) == (2, True)


async def test_an_editor_may_break_the_file_and_hears_where(home: Path, tmp_path: Path) -> None:
    good = tassist(
        home, "deliveries", "edit", "before", "--editor", cwd=tmp_path, env={"EDITOR": "sed -i s/labeled/opened/"}
    )
    bad = tassist(
        home, "deliveries", "edit", "after", "--editor", cwd=tmp_path, env={"EDITOR": "sed -i s/labels.:/labels/"}
    )

    assert good.returncode == 0, good.stderr
    assert json.loads((tmp_path / "delivery-before-1.json").read_text())["payload"]["action"] == "opened"
    assert (bad.returncode, "line" in bad.stderr, "Traceback" in bad.stderr) == (2, True, False)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "say what to change"),
        (["--set", "issue.title"], "sets nothing"),
        (["--set", "issue.nope[0].x=1"], "leads nowhere"),
        (["--unset", "nope"], "there is no nope"),
    ],
)
async def test_an_edit_that_cannot_be_made_writes_nothing(
    home: Path, tmp_path: Path, args: list[str], said: str
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()

    done = tassist(home, "deliveries", "edit", "before", *args, cwd=folder)

    assert (done.returncode, list(folder.iterdir())) == (2, [])
    assert said in done.stderr


@pytest.mark.parametrize("delivery_id", ["before-1", "after-1", "broken-1", "hostile-1"])
async def test_a_delivery_as_a_file_is_the_delivery(home: Path, tmp_path: Path, delivery_id: str) -> None:
    done = tassist(home, "deliveries", "show", delivery_id, "--as", "file")
    (tmp_path / "copy.json").write_text(done.stdout)

    assert done.stdout.isascii()
    with Journal.open(home) as journal:
        from tassist.services import payloads

        taken = payloads.from_file(tmp_path / "copy.json", journal)
        assert taken.body == journal.body(journal.find(delivery_id)[0].seq)
    assert not taken.changed


async def test_as_curl_holds_a_signature_and_no_secret(home: Path) -> None:
    done = tassist(home, "deliveries", "show", "before", "--as", "curl", env=SIGNING)
    without = tassist(home, "deliveries", "show", "before", "--as", "curl")

    assert done.returncode == 0, done.stderr
    assert "X-Hub-Signature-256: sha256=" in done.stdout
    assert SECRET not in done.stdout + done.stderr
    assert (without.returncode, "GITHUB_WEBHOOK_SECRET" in without.stderr) == (4, True)


# --- resend and trigger -------------------------------------------------------------------------------------------------


def test_a_delivery_is_sent_again_unchanged_kept_and_edited(world: Outside, tmp_path: Path) -> None:
    issue = world.issue()
    with world.service() as service:
        assert deliver(service.url, world.payload(issue), delivery_id="d-1234") == 202
        wait_for(world.records, "a record")
        to = ["--to", service.url, "--json"]

        fresh = tassist(world.home, "deliveries", "resend", "d-1234", "--wait", *to, env=world.env)
        kept = tassist(world.home, "deliveries", "resend", "d-1234", "--keep-id", *to, env=world.env)
        tassist(
            world.home, "deliveries", "edit", "d-1234", "--set", "action=reopened", "--output", str(tmp_path / "e.json")
        )
        changed = tassist(world.home, "deliveries", "resend", str(tmp_path / "e.json"), "--wait", *to, env=world.env)
        refused = tassist(world.home, "deliveries", "resend", str(tmp_path / "e.json"), "--keep-id", *to, env=world.env)
        copied = tassist(
            world.home,
            "deliveries",
            "show",
            "d-1234",
            "--as",
            "curl",
            env=world.env | {"TASSIST_PORT": str(service.port)},
        )
        other = tassist(
            world.home, "deliveries", "resend", "d-1234", *to, env=world.env | {"GITHUB_WEBHOOK_SECRET": "another"}
        )
        assert service.stop() == 0

    assert SECRET not in "".join(done.stdout + done.stderr for done in (fresh, kept, changed, refused, copied, other))
    first = json.loads(fresh.stdout)
    assert (fresh.returncode, first["status"], first["kept_id"], first["state"]) == (0, 202, False, "done")
    assert first["run"]["outcome"] == "success"
    again = json.loads(kept.stdout)
    assert (again["status"], again["answer"], again["delivery_id"]) == (200, "duplicate", "d-1234")
    edited = json.loads(changed.stdout)
    assert (edited["status"], edited["kept_id"], edited["state"]) == (202, False, "done")
    assert (refused.returncode, refused.stdout, "an id stands for one body" in refused.stderr) == (2, "", True)
    assert (other.returncode, "another webhook secret" in other.stderr) == (4, True)
    rows = {row.delivery_id: row for row in world.deliveries()}
    assert len(rows) == 3
    assert rows["d-1234"].duplicates == 1
    assert rows[edited["delivery_id"]].action == "reopened"
    assert f":{service.port}/webhook" in copied.stdout


def test_a_trigger_is_a_look_whose_conclusion_is_told(world: Outside) -> None:
    issue = world.issue()
    with world.service() as service:
        known = ["--repo", "octo/app", "--repo-id", str(world.repo.id), "--installation", str(world.installation_id)]
        args = ["issues", "labeled", "--issue", str(issue.number), "--label", "phase-2", "--to", service.url, "--wait"]
        done = tassist(world.home, "trigger", *args, *known, env=world.env)
        # The journal knows the ids now.
        later = tassist(world.home, "trigger", *args, "--repo", "octo/app", "--json", env=world.env)
        gone = tassist(world.home, "trigger", *args[:3], "999", *args[6:], "--repo", "octo/app", env=world.env)
        assert service.stop() == 0

    assert done.returncode == 0, done.stdout + done.stderr
    assert "answer    202 stored" in done.stdout
    assert "success" in done.stdout
    assert len(world.writes()) == 3, "the look went by the issue, not by the payload"
    assert json.loads(later.stdout)["run"]["outcome"] == "success"
    assert "invented" not in later.stderr
    assert gone.returncode == 3, gone.stdout + gone.stderr


def test_nobody_there_is_said(tmp_path: Path) -> None:
    done = tassist(tmp_path, "trigger", "ping", "--to", "http://127.0.0.1:9", env=SIGNING)

    assert (done.returncode, done.stdout, "tassist serve" in done.stderr) == (5, "", True)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["issues"], "comes with an action"),
        (["issues", "labelled", "--repo", "a/b", "--issue", "1"], "no action 'labelled'"),
        (["issues", "opened"], "--repo OWNER/NAME"),
        (["issues", "opened", "--repo", "a/b"], "--issue NUMBER"),
        (["release", "published"], "--payload FILE"),
        (["nonsense\x1b"], "events that are made here"),
        (["ping", "x"], "has no action"),
        (["ping", "--to", "https://api.github.com"], "is GitHub's"),
        (["ping", "--to", "https://example.com"], "--elsewhere"),
    ],
)
def test_what_cannot_be_triggered_says_why(tmp_path: Path, args: list[str], said: str) -> None:
    done = tassist(tmp_path, "trigger", *args, env=SIGNING)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "\x1b" not in done.stderr


def made() -> list[tuple[str, str]]:
    from engine.github_events import ACTIONS_BY_EVENT
    from tassist.services.trigger import MADE

    return [(event, action) for event in MADE for action in ACTIONS_BY_EVENT.get(event, ()) or ("",)]


def test_every_synthetic_payload_has_the_form_the_service_asks_for(tmp_path: Path) -> None:
    from tassist.server.sorting import place
    from tassist.services.trigger import Asked, make
    from tassist.store.model import Unsorted

    for event, action in made():
        taken = make(Asked(event, action, "o/r", 7, 9, 5), now=NOON, home=tmp_path).taken

        sorted_ = place(Unsorted(1, "d", event, taken.content_type, taken.body), "tassist[bot]").sorted

        assert sorted_.state != "quarantined", (event, action, sorted_.reason)
        if event == "issues":
            assert [(target.repo_id, target.number) for target in sorted_.targets] in ([], [(9, 7)])


def test_a_trigger_is_printed_with_the_sender_that_was_named_and_sent_to_nobody(world: Outside, tmp_path: Path) -> None:
    words = ["issues", "labeled", "--repo", "octo/app", "--issue", "7", "--label", "phase-2", "--sender", "lin"]

    printed = tassist(tmp_path, "trigger", *words, "--print", env=SIGNING)

    assert printed.returncode == 0, printed.stderr
    delivery = json.loads(printed.stdout)
    assert (delivery["event"], delivery["payload"]["sender"]["login"]) == ("issues", "lin")
    assert delivery["payload"]["label"]["name"] == "phase-2"
    assert world.deliveries() == []
