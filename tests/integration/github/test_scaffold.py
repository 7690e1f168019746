"""A repository's first files: from what it has, never over what is there, never outside the folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from engine.config import Config, parse
from engine.problems import ProblemError
from tassist.services import scaffolding
from tests.integration.github.conftest import Octo

HOSTILE_PATHS = [
    "../../etc/x", "/etc/passwd", "C:\\x", "a\\b", "CON", "a/nul.txt", "a/../../b", "", ".", "a/b ", "a\x00b", "~/x", "x" * 300,
]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE_PATHS, ids=range(len(HOSTILE_PATHS)))
def test_h68_a_name_that_leads_elsewhere_is_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(ProblemError):
        scaffolding.compare(tmp_path, {path: "text\n"})

    assert list(tmp_path.iterdir()) == []


def test_h68_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "root"
    root.mkdir()
    (root / ".github").symlink_to(outside)

    with pytest.raises(ProblemError) as caught:
        scaffolding.compare(root, {".github/x.yml": "text\n"})
    assert caught.value.problems[0].code == "scaffold-link-refused"
    assert list(outside.iterdir()) == []


def test_h68_what_is_there_is_replaced_only_where_that_was_said(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("mine\n")
    files = scaffolding.compare(tmp_path, {"a.yml": "new\n", "b.yml": "b\n"})

    assert scaffolding.write(tmp_path, files) == ("b.yml",)
    assert (tmp_path / "a.yml").read_text() == "mine\n"
    assert "-mine" in files[0].diff
    assert scaffolding.write(tmp_path, files[:1], replace=frozenset({"a.yml"})) == ("a.yml",)
    assert scaffolding.compare(tmp_path, {"a.yml": "new\n"})[0].diff == ()


async def test_the_command_shows_writes_and_commits_what_the_repository_has(octo: Octo, tmp_path: Path) -> None:
    folder = tmp_path / "checkout"
    folder.mkdir()
    for args in (["init", "-q"], ["config", "user.email", "a@b"], ["config", "user.name", "a"]):
        subprocess.run(["git", *args], cwd=folder, check=True)

    dry = await octo.tassist("scaffold", "octo/app", "--folder", str(folder), "--dry-run")
    nobody = await octo.tassist("scaffold", "octo/app", "--folder", str(folder))
    done = await octo.tassist("scaffold", "octo/app", "--folder", str(folder), "--yes", "--commit")
    again = await octo.tassist("scaffold", "octo/app", "--folder", str(folder), "--dry-run")

    assert (dry.code, nobody.code, done.code, again.code) == (3, 2, 0, 0), done.err
    assert '+  - id: "main"' in dry.out
    text = (folder / scaffolding.CONFIG).read_text()
    parsed = parse(text, file="x")
    assert isinstance(parsed, Config)
    log = subprocess.run(["git", "log", "--stat", "-1"], cwd=folder, capture_output=True, text=True, env=os.environ)
    assert "Let Task Assistant keep the issues in order" in log.stdout
    assert "tassist sweep --dry-run" in log.stdout
    assert all(path in log.stdout for path in [scaffolding.CONFIG.rpartition("/")[2], "bug.yml", "work.yml"])


async def test_issue_forms_are_left_out_and_a_file_is_replaced_where_that_is_said(octo: Octo, tmp_path: Path) -> None:
    folder = tmp_path / "checkout"
    place = folder / scaffolding.CONFIG
    place.parent.mkdir(parents=True)
    place.write_text("mine\n")
    words = ("scaffold", "octo/app", "--folder", str(folder), "--yes", "--no-forms")

    kept = await octo.tassist(*words)
    assert place.read_text() == "mine\n"
    replaced = await octo.tassist(*words, "--replace", scaffolding.CONFIG)

    assert f"--replace {scaffolding.CONFIG} replaces it" in kept.err
    assert replaced.code == 0, replaced.err
    assert isinstance(parse(place.read_text(), file="x"), Config)
    assert [path.name for path in folder.rglob("*") if path.is_file()] == [place.name]
