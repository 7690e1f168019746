"""The locks are judged offline against a checkout of the advisory database: what is known is named, and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support import advisories

ROOT = Path(__file__).resolve().parents[2]
ADVISORY = """\
id: {id}
modified: 2024-02-06T20:20:18.162431Z
aliases:
- CVE-2024-23829
{more}affected:
- package:
    ecosystem: PyPI
    name: {name}
  ranges:
  - type: GIT
    events:
    - introduced: "0"
  - type: ECOSYSTEM
    events:
{events}
  versions:
  - "0.1"
  - 2.0.0rc1
  - not.a.version
"""
FIXED = '    - introduced: "0"\n    - fixed: 1.5\n    - introduced: "3.0"\n    - fixed: 3.0.2'
LAST = '    - introduced: "2.0"\n    - last_affected: "2.4"'


def database(folder: Path, *, name: str = "some-thing", events: str = FIXED, more: str = "") -> Path:
    (folder / "db" / "vulns" / name).mkdir(parents=True)
    text = ADVISORY.format(id="PYSEC-2024-26", name="Some_Thing", events=events, more=more)
    (folder / "db" / "vulns" / name / "PYSEC-2024-26.yaml").write_text(text)
    return folder / "db"


def lock(folder: Path, version: str) -> Path:
    path = folder / "lock.txt"
    path.write_text(
        f"some-thing=={version} ; sys_platform == 'linux' \\\n    --hash=sha256:0\n    # via tassist\nother[more]==9\n"
    )
    return path


@pytest.mark.parametrize(
    ("events", "version", "known"),
    [
        (FIXED, "1.4.9", True),
        (FIXED, "0.0.1a1", True),
        (FIXED, "1.5", False),
        (FIXED, "1.5.0", False),
        (FIXED, "2.9", False),
        (FIXED, "3.0.1", True),
        (FIXED, "3.0.2", False),
        (FIXED, "2.0.0rc1", True),  # listed, whatever the ranges say
        (LAST, "1.9", False),
        (LAST, "2.4", True),
        (LAST, "2.4.1", False),
        (LAST, "0.1.0", True),
    ],
)
def test_a_version_is_judged_by_list_and_ranges(
    events: str, version: str, known: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = advisories.main([str(database(tmp_path, events=events)), str(lock(tmp_path, version))])

    said = capsys.readouterr().out
    assert code == known
    assert (f"some-thing {version}: PYSEC-2024-26 (CVE-2024-23829); fixed in " in said) == known
    assert f"2 packages, {int(known)} known weaknesses; the newest advisory about one of them is of 2024-02-06" in said


def test_what_was_withdrawn_or_is_about_another_package_is_nothing_known(tmp_path: Path) -> None:
    withdrawn = database(tmp_path / "one", more="withdrawn: 2024-03-01T00:00:00Z\n")
    other = database(tmp_path / "two", name="something-else")

    assert advisories.main([str(withdrawn), str(lock(tmp_path, "1.0"))]) == 0
    assert advisories.main([str(other), str(lock(tmp_path, "1.0"))]) == 0


def test_what_is_no_database_or_no_lock_is_no_clean_bill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("# nothing\n")

    assert advisories.main([str(tmp_path), str(lock(tmp_path, "1.0"))]) == 2
    assert advisories.main([str(database(tmp_path)), str(empty)]) == 2
    assert "give the folder of a checkout" in capsys.readouterr().err


def test_every_pin_of_the_locks_is_read() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = path.read_text()
        assert sum(map(len, advisories.pins(text).values())) == len(
            {line for line in text.splitlines() if "==" in line.split(";")[0]}
        )


def test_make_audit_judges_every_lock_where_a_database_is_named() -> None:
    done = subprocess.run(
        ["make", "-n", "audit", "ADVISORIES=/some/folder"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert "tests.support.advisories '/some/folder' requirements/runtime.txt" in done.stdout
    assert all(path.name in done.stdout for path in (ROOT / "requirements").glob("*.txt"))
