"""`tassist telemetry` as it is typed: what it prints, where, and its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tassist.entry import run
from tassist.telemetry.pump import Pump
from tassist.telemetry.schema import schema_digest, schema_text
from tassist.telemetry.shape import Trouble
from tassist.telemetry.sinks.jsonl import JsonlSink
from tassist.telemetry.sinks.sql import Sqlite, SqlSink
from tassist.telemetry.status import SinkStatus, Status, write_status
from tests.integration.telemetry.conformance import HOSTILE, entries, records
from tests.support.outbox import MemoryOutbox
from tests.support.permissions import lock, without_rights
from tests.support.records import line

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TASSIST_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def typed(capsys: Capture, *args: object) -> tuple[int, str, str]:
    code = run(["telemetry", *map(str, args)])
    out, err = capsys.readouterr()
    return code, out, err


def documented(capsys: Capture, *args: object) -> tuple[int, Any]:
    code, out, _ = typed(capsys, *args, "--json")
    return code, json.loads(out)


def test_the_schema_is_printed_as_it_is_published(capsys: Capture) -> None:
    assert typed(capsys, "schema") == (0, schema_text(), "")
    assert typed(capsys, "schema", "--digest")[1] == schema_digest() + "\n"


def test_verify_finds_nothing_in_good_records_of_the_home_folder(home: Path, capsys: Capture) -> None:
    JsonlSink(home / "telemetry").write(entries(records(20)))

    code, out, err = typed(capsys, "verify")

    assert (code, out) == (0, "")
    assert "20 records" in err


def test_verify_names_file_line_and_code_and_answers_three(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "x.jsonl"
    file.write_bytes(line(1) + b"\n{\n" + line(2) + b"\n")

    code, out, _ = typed(capsys, "verify", file)

    assert code == 3
    assert out.startswith(f"{file}:2: fault: ")
    assert out.rstrip().endswith("[not-json]")
    code, document = documented(capsys, "verify", file)
    assert (code, document["records"], document["fault_count"], document["faults"][0]["line"]) == (3, 2, 1, 2)


def test_h71_a_hostile_file_name_and_record_do_nothing_to_the_terminal(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "\x1b[2J.jsonl"
    file.write_text('{"schema_version":"1.0","event_type":"\x1b]0;evil\x07"}\n')

    code, out, err = typed(capsys, "verify", file)

    assert code == 3
    assert "\x1b" not in out + err


def test_a_path_that_is_not_there_is_a_mistake_of_the_users(tmp_path: Path, capsys: Capture) -> None:
    for verb in (["verify"], ["export"], ["import"]):
        code, out, err = typed(capsys, *verb, tmp_path / "none")
        assert (code, out) == (2, "")
        assert "there is no" in err
        assert "fix:" in err


@pytest.mark.parametrize("form", ["jsonl", "cloudevents"])
def test_export_and_import_lose_nothing(tmp_path: Path, capsys: Capture, form: str) -> None:
    hostile = [line(1000 + number, reason=text, labels=(text,)) for number, text in enumerate(HOSTILE)]
    lines = [*records(50), *hostile]
    JsonlSink(tmp_path / "from").write(entries(lines))

    code, out, err = typed(capsys, "export", tmp_path / "from", "--format", form)
    assert (code, "58 of 58" in err) == (0, True)
    moved = tmp_path / "moved.jsonl"
    moved.write_text(out)
    code, document = documented(capsys, "import", moved, "--folder", tmp_path / "to")

    assert (code, document["written"], document["repeated"], document["faulty"]) == (0, 58, 0, 0)
    assert sorted(
        raw for file in (tmp_path / "to").rglob("*.jsonl") for raw in file.read_bytes().split(b"\n")[:-1]
    ) == (sorted(lines))
    assert documented(capsys, "import", moved, "--folder", tmp_path / "to")[1]["repeated"] == 58
    assert run(["telemetry", "verify", str(tmp_path / "to")]) == 0


def test_export_takes_only_what_is_asked_for(tmp_path: Path, capsys: Capture) -> None:
    JsonlSink(tmp_path).write(entries(records(200)))

    def count(*args: str) -> int:
        code, out, _ = typed(capsys, "export", tmp_path, *args)
        assert code == 0
        return len(out.splitlines())

    assert count("--repo", "ACME/orbit") == 100
    assert count("--until", "2026-03-01") + count("--since", "2026-03-02") == 200
    assert 0 < count("--since", "2026-03-02") < 200
    assert count("--type", "setup_step") == 0


def test_export_as_csv_has_a_row_for_each_record(tmp_path: Path, capsys: Capture) -> None:
    JsonlSink(tmp_path).write(entries(records(5)))

    _, out, _ = typed(capsys, "export", tmp_path, "--format", "csv")

    assert len(out.splitlines()) == 6


def test_export_to_a_file_is_all_or_nothing(tmp_path: Path, capsys: Capture) -> None:
    JsonlSink(tmp_path / "t").write(entries(records(5)))
    target = tmp_path / "out.jsonl"

    assert typed(capsys, "export", tmp_path / "t", "--output", target)[:2] == (0, "")
    assert len(target.read_bytes().splitlines()) == 5
    assert typed(capsys, "export", tmp_path / "none", "--output", target)[0] == 2
    assert len(target.read_bytes().splitlines()) == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "t"]
    code, _, err = typed(capsys, "export", tmp_path / "t", "--output", tmp_path / "no" / "out")
    assert (code, "could not" in err) == (5, True)


def test_lines_that_are_no_records_are_left_out_named_and_answered_with_three(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "x.jsonl"
    file.write_bytes(line(1) + b"\n{}\n\n" + line(2).replace(b'"1.0"', b'"2.0"') + b"\n")

    code, out, err = typed(capsys, "export", file)
    assert (code, len(out.splitlines())) == (3, 1)
    assert f"{file}:2" in err
    assert "the record is of schema 2.0; this tassist reads 1.x" in err
    assert "the line is empty" in err
    code, document = documented(capsys, "import", file, "--folder", tmp_path / "to")
    assert (code, document["written"], document["faulty"]) == (3, 1, 3)


def test_prune_says_what_would_go_and_then_does_it(home: Path, capsys: Capture) -> None:
    JsonlSink(home / "telemetry").write(entries(records(20)))

    code, would = documented(capsys, "prune", "--keep-days", "1", "--dry-run")
    assert (code, would["jsonl"]["records"]) == (0, 20)
    code, did = documented(capsys, "prune", "--keep-days", "1")
    assert (code, did) == (0, would)
    assert documented(capsys, "prune", "--keep-days", "1")[1]["jsonl"]["records"] == 0
    assert typed(capsys, "prune", "--keep-days", "0")[0] == 2


def test_prune_says_that_there_is_nothing_where_no_record_is(home: Path, tmp_path: Path, capsys: Capture) -> None:
    assert typed(capsys, "prune", "--dry-run") == (0, "", "jsonl: there are no records\n")
    assert not home.exists()
    (tmp_path / "empty").mkdir()
    code, _, err = typed(capsys, "prune", "--folder", tmp_path / "empty")
    assert (code, "there are no records" in err, "0 days" in err) == (0, True, False)
    assert documented(capsys, "prune")[1]["jsonl"]["bare"] is True
    code, _, err = typed(capsys, "prune", "--folder", tmp_path / "none")
    assert (code, f"there is no file or folder {tmp_path / 'none'}" in err) == (2, True)

    JsonlSink(home / "telemetry").write(entries(records(20)))
    assert "jsonl: 0 days" in typed(capsys, "prune", "--keep-days", "40000")[2]


def test_prune_says_that_there_is_nothing_in_a_database_without_records(
    home: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / "below" / "telemetry.db"
    monkeypatch.setenv("TASSIST_TELEMETRY_SINKS", f"sqlite:{file}")
    nothing = (0, "", f"sqlite:{file}: there are no records\n")

    assert typed(capsys, "prune", "--dry-run") == nothing
    assert not home.exists()
    file.parent.mkdir(parents=True)
    file.touch()  # begun, and its writer ended before the first table was made
    assert typed(capsys, "prune") == nothing
    sink = SqlSink(Sqlite(file), name="sql")
    sink.write([])
    assert typed(capsys, "prune") == nothing
    sink.write(entries(records(20)))
    sink.close()
    assert f"sqlite:{file}: 0 days" in typed(capsys, "prune", "--keep-days", "40000")[2]


def test_the_folder_the_settings_name_is_the_one_that_is_looked_at(
    home: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    monkeypatch.setenv("TASSIST_TELEMETRY_SINKS", f"webhook:https://collector.example/,jsonl:{elsewhere}")
    JsonlSink(elsewhere).write(entries(records(20)))
    file = tmp_path / "more.jsonl"
    file.write_bytes(line(900) + b"\n")

    assert "20 records" in typed(capsys, "verify")[2]
    assert len(typed(capsys, "export")[1].splitlines()) == 20
    assert documented(capsys, "import", file)[1]["written"] == 1
    assert "21 records" in typed(capsys, "verify", elsewhere)[2]
    assert f"jsonl:{elsewhere}: 2 days with 21 records" in typed(capsys, "prune", "--keep-days", "1", "--dry-run")[2]
    assert run(["dashboard", "build", "--out", str(tmp_path / "site")]) == 0
    assert "21 records" in capsys.readouterr().err
    assert not home.exists()


@pytest.mark.parametrize("verb", ["verify", "export"])
def test_without_any_telemetry_it_says_what_makes_some(home: Path, capsys: Capture, verb: str) -> None:
    code, out, err = typed(capsys, verb)

    assert (code, out) == (2, "")
    assert f"there is no folder {home / 'telemetry'}" in err
    assert "tassist serve" in err


WRONG: dict[str, tuple[list[str], str]] = {
    "an event type nobody knows": (["--type", "rum"], "'rum' is not one of 'run'"),
    "a repository without an owner": (["--repo", "orbit"], "not of the form OWNER/NAME"),
    "a path of three parts": (["--repo", "a/b/c"], "not of the form OWNER/NAME"),
    "an end before the beginning": (["--since", "2026-05-01", "--until", "2026-01-01"], "no day from 2026-05-01"),
    "an address of something else": (["--web-url", "ftp://github.com"], "no address of GitHub"),
    "a file without a name": (["--output", ""], "it is empty"),
    "a folder without a name": ([""], "it is empty"),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_export_of_what_cannot_be_is_refused_rather_than_empty(tmp_path: Path, capsys: Capture, name: str) -> None:
    JsonlSink(tmp_path / "t").write(entries(records(5)))
    words, said = WRONG[name]

    code, out, err = typed(capsys, "export", tmp_path / "t", *words)

    assert (code, out) == (2, "")
    assert said in err
    assert "fix:" in err


@pytest.mark.parametrize("what", ["", "v1/repos/acme/orbit", "v1/repos/acme/orbit/2026-03-01.jsonl"])
@pytest.mark.parametrize("words", ["verify", "export", "import", "prune --keep-days 1 --folder"])
def test_what_may_not_be_read_is_named_and_never_taken_for_nothing(tmp_path: Path, what: str, words: str) -> None:
    folder = tmp_path / "t"
    JsonlSink(folder).write(entries(records(20)))
    lock(folder / what)

    done = subprocess.run(
        [*without_rights(), sys.executable, "-m", "tassist", "telemetry", *words.split(), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"TASSIST_HOME": str(tmp_path / "home")},
    )

    assert done.returncode == 5, done.stderr
    assert any(said.startswith("error:") and str(folder / what) in said for said in done.stderr.splitlines())
    assert "no permission" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no limit to set")
@pytest.mark.parametrize("verb", ["export", "import"])
def test_h27_a_disk_that_takes_no_more_is_named_with_the_file_that_was_asked_for(
    tmp_path: Path, capsys: Capture, verb: str
) -> None:
    import resource

    JsonlSink(tmp_path / "t").write(entries(records(200)))
    target = tmp_path / "target"
    words = ["--output" if verb == "export" else "--folder", target]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        code, _, err = typed(capsys, verb, tmp_path / "t", *words)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert code == 5
    assert f" {target}\n" in err.splitlines(keepends=True)[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == (["t"] if verb == "export" else ["t", "target"])


def test_prune_reaches_every_sink_that_keeps_records_here(
    home: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / "telemetry.db"
    monkeypatch.setenv("TASSIST_TELEMETRY_SINKS", f"jsonl,sqlite:{file},github:acme/telemetry")
    with closing(SqlSink(Sqlite(file), name="sql")) as sink:
        sink.write(entries(records(20)))

    code, out, err = typed(capsys, "prune", "--keep-days", "1")

    assert (code, out) == (0, "")
    assert f"sqlite:{file}: 2 days with 20 records" in err
    assert "github:acme/telemetry is not pruned from here" in err


def test_another_home_folder_is_looked_after(
    home: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    JsonlSink(home / "telemetry").write(entries(records(20)))
    write_status(
        home / "sinks.json", Status("2026-03-01T12:00:00.000Z", (SinkStatus("jsonl", "stopped", 0, 0, 20, 0),))
    )
    monkeypatch.setenv("TASSIST_HOME", str(tmp_path / "elsewhere"))

    assert "20 records" in typed(capsys, "verify", "--home", home)[2]
    assert documented(capsys, "status", "--home", home)[1]["sinks"][0]["delivered"] == 20
    code, exported, _ = typed(capsys, "export", "--home", home)
    assert (code, len(exported.splitlines())) == (0, 20)
    (tmp_path / "exported.jsonl").write_text(exported)
    assert documented(capsys, "import", tmp_path / "exported.jsonl", "--home", home)[1]["repeated"] == 20
    assert typed(capsys, "prune", "--home", home, "--dry-run")[0] == 0
    assert not (tmp_path / "elsewhere").exists()


def test_status_without_a_service_says_so(home: Path, capsys: Capture) -> None:
    code, out, err = typed(capsys, "status")

    assert (code, out) == (0, "")
    assert "no service" in err
    assert documented(capsys, "status") == (0, {"at": "", "sinks": []})


def test_status_of_a_service_that_ran(home: Path, capsys: Capture) -> None:
    sink = JsonlSink(home / "telemetry")
    pump = Pump(MemoryOutbox(records(9)), [sink], status_file=home / "sinks.json")
    pump.start()
    assert pump.drain(20)
    assert pump.stop(20)

    code, document = documented(capsys, "status")

    assert code == 0
    (found,) = document["sinks"]
    assert (found["name"], found["condition"], found["delivered"], found["waiting"]) == ("jsonl", "stopped", 9, 0)
    assert typed(capsys, "status")[1].splitlines()[1].split()[:5] == ["jsonl", "stopped", "0", "9", "0"]


def test_status_of_a_failing_sink_answers_three_and_says_why(home: Path, capsys: Capture) -> None:
    problem = Trouble("no-disk-space", "could not write\x1b[2J", "the disk is full")
    failing = SinkStatus("jsonl", "failing", 3, 7, 3, 2, failing_since="2026-03-01T12:00:00.000Z", problem=problem)
    write_status(home / "sinks.json", Status("2026-03-01T12:00:00.000Z", (failing,)))

    code, out, _ = typed(capsys, "status")

    assert code == 3
    assert "the disk is full" in out
    assert "\x1b" not in out


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path, project_root: Path) -> None:
    JsonlSink(tmp_path).write(entries(records(2000)))
    with subprocess.Popen(
        [sys.executable, "-m", "tassist", "telemetry", "export", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=project_root,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        complaint = process.stderr.read()

        assert (process.wait(), complaint) == (0, b"")
