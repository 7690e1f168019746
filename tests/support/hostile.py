"""Runs every test that carries the id of a hostile case and prints the table: case, what it is, result, tests, reasons.

The ids are those of the project's list of hostile inputs and faults, H01 to H84; a test carries one in its name
(`test_h27_a_full_disk_answers_503`). The names are read from the sources, so that a case without a test is in the table,
and so is a test that did not come to its turn because somebody ended the run.
"""

from __future__ import annotations

import ast
import os
import re
import signal
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"

CASES = {
    1: "a signature that is not ASCII",
    2: "a signature missing, old, of another length, or twice",
    3: "an empty webhook secret",
    4: "the webhook secret is rotated",
    5: "a signed body under another event's name",
    6: "a delivery id that is none",
    7: "a body longer than GitHub sends, or without end",
    8: "senders that never finish",
    9: "25 MB of small objects",
    10: "a compressed body",
    11: "other methods and other paths",
    12: "an address a sender made up",
    13: "a ping, and events nobody knows",
    14: "a key twice in one object",
    15: "100,000 nested arrays",
    16: "a NUL in a title",
    17: "null where an object was",
    18: "JSON that is no object",
    19: "a delivery that breaks a rule each time",
    20: "killed at every boundary",
    21: "an answer lost after the write was done",
    22: "redelivered before it was finished",
    23: "redelivered after it was finished",
    24: "deliveries in any order",
    25: "an hour, three days, a week away",
    26: "two services on one store",
    27: "a disk that refuses",
    28: "a torn last record",
    29: "power lost around a rename",
    30: "a million deliveries waiting",
    31: "an older and a newer version on one store",
    32: "asked to end in the middle of work",
    33: "the App's own writes come back as deliveries",
    34: "an issue another App opened",
    35: "another bot undoes what the App does",
    36: "one repository sends 50,000 events",
    37: "installed on a thousand repositories",
    38: "not there yet, and not there",
    39: "422 of every kind",
    40: "403 of every kind",
    41: "429 with every kind of waiting time",
    42: "broken answers",
    43: "a certificate nobody vouches for",
    44: "a broken network",
    45: "more than one page of everything",
    46: "200, and the label silently dropped",
    47: "a clock that is wrong",
    48: "401, soon and later",
    49: "a token runs out in the middle of long work",
    50: "a key rotated or deleted at GitHub",
    51: "a private key pasted in every form",
    52: "an installation suspended, removed, or with fewer repositories",
    53: "registering the App goes wrong, or is killed",
    54: "label names in other cases",
    55: "names, colours and descriptions GitHub refuses",
    56: "a rule names a label that is not there",
    57: "an issue that has 100 labels",
    58: "a person adds a label meanwhile",
    59: "a label deleted, renamed or merged meanwhile",
    60: "fifty workers want the same new milestone",
    61: "an issue locked, transferred, deleted, or a pull request",
    62: "a repository renamed, archived, made anew",
    63: "YAML that grows",
    64: "YAML that makes objects",
    65: "a pattern that takes for ever",
    66: "a long body under many patterns",
    67: "a configuration that is not valid is pushed",
    68: "file names that lead elsewhere",
    69: "addresses that lead elsewhere",
    70: "a legacy workflow that can be attacked",
    71: "control characters on their way to a terminal",
    72: "markup, links and formulas in pages and exports",
    73: "every kind of terminal, and a closed one",
    74: "a failure in a frame that holds a secret",
    75: "every kind of broken keyring",
    76: "a file of secrets under every kind of circumstance",
    77: "a secret in an address, an error, an argument",
    78: "a sink that is down, slow, or forgets",
    79: "a tunnel's address changes",
    80: "a tunnel shows more than the webhook",
    81: "a reverse proxy set up wrongly",
    82: "proxies on the way out",
    83: "a machine that lacks something",
    84: "packages that were tampered with",
}
"""Number → what the case is, in a few words."""

_NAMED = re.compile(r"\btest_h(\d\d)_")
_WORDS = " or ".join(f"test_h{digit}" for digit in range(9))
"""For `-k`: with `-n 2` the choice is made in other processes, which know only the arguments."""
_OF_ALL = ("skipped", "passed", "not run", "failed")
"""Of a case with several tests; one that could not run here takes nothing from the others."""
_RANK = {"passed": 0, "skipped": 1, "not run": 2, "failed": 3}


def named(tests: Path = TESTS) -> dict[str, int]:
    """Test, as pytest calls it without its parameters → the case it carries in its name."""
    found = {}
    for path in sorted(tests.rglob("test_*.py")):
        text = path.read_text()
        for node in ast.parse(text).body if "def test_h" in text else ():
            carries = _NAMED.match(node.name) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else None
            if carries:
                found[f"{path.relative_to(tests.parent).as_posix()}::{carries.string}"] = int(carries[1])
    return found


class Table:
    """Collects the worst result of each named test."""

    def __init__(self, tests: dict[str, int]) -> None:
        self.tests = tests
        self.results: dict[str, str] = {}
        self.reasons: dict[str, str] = {}
        """Test → why it was skipped, or how it failed."""

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep only the tests that carry an id."""
        named = [item for item in items if _NAMED.search(item.name)]
        config.hook.pytest_deselected(items=[item for item in items if not _NAMED.search(item.name)])
        items[:] = named

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember how a test ended."""
        if not _NAMED.search(report.nodeid) or (report.when != "call" and report.passed):
            return
        name = report.nodeid.split("[")[0]
        if report.failed:
            print(f"\nfailed: {report.nodeid}", file=sys.stderr, flush=True)  # said at once: all of it takes an hour
        self.tests.setdefault(
            name, int(_NAMED.findall(name)[-1])
        )  # one of a class, or inherited: not seen in the sources
        before = self.results.get(name, "passed")
        self.results[name] = max(before, report.outcome, key=_RANK.__getitem__)
        if not report.passed and (name not in self.reasons or _RANK[before] < _RANK[report.outcome]):
            self.reasons[name] = _reason(report)

    def rows(self) -> list[str]:
        """A line for each case, and below it one for each of its tests."""
        of: dict[int, list[str]] = defaultdict(list)
        for name, number in self.tests.items():
            of[number].append(name)
        lines = []
        for number, what in CASES.items():
            outcome = max((self._outcome(name) for name in of[number]), key=_OF_ALL.index, default="no test")
            lines.append(f"H{number:02}  {outcome:8} {what}")
            for name in of[number]:
                reason = f"  ({self.reasons[name]})" if name in self.reasons else ""
                lines.append(f"       {self._outcome(name):8} {name}{reason}")
        return lines

    def summary(self) -> str:
        """How many cases there are, and how many tests ended how."""
        covered = len(set(self.tests.values()) & set(CASES))
        counts = Counter(self._outcome(name) for name in self.tests)
        ended = ", ".join(f"{counts[outcome]} {outcome}" for outcome in _RANK if counts[outcome])
        return f"{covered} of {len(CASES)} hostile cases have a test; of {len(self.tests)} tests: {ended}"

    def _outcome(self, name: str) -> str:
        return self.results.get(name, "not run")

    def unexplained(self) -> list[str]:
        """What no green run may have: a case without a test, a test skipped without a reason."""
        return [f"H{number:02} has no test" for number in CASES if number not in self.tests.values()] + [
            f"{name} was skipped without a reason"
            for name, outcome in self.results.items()
            if outcome == "skipped" and not self.reasons.get(name)
        ]


def _reason(report: pytest.TestReport) -> str:
    """Why it was skipped, or the line that says how it failed."""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped").removeprefix(": ").replace("unconditional skip", "")
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = str(crash.message if crash else report.longrepr).splitlines() or ["no reason given"]
    return lines[0][:200]


def main(tests: Path = TESTS) -> int:
    """Run and print; non-zero where a test failed, a case has none, or a reason is missing."""
    table = Table(named(tests))
    me = os.getpid()

    def ended(*_: Any) -> None:
        """Somebody's `timeout`, or a machine that goes down: pytest ends its tests, and the table says how far they came."""
        if os.getpid() == me:
            raise KeyboardInterrupt
        os._exit(128 + signal.SIGTERM)  # a child that was forked and never became another program

    signal.signal(signal.SIGTERM, ended)
    try:
        outcome = int(run(table, tests))
    finally:  # also where it was interrupted: what ran until then is told
        print("\n".join(table.rows()))
        print("\n".join([*table.unexplained(), table.summary()]), flush=True)
    return outcome or int(bool(table.unexplained()))


def run(table: Table, tests: Path) -> int:
    """Every test that carries an id."""
    fixed = ("-q", "--no-header", "-p", "no:randomly", "-p", "no:cacheprovider", "--rootdir", str(tests.parent))
    return pytest.main([*fixed, "-k", _WORDS, str(tests), *sys.argv[1:]], plugins=[table])


if __name__ == "__main__":
    sys.exit(main())
