"""The commands of the page about the dashboard, typed in its order where there is telemetry of some months."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.example_world import records_of_months

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "build-the-dashboard.md"
DIFFERS = 3


@pytest.mark.slow
def test_every_command_of_the_page_does_what_it_says(tmp_path: Path) -> None:
    typed = [
        one
        for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
        for one in block.splitlines()
        if one.startswith("tassist ")
    ]
    records_of_months(tmp_path / "home" / "telemetry", days=50)
    records_of_months(tmp_path / "records", days=50)
    records_of_months(tmp_path / "earlier", days=30)
    (tmp_path / "tassist").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tassist "$@"\n')
    (tmp_path / "tassist").chmod(0o755)
    env = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "TASSIST_HOME": str(tmp_path / "home"),
        "BROWSER": "true",
    }

    def told(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["sh", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)

    for folder, source in (("last-week", "earlier"), ("this-week", "records")):
        assert told(f"tassist dashboard build --from {source} --out {folder}").returncode == 0
    for command in typed:
        done = told(command)
        assert done.returncode == (DIFFERS if " diff " in command else 0), (command, done.stderr[-2000:])
        assert "Traceback" not in done.stderr
        assert done.stdout or " records " in command, command
    assert len(typed) == len(re.findall(r"^tassist ", PAGE.read_text(), re.MULTILINE))
    assert (tmp_path / "public" / "index.html").exists()
    assert (tmp_path / "home" / "dashboard" / "index.html").exists()
