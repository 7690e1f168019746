"""Small repositories with legacy automation of our own making, and where the recorded one is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from engine.problems import ProblemError

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT.parent / "shared" / "recorded" / "saas-app"
_GIT = {
    **{key: value for key, value in os.environ.items() if key in {"PATH", "HOME"}},
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "ann",
    "GIT_AUTHOR_EMAIL": "ann@example.org",
    "GIT_COMMITTER_NAME": "ann",
    "GIT_COMMITTER_EMAIL": "ann@example.org",
}


def recorded() -> Path:
    """The folder of real recordings; the test is skipped where it is not beside the checkout."""
    if not RECORDED.is_dir():
        pytest.skip("the recorded data is not beside the checkout")
    return RECORDED


def fetched() -> Path:
    """A clone of the repository the recordings are from, where somebody put one; the test is skipped elsewhere."""
    named = os.environ.get("TASSIST_LEGACY_CLONE", "")
    if not named or not Path(named).is_dir():
        pytest.skip("no clone of the recorded repository: name one in TASSIST_LEGACY_CLONE")
    return Path(named)


def git(folder: Path, *args: str, day: int = 1) -> str:
    """Run git with a fixed clock."""
    when = f"2025-11-{day:02d}T12:00:00Z"
    env = {**_GIT, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    done = subprocess.run(["git", "-C", str(folder), *args], capture_output=True, text=True, env=env, check=True)
    return done.stdout


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files below a folder."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def repository(folder: Path, *revisions: dict[str, str]) -> Path:
    """A git repository whose history is these states of files, one commit a day."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    for day, files in enumerate(revisions, start=1):
        write(folder, files)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "--allow-empty", "-m", f"day {day}", day=day)
    return folder


def codes(error: ProblemError) -> list[str]:
    """The codes of what went wrong."""
    return [problem.code for problem in error.problems]
