"""Runs every test that carries the id of a hostile case and prints id → test → result.

The ids are those of the project's list of hostile inputs and faults, H01 to H84; a test carries one in its name
(`test_h27_a_full_disk_answers_503`). An id without a test is printed too.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IDS = range(1, 85)
_NAMED = re.compile(r"\btest_h(\d\d)_")
_WORDS = " or ".join(f"test_h{digit}" for digit in range(9))
"""For `-k`: with `-n 2` the choice is made in other processes, which know only the arguments."""


class Table:
    """Collects the worst result of each named test."""

    def __init__(self) -> None:
        self.results: dict[int, dict[str, str]] = defaultdict(dict)
        self.reasons: dict[str, str] = {}
        """Test → why it was skipped."""

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep only the tests that carry an id."""
        named = [item for item in items if _NAMED.search(item.name)]
        config.hook.pytest_deselected(items=[item for item in items if not _NAMED.search(item.name)])
        items[:] = named

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember how a test ended."""
        found = _NAMED.search(report.nodeid)
        if not found or (report.when != "call" and report.passed):
            return
        name = report.nodeid.split("[")[0]
        if report.failed:
            print(f"\nfailed: {report.nodeid}", file=sys.stderr, flush=True)  # said at once: all of it takes an hour
        elif report.skipped and isinstance(report.longrepr, tuple):
            self.reasons[name] = str(report.longrepr[2]).removeprefix("Skipped: ")
        rank = {"passed": 0, "skipped": 1, "failed": 2}
        before = self.results[int(found[1])].get(name, "passed")
        self.results[int(found[1])][name] = max(before, report.outcome, key=lambda outcome: rank[outcome])

    def rows(self) -> list[str]:
        """One line for each id and test."""
        lines = []
        for number in IDS:
            tests = self.results.get(number)
            for name, result in sorted((tests or {}).items()):
                reason = f"  ({self.reasons.get(name, 'no reason')})" if result == "skipped" else ""
                lines.append(f"H{number:02}  {result:8} {name}{reason}")
            if not tests:
                lines.append(f"H{number:02}  no test")
        return lines


def main() -> int:
    """Run and print; non-zero where a test failed."""
    table = Table()
    try:
        return int(run(table))
    finally:  # also where it was interrupted: what ran until then is told
        print("\n".join(table.rows()))
        covered = sum(1 for number in IDS if table.results.get(number))
        print(f"{covered} of {len(IDS)} hostile cases have a test")


def run(table: Table) -> int:
    """Every test that carries an id."""
    return pytest.main(
        [
            "-q",
            "--no-header",
            "-p",
            "no:randomly",
            "-p",
            "no:cacheprovider",
            "-k",
            _WORDS,
            str(ROOT / "tests"),
            *sys.argv[1:],
        ],
        plugins=[table],
    )


if __name__ == "__main__":
    sys.exit(main())
