"""`tassist migrate audit` and `diff` as a person runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tassist.services.migrate.rehearsal import why_not
from tests.support import family
from tests.support.legacy import repository, write


def tassist(*args: object, within: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    command = [*within, sys.executable, "-c", "from tassist.entry import main; main()", "migrate", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with legacy automation, its proposed configuration and a record beside it."""
    files = {f".github/workflows/{name}": text for name, text in family.FILES.items()}
    app = repository(tmp_path / "app", {**files, "README.md": "Set TEAM_APP_DELAY_DAYS.\n"})
    (tmp_path / "new.yml").write_text(family.CONFIG)
    (tmp_path / "record").mkdir()
    state = {
        "component": "c", "timestamp": "20251206T120000Z", "repository": "octo/app",
        "issues": [{"number": 1, "title": "\x1b[2Jx", "labels": ["team-app"], "milestone": "App 1", "created_at": "2025-11-01T00:00:00Z", "updated_at": "2025-11-20T00:00:00Z"}],
    }  # fmt: skip
    (tmp_path / "record" / "state.json").write_text(json.dumps(state))
    return app


def test_an_audit_names_what_is_legacy_what_is_wrong_and_what_stays(checkout: Path) -> None:
    done = tassist("audit", checkout)

    assert done.returncode == 3, done.stderr
    assert "issue automation (4)" in done.stdout
    assert "board moves (1)" in done.stdout
    assert "not ours (1), left alone\n  build.yml" in done.stdout
    assert "personal-token, medium" in done.stdout
    assert "TEAM_APP_DELAY_DAYS" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("5 of 6 workflows are legacy automation")

    whole = json.loads(tassist("audit", checkout, "--json").stdout)
    assert {one["path"].rpartition("/")[2]: one["component"] for one in whole["workflows"]} == {
        "board.yml": "pr-status", "build.yml": None, "check.yml": "self-test", "greet.yml": "auto-assign",
        "sync.yml": "project-sync", "watch.yml": "supervisor",
    }  # fmt: skip


def test_a_token_that_stands_in_the_repository_is_not_repeated(tmp_path: Path) -> None:
    token = "ghp_" + "a1" * 18
    leaky = f"""\
on: {{issues: {{types: [opened]}}}}
jobs:
  go:
    runs-on: ubuntu-latest
    steps:
      - uses: octo/made@{token}
      - run: |
          X=$(gh issue list || echo {token})
          gh issue edit 1 --add-label ours
"""
    files = {f".github/workflows/{name}": text for name, text in family.FILES.items()}
    app = tmp_path / "app"
    write(app, {**files, ".github/workflows/leaky.yml": leaky, ".github/workflows/c.yml": f"x: *{token}\n"})
    state = {
        "component": "c", "timestamp": "20251206T120000Z", "repository": "octo/app",
        "issues": [{"number": 1, "title": "x", "labels": ["team-app"], "milestone": "App 1", "updated_at": "2025-11-20T00:00:00Z"}],
    }  # fmt: skip
    config = family.CONFIG.replace("state/escalated", token)
    write(tmp_path, {"record/state.json": json.dumps(state), "new.yml": config})
    html, text = tmp_path / "e.html", tmp_path / "e.md"
    against = ("diff", app, "--config", tmp_path / "new.yml", "--record", tmp_path / "record", "--all")

    told = [tassist("audit", app, "--all"), tassist("audit", app, "--json")]
    told += [tassist(*against, "--html", html, "--markdown", text), tassist(*against, "--json")]

    assert [done.returncode for done in told] == [3, 3, 2, 2]
    for shown in (*(done.stdout + done.stderr for done in told), html.read_text(), text.read_text()):
        assert token[4:] not in shown
        assert "***" in shown
    assert "octo/made is used at ***" in told[0].stdout


def test_a_diff_shows_three_sides_and_writes_its_report(checkout: Path, tmp_path: Path) -> None:
    args = ["diff", checkout, "--config", tmp_path / "new.yml", "--record", tmp_path / "record"]
    html, text = tmp_path / "e.html", tmp_path / "e.md"

    done = tassist(*args, "--html", html, "--markdown", text)

    assert done.returncode == 2, done.stderr
    assert "\x1b" not in done.stdout
    assert "#1  label state/escalated: legacy off, record: off, engine on" in done.stdout
    assert "pr-status (board.yml): not portable" in done.stdout
    assert html.read_text().startswith("<!DOCTYPE html>")
    assert text.read_text().startswith("# What changes")
    before = html.read_bytes(), text.read_bytes(), done.stdout
    again = tassist(*args, "--html", html, "--markdown", text)
    assert (html.read_bytes(), text.read_bytes(), again.stdout) == before

    whole = json.loads(tassist(*args, "--json").stdout)
    assert whole["verdicts"]["intended improvement"] > 0
    assert whole["differences"][0]["id"]


def test_what_is_accepted_is_no_difference_and_what_is_stale_in_the_file_fails(checkout: Path, tmp_path: Path) -> None:
    args = [
        "diff",
        checkout,
        "--config",
        tmp_path / "new.yml",
        "--record",
        tmp_path / "record",
        "--accepted",
        tmp_path / "a.toml",
    ]
    every = '[[accepted]]\nmatch = "*"\nreason = "We have read the report."\nexpires = 2999-01-01\n'
    (tmp_path / "a.toml").write_text(every)
    assert tassist(*args).returncode == 0

    (tmp_path / "a.toml").write_text(every + every.replace('"*"', '"#77 milestone"'))
    done = tassist(*args)

    assert done.returncode == 1
    assert "failed: a.toml" in done.stdout
    assert "covers no difference" in done.stdout


def test_the_scripts_are_run_only_where_a_person_says_so_and_held_against_their_models(
    checkout: Path, tmp_path: Path
) -> None:
    problem = why_not()
    if problem is not None:
        pytest.skip(problem.what)
    args = ["diff", checkout, "--config", tmp_path / "new.yml", "--record", tmp_path / "record"]

    quiet = tassist(*args)
    done = tassist(*args, "--rehearse", "--json")

    assert "rehearsed" not in quiet.stdout
    assert done.returncode == 2, done.stderr
    told = [note for note in json.loads(done.stdout)["notes"] if "rehearsed" in note]
    assert [note.partition(":")[0].rpartition("/")[2] for note in told] == ["sync.yml", "watch.yml"]
    assert "intend exactly what its model declares" in told[1]
    assert not list(checkout.rglob("ours.json")), "nothing is run in the checkout"


WRONG = {
    "no such target": (["audit", "nowhere"], 2, "no folder or file"),
    "an address": (["audit", "https://github.com/octo/app.git"], 2, "fix: write it as octo/app\n"),
    "an address of ssh": (["audit", "git@github.com:octo/app.git"], 2, "fix: write it as octo/app\n"),
    "a folder that is misspelt": (
        ["audit", "ap/p"],
        4,
        "error: ap/p was taken for a repository on GitHub: there is no such folder or file",
    ),
    "an empty list": (["audit", "empty.json"], 2, "no snapshot"),
    "no such target, diff": (["diff", "nowhere", "--config", "new.yml"], 1, "no folder or file"),
    "no configuration": (["diff", "app", "--config", "none.yml"], 1, "none.yml"),
    "a broken configuration": (["diff", "app", "--config", "app/README.md"], 1, "error:"),
    "no accepted file": (["diff", "app", "--config", "new.yml", "--accepted", "none.toml"], 1, "none.toml"),
    "no credentials for GitHub": (["audit", "octo/app"], 4, "GITHUB_APP_ID"),
    "a report nowhere": (
        ["diff", "app", "--config", "new.yml", "--html", "no/where.html"],
        1,
        "could not write the report",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named(case: str, checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del checkout
    monkeypatch.chdir(tmp_path)
    Path("empty.json").write_text("[]")
    args, code, word = WRONG[case]

    done = tassist(*args)

    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert word in done.stderr


def test_a_snapshot_of_issues_alone_says_where_workflows_are_read(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(
        json.dumps({"repository": "octo/app", "issues": [{"number": 1, "title": "x"}]})
    )

    done = tassist("audit", tmp_path / "state.json")

    assert done.returncode == 0
    assert "the snapshot state.json tells of 1 issue and of no workflow" in done.stdout
    assert "nothing to replace" not in done.stdout, "nobody looked"


def test_a_repository_without_workflows_and_a_folder_without_git_say_so(tmp_path: Path) -> None:
    done = tassist("audit", repository(tmp_path / "empty", {"README.md": "x"}))
    assert done.returncode == 0
    assert "nothing to replace" in done.stdout

    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "README.md").write_text("x")
    assert "no git repository" in tassist("audit", tmp_path / "plain").stdout


def test_a_variable_that_is_told_is_one_the_repository_has(checkout: Path, tmp_path: Path) -> None:
    told = ("--variable", "TEAM_APP_DELAY_DAYS=5")
    plainly, with_it = (json.loads(tassist("audit", checkout, *more, "--json").stdout) for more in ((), told))

    assert plainly["variables"] != with_it["variables"]
    assert "TEAM_APP_DELAY_DAYS" in json.dumps(with_it["variables"])
    args = ["diff", checkout, "--config", tmp_path / "new.yml", "--record", tmp_path / "record", "--json"]
    assert tassist(*args, *told).returncode == 2
    wrong = tassist("audit", checkout, "--variable", "TEAM_APP_DELAY_DAYS")
    assert (wrong.returncode, "NAME=VALUE" in wrong.stderr) == (2, True)


def test_scripts_run_without_isolation_only_where_that_is_typed(checkout: Path, tmp_path: Path) -> None:
    forbid = 'echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"'
    within = ["unshare", "--map-root-user", "sh", "-c", forbid, "sh"]
    if subprocess.run([*within, "true"], capture_output=True).returncode:
        pytest.skip("this system lets nobody forbid namespaces")
    args = ["diff", checkout, "--config", tmp_path / "new.yml", "--record", tmp_path / "record", "--rehearse", "--json"]

    refused = tassist(*args, within=within)
    done = tassist(*args, "--without-isolation", within=within)

    assert (refused.returncode, "add --without-isolation if you have read the scripts" in refused.stderr) == (1, True)
    assert done.returncode == 2, done.stderr
    assert [note for note in json.loads(done.stdout)["notes"] if "rehearsed" in note]
