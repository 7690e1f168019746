"""What watches every test for secrets sees them where they can be seen, and nothing where there are none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import canaries, keys

SHOWN = """
import logging, os, subprocess, sys

def test_prints(): print(SECRET)
def test_logs(): logging.getLogger("x").warning("with %s", SECRET)
def test_runs():
    subprocess.run([sys.executable, "-c", "import os; print(os.environ['MADE_UP'])"], capture_output=True, env={"MADE_UP": SECRET})
def test_takes(capsys): print(SECRET); capsys.readouterr()
def test_writes(tmp_path): (tmp_path / "a.log").write_text("x " + SECRET)
def test_keeps(tmp_path): (tmp_path / "kept").touch(mode=0o600); (tmp_path / "kept").write_text(SECRET)
def test_says_nothing(tmp_path, capsys): print("tracks and phases"); (tmp_path / "b.log").write_text("labels")
"""


@pytest.mark.shows_secrets
@pytest.mark.parametrize(
    "secret",
    ["canary-" + "4711", "ghs_" + "a1" * 18, "eyJhbGciOiJSUzI1NiIs" + "In0x.eyJpc3MiOiJJdjEuYWJj" + "ZGVm.c2ln"],
    ids=["canary", "token", "jwt"],
)
def test_a_secret_that_can_be_seen_fails_the_test_that_shows_it(
    secret: str, tmp_path: Path, project_root: Path
) -> None:
    (tmp_path / "conftest.py").write_text(
        "from tests.support.canaries import _watched_outputs, pytest_runtest_makereport\n"
    )
    (tmp_path / "test_shown.py").write_text(f"SECRET = {secret!r}\n{SHOWN}")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "-p", "no:randomly", "-c", "/dev/null",
         "--rootdir", str(tmp_path), str(tmp_path)],
        capture_output=True, text=True, cwd=project_root, env={"PYTHONPATH": str(project_root), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip

    failed = {line.split("::")[1].split(" ")[0] for line in done.stdout.splitlines() if line.startswith("ERROR ")}
    assert failed == {"test_prints", "test_logs", "test_runs", "test_takes", "test_writes"}, done.stdout


def test_a_private_key_is_known_by_its_form_also_on_one_line() -> None:
    assert canaries.secrets_in(keys.pem().encode())
    assert canaries.secrets_in(keys.pem().replace("\n", "\\n").encode())
    assert canaries.secrets_in(b"-----BEGIN RSA PRIVATE KEY-----\n[redacted]") == []


def test_no_picture_page_or_recorded_answer_of_the_project_holds_a_secret(project_root: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "docs", "examples", "tests", "*.md"], cwd=project_root, capture_output=True, text=True, check=True)  # fmt: skip
    paths = [project_root / name for name in listed.stdout.splitlines() if not name.endswith(".py")]

    found = {path.name: seen for path in paths if path.is_file() and (seen := canaries.secrets_in(path.read_bytes()))}

    assert len(paths) > 100
    assert found == {}
