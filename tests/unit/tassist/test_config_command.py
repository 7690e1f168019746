"""`tassist config` writes, checks and shows a configuration; its exit codes and JSON are what scripts rely on."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.config import Config, parse
from engine.config.schema import json_schema
from engine.config.starter import STARTER
from tassist.entry import run

FILE = Path(".github/task-assistant.yml")
SMALL = 'schema_version: "1.0"\ntracks: []\nlabels: []\nmilestones: []\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(text: str) -> Path:
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text)
    return FILE


def test_init_writes_a_file_that_is_valid_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "init"]) == 0
    assert run(["config", "validate"]) == 0

    assert FILE.read_text() == STARTER
    assert capsys.readouterr().out.splitlines()[-1] == f"valid: {FILE}"


def test_init_does_not_replace_a_file_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    written("mine\n")

    assert run(["config", "init"]) == 2

    assert FILE.read_text() == "mine\n"
    assert "exists already" in capsys.readouterr().err


def test_init_with_force_replaces_it_and_keeps_its_permissions() -> None:
    written("mine\n").chmod(0o640)

    assert run(["config", "init", "--force"]) == 0

    assert FILE.read_text() == STARTER
    assert stat.S_IMODE(FILE.stat().st_mode) == 0o640
    assert os.listdir(FILE.parent) == [FILE.name]  # noqa: PTH208 – hidden files too


@pytest.mark.parametrize(
    "path",
    [
        "../out.yml",
        "../../etc/x",
        "/etc/x.yml",
        "a/../../x",
        ".",
        "",
        " ",
        "CON",
        "a/nul.yml",
        "x\0y",
        "a" * 300,
        "sub",
    ],
)
def test_h68_init_refuses_a_path_that_leads_elsewhere(
    path: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "sub").mkdir()
    before = sorted(folder.parent.rglob("*"))

    assert run(["config", "init", "--force", "--output", path]) == 2

    assert sorted(folder.parent.rglob("*")) == before
    assert "not written" in capsys.readouterr().err


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize("link", ["file", "folder", "dangling"])
def test_h68_init_goes_through_no_symlink(
    link: str, force: list[str], folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "task-assistant.yml").write_text("theirs\n")
    if link == "folder":
        (folder / ".github").symlink_to(elsewhere)
    else:
        (folder / ".github").mkdir()
        FILE.symlink_to(elsewhere / ("task-assistant.yml" if link == "file" else "new.yml"))

    assert run(["config", "init", *force]) == 2

    assert [path.name for path in elsewhere.iterdir()] == ["task-assistant.yml"]
    assert (elsewhere / "task-assistant.yml").read_text() == "theirs\n"


def test_a_file_where_a_folder_should_be_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".github").write_text("a file where a folder should be")

    assert run(["config", "init"]) == 5

    assert "could not make the folder" in capsys.readouterr().err


def test_validate_says_everything_on_stderr_and_one_line_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    written(SMALL.replace("tracks: []", "tracks: {}") + "stale: {days_until_stale: 0}\nextra: 1\n")

    assert run(["config", "validate"]) == 2

    said = capsys.readouterr()
    assert said.out == f"invalid: {FILE}, 2 problems, 1 warning\n"
    assert f"error: {FILE}:2:9 (tracks): tracks is a mapping; since schema 1.0 it is a list" in said.err
    assert f"error: {FILE}:5:27 (stale.days_until_stale): found 0" in said.err
    assert f"warning: {FILE}:6:1 (extra)" in said.err


def test_validate_of_a_valid_file_with_warnings_is_exit_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    written(SMALL + "stail: {}\n")

    assert run(["config", "validate"]) == 3

    said = capsys.readouterr()
    assert said.out == f"valid: {FILE}, 1 warning\n"
    assert "did you mean stale?" in said.err


def test_validate_as_json_has_stable_keys(capsys: pytest.CaptureFixture[str]) -> None:
    written(SMALL + "stale: {days_until_stale: no}\nstail: 1\n")

    assert run(["config", "validate", "--json"]) == 2

    said = json.loads(capsys.readouterr().out)
    assert list(said) == ["file", "digest", "valid", "problems", "warnings"]
    assert said["valid"] is False
    assert said["digest"].startswith("sha256:")
    assert said["problems"] == [
        {
            "code": "config-wrong-kind",
            "what": "found 'no'",
            "why": "it takes a number of days from 1 to 3,650",
            "fix": "write a number of days from 1 to 3,650",
            "file": str(FILE),
            "line": 5,
            "column": 27,
            "path": "stale.days_until_stale",
        }
    ]
    assert [warning["code"] for warning in said["warnings"]] == ["config-unknown-top-level-key"]


def test_validate_reads_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(SMALL.encode())))

    assert run(["config", "validate", "-"]) == 0

    assert capsys.readouterr().out == "valid: -\n"


def test_a_file_that_is_not_there_is_the_callers_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "validate", "nowhere.yml"]) == 2
    assert run(["config", "show", "nowhere.yml"]) == 2

    assert "tassist config init" in capsys.readouterr().err


def test_a_folder_instead_of_a_file_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "validate", str(folder)]) == 5

    assert "it is a folder" in capsys.readouterr().err


def test_a_huge_file_is_read_no_further_than_its_bound() -> None:
    with Path("huge.yml").open("wb") as file:
        file.truncate(10 * 2**30)  # sparse: reading it whole would take the memory of the machine

    assert run(["config", "validate", "huge.yml"]) == 2


def test_h71_what_a_file_says_cannot_act_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    written(SMALL + '"k\\x1b[2J\\u202e": 1\nstale: {comment: 1, "\\x9b": 2}\n')

    run(["config", "validate"])

    said = capsys.readouterr()
    assert not {"\x1b", "\u202e", "\x9b"} & set(said.out + said.err)


def test_schema_prints_what_is_published(capsys: pytest.CaptureFixture[str], project_root: Path) -> None:
    assert run(["config", "schema"]) == 0

    printed = json.loads(capsys.readouterr().out)
    assert printed == json_schema()
    assert printed == json.loads((project_root / "docs/reference/task-assistant.schema.json").read_text())


def test_show_tells_the_file_from_a_default(capsys: pytest.CaptureFixture[str]) -> None:
    written(SMALL + 'stale:\n  days_until_stale: 14\nenforcement: {exclusivity: {"a.b": {mode: "off"}}}\n')

    assert run(["config", "show", "--json"]) == 0

    values = {value["path"]: value for value in json.loads(capsys.readouterr().out)["values"]}
    assert values["stale.days_until_stale"] == {
        "path": "stale.days_until_stale", "value": 14, "from": "file", "line": 6, "column": 21,
    }  # fmt: skip
    assert values["stale.stale_label"]["value"] == "state/stale"
    assert values["stale.stale_label"]["from"] == "default"
    assert values['enforcement.exclusivity["a.b"].prefix']["value"] == "a.b/"
    assert "self_healing.enabled" not in values


def test_show_as_text_has_one_line_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    written(STARTER)

    assert run(["config", "show"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["key", "value", "from"]
    assert any(line.split() == ["tracks[1].default", "true", "line", "18"] for line in lines)


def test_show_of_an_invalid_file_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    written("tracks: []\n")

    assert run(["config", "show"]) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert "the key schema_version is missing" in said.err


def test_every_value_shown_from_the_file_stands_there(project_root: Path) -> None:
    from engine.config.effective import effective

    text = (project_root / "examples" / "full.yml").read_text()
    config = parse(text)
    assert isinstance(config, Config)
    lines = text.splitlines()

    for value in effective(config, text):
        if value.where and value.where.line and value.where.column and isinstance(value.value, str):
            rest = lines[value.where.line - 1][value.where.column - 1 :].strip("\"' ").casefold()
            assert rest.startswith(value.value.casefold().replace("\\b", "\\\\b")), value


OLD = "# ours\nversion: 1\ntracks:\n  sprint: [feature]   # now\n"
NEW = '# ours\nschema_version: "1.0"\ntracks:\n  # now\n  - id: sprint\n'


def test_upgrade_shows_the_difference_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    written(OLD)

    assert run(["config", "upgrade"]) == 0

    said = capsys.readouterr()
    assert FILE.read_text() == OLD
    assert said.out.startswith(f"--- {FILE} (now)\n+++ {FILE} (upgraded)\n")
    assert "\n-version: 1\n" in said.out
    assert '\n+schema_version: "1.0"\n' in said.out
    assert "nothing was written" in said.err


def test_upgrade_writes_when_told_and_then_has_nothing_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    written(OLD).chmod(0o640)

    assert run(["config", "upgrade", "--write"]) == 0
    assert FILE.read_text().startswith(NEW)
    assert stat.S_IMODE(FILE.stat().st_mode) == 0o640
    assert run(["config", "validate"]) == 0
    first = FILE.read_text()
    capsys.readouterr()
    assert run(["config", "upgrade", "--write"]) == 0

    assert FILE.read_text() == first
    assert "nothing to do" in capsys.readouterr().err


def test_upgrade_as_json_holds_the_new_text(capsys: pytest.CaptureFixture[str]) -> None:
    written(OLD)

    assert run(["config", "upgrade", "--json"]) == 0

    said = json.loads(capsys.readouterr().out)
    assert list(said) == ["file", "changed", "written", "changes", "notes", "problems", "text"]
    assert (said["changed"], said["written"], said["problems"]) == (True, False, [])
    assert said["text"].startswith(NEW)


def test_upgrade_writes_nothing_that_would_not_be_valid(capsys: pytest.CaptureFixture[str]) -> None:
    broken = OLD + "stale: soon\n"
    written(broken)

    assert run(["config", "upgrade", "--write"]) == 2

    assert FILE.read_text() == broken
    assert "it takes a mapping of keys" in capsys.readouterr().err


def test_h68_upgrade_does_not_write_through_a_symlink(folder: Path) -> None:
    (folder / "real.yml").write_text(OLD)
    (folder / "link.yml").symlink_to(folder / "real.yml")

    assert run(["config", "upgrade", "--write", "link.yml"]) == 2

    assert (folder / "real.yml").read_text() == OLD
    assert (folder / "link.yml").is_symlink()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_upgrade_says_when_the_system_refuses(folder: Path) -> None:
    written(OLD)
    FILE.parent.chmod(0o500)
    try:
        assert run(["config", "upgrade", "--write"]) == 5
    finally:
        FILE.parent.chmod(0o700)
    assert FILE.read_text() == OLD
