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
