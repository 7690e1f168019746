"""The workflow that publishes the dashboard: pinned, with the least rights, and clean in the eyes of zizmor."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from setup_wizard.pages_workflow import PATH, pages_workflow
from tests.support.records import line

TEXT = pages_workflow(version="1.2.3")
PARSED: dict[Any, Any] = yaml.safe_load(TEXT)


def test_every_action_is_pinned_to_a_commit_with_its_version() -> None:
    uses = re.findall(r"uses: (.*)", TEXT)

    assert len(uses) == 4
    for entry in uses:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", entry), entry


def test_it_has_the_least_rights() -> None:
    assert PARSED["permissions"] == {}
    assert {name: job["permissions"] for name, job in PARSED["jobs"].items()} == {
        "build": {"contents": "read"},
        "publish": {"pages": "write", "id-token": "write"},
    }
    assert "secrets." not in TEXT
    assert PARSED["jobs"]["build"]["steps"][0]["with"]["persist-credentials"] is False


@pytest.mark.parametrize("wrong", ["", "a b", "${{ github.token }}", "x;id", "x\ny", 'x"'])
def test_a_name_that_could_be_more_than_a_name_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        pages_workflow(version="1.2.3", branch=wrong)
    with pytest.raises(ValueError, match="cannot stand"):
        pages_workflow(version=wrong)


def test_zizmor_finds_nothing(tmp_path: Path) -> None:
    beside = Path(sys.executable).with_name("zizmor")
    program = str(beside) if beside.exists() else shutil.which("zizmor")
    if program is None:
        pytest.skip("zizmor is not installed")
    file = tmp_path / PATH
    file.parent.mkdir(parents=True)
    file.write_text(TEXT)

    done = subprocess.run(
        [program, "--offline", "--no-progress", "--persona=auditor", str(file)], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_what_it_runs_builds_the_site_from_a_checkout_of_records(tmp_path: Path) -> None:
    (tmp_path / "records" / ".git").mkdir(parents=True)
    (tmp_path / "records" / "x.jsonl").write_bytes(line(1) + b"\n")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "tassist").symlink_to(Path(sys.executable).with_name("tassist"))
    installs = programs / "python"  # the version it names is on no index yet; what it would be told is looked at
    installs.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >installed\n')
    installs.chmod(0o755)
    for step in PARSED["jobs"]["build"]["steps"]:
        if "run" in step:
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],  # as GitHub runs it
                cwd=tmp_path,
                env={"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(tmp_path), **step.get("env", {})},
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr

    assert (tmp_path / "installed").read_text().splitlines() == ["-m", "pip", "install", "tassist==1.2.3"]
    handed_on = next(step for step in PARSED["jobs"]["build"]["steps"] if "upload" in step.get("uses", ""))
    assert b"acme/orbit" in (tmp_path / handed_on["with"]["path"] / "index.html").read_bytes()
