"""What is installed is what was locked: nothing without a hash, no address that could be swapped, no archive that was changed."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def _requirements(lock: Path) -> list[str]:
    """Each requirement with its hashes, as one line."""
    joined = lock.read_text().replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.strip().startswith("#")]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_h84_every_requirement_is_one_version_with_hashes_and_without_an_address(lock: Path) -> None:
    found = _requirements(lock)

    assert found
    for line in found:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,0-9-]+\])?==[^\s;]+", line), line
        assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", line)) >= 1, line
    assert re.findall(r"(?:https?:|git\+|file:|--index|--extra-index|--find-links)", " ".join(found)) == []


def test_h84_every_installation_of_the_makefile_demands_the_hashes() -> None:
    installs = [
        line
        for line in (ROOT / "Makefile").read_text().splitlines()
        if " install " in line and not line.startswith("#")
    ]

    for line in installs:
        assert "--require-hashes" in line or "--editable ." in line, line
        assert "--no-deps" in line, line


def _wheel(folder: Path, body: str) -> Path:
    folder.mkdir()
    wheel = folder / "trusted_thing-1.0-py3-none-any.whl"
    info = "trusted_thing-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("trusted_thing.py", body)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: trusted-thing\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return wheel


@pytest.mark.slow
def test_h84_a_changed_archive_ends_the_installation_and_leaves_nothing(tmp_path: Path) -> None:
    wheel, changed = _wheel(tmp_path / "as-locked", "kind = 1\n"), _wheel(tmp_path / "changed", "kind = 2\n")
    lock = tmp_path / "lock.txt"
    lock.write_text(f"trusted-thing==1.0 \\\n    --hash=sha256:{sha256(wheel.read_bytes()).hexdigest()}\n")

    def install(source: Path, into: Path) -> subprocess.CompletedProcess[str]:
        flags = [
            "--no-index",
            "--no-deps",
            "--require-hashes",
            "--find-links",
            source.parent,
            "--target",
            into,
            "-r",
            lock,
        ]
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", *map(str, flags)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    good, bad = install(wheel, tmp_path / "good"), install(changed, tmp_path / "bad")

    assert good.returncode == 0, good.stderr
    assert (tmp_path / "good" / "trusted_thing.py").read_text() == "kind = 1\n"
    assert bad.returncode != 0
    assert "HASHES" in bad.stderr
    assert not (tmp_path / "bad" / "trusted_thing.py").exists()
