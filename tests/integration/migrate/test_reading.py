"""A migration reads checkouts, bare clones, snapshots and folders of records, and nothing of a repository's own is run."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from engine.problems import ProblemError
from migrations.model import Snapshot
from tassist.config import settings
from tassist.services.migrate.checkout import read_checkout
from tassist.services.migrate.reading import read_local, read_target
from tassist.services.migrate.snapshot_file import document_of, read_snapshot_file
from tests.support.legacy import codes, git, recorded, repository, write

FLOW = "on: push\njobs: {a: {runs-on: x, steps: [{run: make}]}}\n"


async def read(target: object, **more: object) -> Snapshot:
    return await read_target(str(target), settings.load({}), **more)  # type: ignore[arg-type]  # named by the test


def test_a_checkout_gives_its_workflows_guide_scripts_and_earlier_revisions(tmp_path: Path) -> None:
    app = repository(
        tmp_path / "app",
        {".github/workflows/a.yml": FLOW, "README.md": "old"},
        {".github/workflows/a.yml": FLOW + "# two\n", ".github/workflows/b.yaml": FLOW, "scripts/x.sh": "true"},
        {".github/actions/own/action.yml": "name: own", "README.md": "# guide", "docs/a.md": "b", "src/a.py": ""},
    )
    git(app, "rm", "-q", ".github/workflows/b.yaml")
    git(app, "commit", "-q", "-m", "gone", day=9)
    git(app, "remote", "add", "origin", "https://github.com/octo/app.git")

    found = read_checkout(app)

    assert found.repo == "octo/app"
    assert [file.path for file in found.workflows] == [".github/workflows/a.yml"]
    assert [(file.path, file.at.day if file.at else 0) for file in found.history] == [
        (".github/workflows/a.yml", 1),
        (".github/workflows/a.yml", 2),
        (".github/workflows/b.yaml", 2),
    ]
    assert [file.path for file in found.files] == [".github/actions/own/action.yml", "scripts/x.sh"]
    assert [file.path for file in found.guides] == ["README.md", "docs/a.md"]
    assert found.issues is None


def test_a_bare_clone_tells_the_same(tmp_path: Path) -> None:
    app = repository(tmp_path / "app", {".github/workflows/a.yml": FLOW, "README.md": "x"})
    git(tmp_path, "clone", "-q", "--bare", str(app), "bare.git")

    found = read_checkout(tmp_path / "bare.git")

    assert [file.path for file in found.workflows] == [".github/workflows/a.yml"]
    assert [file.text for file in found.guides] == ["x"]


def test_the_record_branch_gives_telemetry_and_the_newest_state(tmp_path: Path) -> None:
    app = repository(tmp_path / "app", {"README.md": "x"})
    git(app, "checkout", "-q", "--orphan", "gh-pages")
    state = {"component": "c", "repository": "octo/app", "issues": [{"number": 3, "title": "t", "labels": ["a"]}]}
    write(
        app,
        {
            "telemetry/1.json": json.dumps({**state, "timestamp": "20251206T024831Z"}),
            "telemetry/2.json": '{"updated": ,}',
        },
    )
    git(app, "add", "-A")
    git(app, "commit", "-q", "-m", "telemetry")
    git(app, "checkout", "-q", "main")

    found = read_checkout(app)
    assert [record.path for record in found.telemetry] == ["telemetry/1.json", "telemetry/2.json"]


def test_h68_a_link_in_a_checkout_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    write(tmp_path, {"outside/secret.md": "not yours", "app/README.md": "x"})
    (tmp_path / "app" / "docs").symlink_to(tmp_path / "outside")
    (tmp_path / "app" / "link.md").symlink_to(tmp_path / "outside" / "secret.md")

    assert [file.path for file in read_checkout(tmp_path / "app").guides] == ["README.md"]


def test_a_repository_cannot_make_git_run_anything(tmp_path: Path) -> None:
    app = repository(tmp_path / "app", {".github/workflows/a.yml": FLOW})
    trap = tmp_path / "ran"
    for key in ("core.fsmonitor", "core.sshCommand", "diff.external", "core.pager", "filter.x.smudge"):
        git(app, "config", key, f"touch {trap}")
    (app / ".gitattributes").write_text("* filter=x diff=x\n")

    assert len(read_checkout(app).history) == 1
    assert not trap.exists()


def test_a_folder_inside_somebody_elses_repository_is_not_that_repository(tmp_path: Path) -> None:
    app = repository(tmp_path / "app", {".github/workflows/a.yml": FLOW, "inner/README.md": "x"})

    found = read_checkout(app / "inner")

    assert found.history == ()
    assert "no git repository" in found.notes[-1]


def test_a_snapshot_survives_being_written_and_read(tmp_path: Path) -> None:
    whole = {
        "repository": "octo/app",
        "taken_at": "2025-12-06T02:48:31+00:00",
        "issues": [
            {
                "number": 7,
                "title": "t",
                "state": "closed",
                "labels": [{"name": "a"}],
                "milestone": {"number": 4, "title": "M", "state": "closed"},
                "user": {"login": "ann"},
                "pull_request": {},
                "events": [{"event": "labeled", "created_at": "2025-12-01T00:00:00Z", "label": {"name": "a"}}],
            }
        ],
        "labels": [{"name": "a", "color": "FF0000"}],
        "milestones": [{"number": 4, "title": "M", "state": "closed", "due_on": "2026-01-01T08:00:00Z"}],
        "variables": {"A": "1"},
        "secrets": ["PAT"],
        "workflows": {".github/workflows/a.yml": FLOW},
        "telemetry": {"t.json": "{}"},
    }
    (tmp_path / "one.json").write_text(json.dumps(whole))
    one = read_snapshot_file(tmp_path / "one.json")
    (tmp_path / "one.json").write_bytes(msgspec.json.encode(document_of(one)))

    assert read_snapshot_file(tmp_path / "one.json") == one
    assert one.issues
    assert one.issues[0].is_pull_request
    assert one.issues[0].author == "ann"
    assert one.issues[0].timeline


async def test_a_checkout_is_completed_by_its_record(tmp_path: Path) -> None:
    app = repository(tmp_path / "app", {".github/workflows/a.yml": FLOW})
    record = {"component": "c", "repository": "octo/app", "timestamp": "20251206T024831Z", "issues": [{"number": 3}]}
    write(tmp_path, {"record/one.json": json.dumps(record), "record/broken.json": "{,"})

    found = await read(app, record=tmp_path / "record", variables=("A=1=2",))

    assert found.repo == "octo/app"
    assert [issue.ref.number for issue in found.issues or ()] == [3]
    assert len(found.telemetry) == 2
    assert found.variables == {"A": "1=2"}


def test_the_real_record_holds_100_items_of_which_one_sort_is_pull_requests() -> None:
    found = read_local(recorded())

    assert found is not None
    assert found.issues is not None
    assert (found.repo, len(found.issues)) == ("garybayes/saas-app", 100)
    assert sum(issue.is_pull_request for issue in found.issues) > 0
    assert found.taken_at is not None
    assert found.taken_at.isoformat() == "2025-12-06T02:48:31+00:00"


WRONG = {
    "nothing there": ("nowhere", "no-such-target"),
    "not a name": ("a/b/c", "no-such-target"),
    "hostile": ("\x1b[2J", "no-such-target"),
    "not json": ("bad.json", "no-snapshot"),
    "no snapshot": ("other.json", "no-snapshot"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_cannot_be_read_is_named(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"bad.json": "{,", "other.json": '{"a": 1}'})
    target, code = WRONG[case]

    with pytest.raises(ProblemError) as caught:
        await read(target)

    assert codes(caught.value) == [code]
    assert "\x1b" not in str(caught.value)
    assert caught.value.problems[0].fix


async def test_a_variable_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProblemError) as caught:
        await read(repository(tmp_path / "app", {"README.md": "x"}), variables=("A",))

    assert codes(caught.value) == ["variable-wrong"]
