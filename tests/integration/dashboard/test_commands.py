"""`tassist dashboard` as it is typed: what it prints, what it writes, and what it refuses."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tassist.dashboard import pieces
from tassist.entry import run
from tests.support.permissions import lock, without_rights
from tests.support.records import NOON, line

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TASSIST_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / "telemetry"
    folder.mkdir(parents=True)
    (folder / "x.jsonl").write_bytes(b"\n".join([line(1), line(2, reason="no"), line(3, repo="acme/lander")]) + b"\n")
    return tmp_path / "home"


def typed(capsys: Capture, *args: object) -> tuple[int, str, str]:
    code = run(["dashboard", *map(str, args)])
    out, err = capsys.readouterr()
    return code, out, err


def documented(capsys: Capture, *args: object) -> tuple[int, Any]:
    code, out, _ = typed(capsys, *args, "--json")
    return code, json.loads(out)


def test_build_writes_a_site_and_prints_where(home: Path, capsys: Capture) -> None:
    code, out, err = typed(capsys, "build")

    assert (code, out) == (0, f"{home / 'dashboard' / 'index.html'}\n")
    assert "3 records as of 2026-03-01" in err
    assert (home / "dashboard" / "acme" / "orbit" / "index.html").is_file()
    assert json.loads((home / "dashboard" / "dashboard.json").read_bytes())["form"] == "tassist dashboard 1"


def test_a_second_build_replaces_the_first_as_a_whole(home: Path, capsys: Capture) -> None:
    typed(capsys, "build")
    code, _, _ = typed(capsys, "build", "--repo", "acme/lander")

    assert code == 0
    assert not (home / "dashboard" / "acme" / "orbit").exists()
    assert sorted(path.name for path in home.iterdir()) == ["dashboard", "telemetry"]


def test_a_folder_that_holds_something_else_is_refused(home: Path, capsys: Capture) -> None:
    out = home / "thesis"
    out.mkdir()
    (out / "chapter-1.txt").write_text("years of work")

    code, _, err = typed(capsys, "build", "--out", out)

    assert code == 2
    assert "holds something that is no dashboard" in err
    assert (out / "chapter-1.txt").read_text() == "years of work"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc", "github.com"])
def test_h72_only_a_web_address_is_linked_to(home: Path, capsys: Capture, url: str) -> None:
    assert typed(capsys, "build", "--web-url", url)[0] == 2


def test_where_there_is_no_telemetry_it_says_what_to_do(tmp_path: Path, capsys: Capture) -> None:
    code, _, err = typed(capsys, "build", "--from", tmp_path / "none")

    assert code == 2
    assert f"there is no folder {tmp_path / 'none'}" in err
    assert "tassist serve" in err
    assert typed(capsys, "records", "runs", "--from", tmp_path / "none")[2] == err


@pytest.mark.parametrize("words", [(), ("build",), ("records", "runs"), ("diff", "2026-01-01", "2026-03-02")])
def test_a_folder_that_may_not_be_read_is_never_taken_for_nothing(home: Path, words: tuple[str, ...]) -> None:
    locked = home / "telemetry" / "deep" / "down"
    locked.mkdir(parents=True)
    lock(locked)

    done = subprocess.run(
        [*without_rights(), sys.executable, "-m", "tassist", "dashboard", *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 5, done.stdout
    assert f"could not read telemetry {locked}" in done.stderr
    assert not (home / "dashboard").exists()


@pytest.mark.parametrize("repo", ["", "a/b/c", "acme /orbit"])
def test_what_cannot_be_a_repository_is_refused(home: Path, capsys: Capture, repo: str) -> None:
    for words in ([], ["build"], ["diff", "2026-01-01", "2026-03-01"], ["records", "runs"]):
        code, out, err = typed(capsys, *words, "--repo", repo)
        assert (code, out) == (2, "")
        assert "not of the form" in err


def test_a_repository_nobody_recorded_is_named(home: Path, capsys: Capture) -> None:
    code, out, _ = typed(capsys, "--repo", "acme/orbti", "--repo", "ACME", "--repo", "moonbase")
    document = documented(capsys, "--repo", "acme/orbit", "--repo", "acme/orbti")[1]

    assert code == 0
    assert "missing: There are no records of acme/orbti" in out
    assert "missing: There are no records of moonbase" in out
    assert "no records of ACME" not in out
    assert document["source"]["gaps"][0]["what"] == "There are no records of acme/orbti"


def test_a_day_before_every_record_is_told_from_a_folder_without_any(home: Path, capsys: Capture) -> None:
    assert "There are no records up to 2020-01-01" in typed(capsys, "--as-of", "2020-01-01")[1]
    assert "choose a later day" in " ".join(typed(capsys, "--as-of", "2020-01-01")[1].split())


def test_the_figures_are_lines_in_a_terminal(home: Path, capsys: Capture) -> None:
    code, out, _ = typed(capsys, "--text")

    assert code == 0
    assert "Needs a person: 1" in out
    assert "partial       acme/orbit#3" in out
    assert max(map(len, out.splitlines())) <= 80
    assert typed(capsys)[1] == out


def test_the_figures_are_one_document_for_machines(home: Path, capsys: Capture) -> None:
    code, found = documented(capsys, "--repo", "acme/orbit")

    assert code == 0
    assert [repo["repo"] for repo in found["repos"]] == ["acme/orbit"]
    assert found["total"]["figures"]["runs"]["all"] == 2


@pytest.mark.parametrize("words", [(), ("build",), ("diff", "2026-02-01", "2026-03-01"), ("records", "runs")])
def test_another_home_folder_is_looked_at(
    words: tuple[str, ...], home: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASSIST_HOME", str(tmp_path / "elsewhere"))

    code, out, err = typed(capsys, *words, "--home", home)

    assert (code, "acme" in out or "3 records" in err) == (3 if "diff" in words else 0, True), err
    assert not (tmp_path / "elsewhere").exists()
    if words == ("build",):
        code, out, _ = typed(capsys, "open", "--home", home)
        assert (code, out) == (0, f"{(home / 'dashboard' / 'index.html').as_uri()}\n")


@pytest.mark.parametrize("option", [("--home", "x"), ("--repo", "acme/orbit"), ("--json",)])
def test_an_option_in_front_of_a_subcommand_is_refused_rather_than_lost(
    option: tuple[str, ...], home: Path, capsys: Capture
) -> None:
    code, out, err = typed(capsys, *option, "build")

    assert (code, out) == (2, "")
    assert "behind build" in err
    assert not (home / "dashboard").exists()


def test_two_days_are_compared_in_words(home: Path, capsys: Capture) -> None:
    (home / "telemetry" / "y.jsonl").write_bytes(line(9, at=NOON.replace(day=5)) + b"\n")

    code, out, _ = typed(capsys, "diff", "2026-03-01", "2026-03-05")

    assert code == 3
    assert "From 2026-03-01 to 2026-03-05" in out
    assert "  Runs 3 → 4 (+1)" in out


def test_two_builds_are_compared_and_the_same_are_the_same(home: Path, capsys: Capture) -> None:
    typed(capsys, "build", "--out", home / "a")
    typed(capsys, "build", "--out", home / "b", "--repo", "acme/lander")

    code, out, _ = typed(capsys, "diff", home / "a", home / "b")
    same = typed(capsys, "diff", home / "a", home / "a" / "dashboard.json")

    assert code == 3
    assert "Repositories that went\n  acme/orbit" in out
    assert same == (0, "From 2026-03-01 to 2026-03-01\nNothing is different.\n", "")


@pytest.mark.parametrize("wrong", ["2026-02-30", "/nowhere", "README.md"])
def test_what_is_no_dashboard_is_named(home: Path, capsys: Capture, wrong: str) -> None:
    assert typed(capsys, "diff", wrong, "2026-03-01")[0] in {1, 2}


def test_the_records_behind_a_figure_are_printed(home: Path, capsys: Capture) -> None:
    code, out, _ = typed(capsys, "records", "partial")
    by_rule = typed(capsys, "records", "rule.exclusivity.track.already", "--repo", "acme/orbit")[1]

    assert code == 0
    assert [json.loads(found)["reason"] for found in out.splitlines()] == ["no"]
    assert len(by_rule.splitlines()) == 2
    assert typed(capsys, "records", "nothing")[0] == 2


def test_where_no_record_counts_for_a_figure_it_is_said_and_no_error(home: Path, capsys: Capture) -> None:
    assert run(["dashboard", "records", "rule.nothing.applied", "--home", str(home)]) == 0

    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "no record counts for rule.nothing.applied there\n")


def test_open_says_where_it_is_and_needs_a_build(home: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    assert typed(capsys, "open")[0] == 2
    typed(capsys, "build")

    code, out, err = typed(capsys, "open")

    assert (code, out) == (0, f"{(home / 'dashboard' / 'index.html').as_uri()}\n")
    assert "no browser" in err


def test_a_folder_without_any_record_is_said_to_have_none(home: Path, tmp_path: Path, capsys: Capture) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    code, _, err = typed(capsys, "build", "--from", empty, "--out", tmp_path / "site")

    assert code == 0
    assert "no record was found" in err
    assert "1970" not in err


def test_nobody_is_told_of_a_day_where_there_is_no_record(tmp_path: Path, capsys: Capture) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    assert typed(capsys, "--text", "--from", empty)[1].splitlines()[0] == "There are no records yet"
    assert typed(capsys, "--text", "--from", empty, "--as-of", "2026-03-01")[1].startswith(
        "As of 2026-03-01: there are no records\n"
    )
    document = documented(capsys, "--from", empty)[1]
    assert (document["as_of"], document["now"]) == ("", "")
    assert re.findall(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", json.dumps(document)) == []
    assert typed(capsys, "build", "--from", empty, "--out", tmp_path / "site")[0] == 0
    pages = sorted((tmp_path / "site").rglob("*.html"))
    assert pages
    for page in pages:
        text = page.read_text()
        assert "As of" not in text, page
        assert "1970" not in text, page
    assert '<p class="lead">There are no records yet</p>' in (tmp_path / "site" / "index.html").read_text()


def test_with_fresh_every_record_is_read_again(
    months: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "LEAST_BYTES", 1000)
    monkeypatch.setattr(pieces, "AT_REST_S", 0)  # the files may have been written a moment ago
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def figures(*words: str) -> bytes:
        assert typed(capsys, "build", "--from", months, "--out", tmp_path / "site", *words)[0] == 0
        return (tmp_path / "site" / "dashboard.json").read_bytes()

    whole = figures()
    (cache,) = (tmp_path / "cache").rglob("dashboard.duckdb")
    with duckdb.connect(str(cache)) as connection:
        connection.execute("UPDATE counted SET n = n + 1")

    assert figures() != whole, "what is remembered is believed"
    assert figures("--fresh") == whole
