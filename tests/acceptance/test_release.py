"""What is handed out: a wheel that is the same bytes every time, holds what runs, and workflows that give nothing away."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _wheel(source: Path, out: Path) -> Path:
    env = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=source, env=env, check=True, capture_output=True, timeout=120)
    return next(out.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_is_the_same_bytes_wherever_and_whenever_it_is_built(tmp_path: Path) -> None:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    copy = tmp_path / "elsewhere"
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)  # neither modes nor times of the original

    here, there = _wheel(ROOT, tmp_path / "a"), _wheel(copy, tmp_path / "b")

    assert sha256(here.read_bytes()).digest() == sha256(there.read_bytes()).digest()
    held = set(zipfile.ZipFile(here).namelist())
    source = {
        str(path.relative_to(ROOT))
        for room in ("engine", "setup_wizard", "migrations", "tassist")
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert source <= held, "everything of the four rooms is in the wheel, data files too"
    assert not {name for name in held if name.startswith("tests")}


@pytest.mark.skipif(
    shutil.which("zizmor", path=str(Path(sys.executable).parent)) is None, reason="zizmor is not installed"
)
def test_the_projects_own_workflows_are_pinned_and_least_privileged() -> None:
    tool = str(Path(sys.executable).parent / "zizmor")

    done = subprocess.run(
        [tool, "--offline", "--persona", "pedantic", "--no-progress", str(ROOT / ".github")],
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr
