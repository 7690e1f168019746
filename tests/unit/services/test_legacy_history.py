"""Legacy telemetry becomes records of our contract: valid, marked, once each, whatever is imported in whatever order."""

from __future__ import annotations

import gc
import json
import subprocess
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from engine.problems import ProblemError
from migrations.model import Recorded
from tassist.services.migrate.history import Imported, Source, local, records, take_in
from tassist.telemetry.paths import record_files
from tassist.telemetry.shape import READ_RECORD
from tassist.telemetry.verify import verify
from tests.support.legacy import git, repository
from tests.support.legacy_shop import NAME, SHOP

FOLDER = SHOP / "telemetry"


def stored(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in record_files([folder]) for line in file.read_bytes().splitlines()]


def test_every_form_becomes_valid_records_marked_as_legacy(tmp_path: Path) -> None:
    done = take_in(local(FOLDER), tmp_path)

    found = stored(tmp_path)
    assert done.repo == NAME
    assert len(found) == done.written
    assert {record["origin"] for record in found} == {"legacy:codex"}
    assert {record["event_type"] for record in found} == {"issue_observed", "sweep_finished"}
    assert verify([tmp_path]).fault_count == 0
    assert {record["subject"] for record in found} >= {"activity", "cleaner", "diagnostics", "self-test", "supervisor"}
    states = [record["state"] for record in found if record["issue_number"] == 1 and "state" in record]
    assert [state["labels"][-1] for state in states] == ["codex-trackmain", "needs-attention"], "each state once"
    assert {state["track"] for state in states} == {"main"}
    assert not any("a body" in json.dumps(record) or "basket" in json.dumps(record) for record in found)
    assert (done.unread, done.mended) == (5, 2)


def test_a_second_import_writes_nothing_and_the_order_of_files_does_not_matter(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    source = local(FOLDER)
    files = list(source.files)
    first = take_in(Source(NAME, files), one)
    again = take_in(Source(NAME, files), one)
    take_in(Source(NAME, files[::-1]), two)

    assert (again.written, again.repeated) == (0, first.written + first.repeated)
    assert {record["event_id"] for record in stored(one)} == {record["event_id"] for record in stored(two)}


def test_titles_are_recorded_only_where_they_are_wanted(tmp_path: Path) -> None:
    take_in(local(FOLDER), tmp_path, titles=True)

    assert any(record.get("state", {}).get("title") == "Chart of sales" for record in stored(tmp_path))


def test_only_counting_writes_nothing_and_says_the_same_number(tmp_path: Path) -> None:
    counted = take_in(local(FOLDER), None)
    written = take_in(local(FOLDER), tmp_path)

    assert counted.written == written.written


def test_every_version_a_checkouts_branch_ever_held_is_taken(tmp_path: Path) -> None:
    def git(*args: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *args], capture_output=True, check=True)

    git("init", "-q", "-b", "gh-pages")
    for day in (1, 2, 3):
        file = tmp_path / "supervisor-telemetry" / "latest.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(
            json.dumps({"timestamp": f"2026-10-0{day}T00:00:00Z", "source": "supervisor-v4", "pr_open": day})
        )
        git("add", "-A")
        git("commit", "-q", "-m", str(day))
    git("rm", "-q", "-r", "supervisor-telemetry")
    git("commit", "-q", "-m", "gone")

    lines = [READ_RECORD(line) for line in records(local(tmp_path, "lena/shop"), Imported())]

    assert [dict(record.counts) for record in lines] == [{"pr_open": 1}, {"pr_open": 2}, {"pr_open": 3}]


def test_what_cannot_be_imported_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    for path, words in ((tmp_path / "nowhere", "there is no"), (tmp_path, "--repo OWNER/NAME")):
        with pytest.raises(ProblemError, match=words):
            local(path)
    with pytest.raises(ProblemError, match="no name"):
        list(records(Source("x y", []), Imported()))


def test_h71_a_files_name_and_a_component_from_outside_cannot_act_on_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "a\x1b]0;x\x07.json").write_text("{]")

    done = take_in(local(tmp_path, NAME), None)

    assert "\x1b" not in str(done.problems[0])


def test_the_real_record_is_imported_whole(project_root: Path, tmp_path: Path) -> None:
    recorded = project_root.parent / "shared" / "recorded" / "saas-app"
    if not recorded.is_dir():
        pytest.skip("the recorded data is not beside the checkout")

    done = take_in(local(recorded), tmp_path)

    assert (done.repo, done.unread, done.mended) == ("garybayes/saas-app", 0, 2)
    assert verify([tmp_path]).fault_count == 0
    assert sum(record["event_type"] == "issue_observed" for record in stored(tmp_path)) > 100


def test_a_branch_of_any_size_is_read_one_file_at_a_time(tmp_path: Path) -> None:
    """Sixteen versions of a file of a megabyte; at no time more than a few of them are in memory."""
    line = {
        "component": "activity",
        "timestamp": "20251101T000000Z",
        "repository": NAME,
        "issues": [],
        "x": "y" * 1_000_000,
    }
    app = tmp_path / "app"
    versions = [{"telemetry/a.json": json.dumps({**line, "turn": turn})} for turn in range(16)]
    repository(app, *versions)
    git(app, "branch", "-m", "gh-pages")
    git(app, "update-ref", "refs/remotes/origin/gh-pages", "gh-pages")
    source = local(app, NAME)
    gc.collect()
    tracemalloc.start()

    sizes = [len(file.content) for file in source.files if isinstance(file, Recorded)]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(sizes) == 16
    assert sum(sizes) > 16_000_000
    assert most < 5_000_000, "a file, the next one, and what a pipe holds"
