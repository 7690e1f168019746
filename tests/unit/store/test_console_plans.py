"""Every query of the console goes by an index, however large the journal is: SQLite's own plans of them are read."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tassist.store.console import Browse
from tassist.store.journal import Journal
from tassist.store.model import LaneKey
from tassist.store.pages import Filter
from tests.support.console import NOW, Filled

EARLIER = NOW - timedelta(hours=1)
ONE = {"event": "issues", "action": "opened", "repo": "acme/shop", "issue": 3, "outcome": "failed"}
FIELDS: tuple[dict[str, Any], ...] = (
    *({name: value} for name, value in ONE.items()),
    *({"state": state} for state in ("dead", "quarantined", "waiting", "done", "ignored", "stored")),
    {"since": EARLIER},
    {"until": NOW},
)
FEW = {
    "ids": "as many rows as there are repositories, each found by a step of an index",
    "installations": "as many rows as there are accounts",
    "deliveries USING INDEX deliveries_given_up": "holds what was given up alone",
    "g USING INDEX deliveries_given_up": "holds what was given up alone",
    "w USING INDEX looks_waiting": "is asked only where few wait",
    "lanes USING COVERING INDEX lanes_first": "ends after two thousand",
    "found": "the two thousand",
    "l USING INDEX lanes_first": "ends after a page, in the order of the index",
}
"""What may be read from one end to the other, and why that is little."""


class Planned:
    """A connection that notes the plan of every statement."""

    def __init__(self, connection: sqlite3.Connection, plans: dict[str, list[str]]) -> None:
        self._connection = connection
        self._plans = plans

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> sqlite3.Cursor:
        if statement not in self._plans:
            rows = self._connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
            self._plans[statement] = [str(row[3]) for row in rows]
        return self._connection.execute(statement, values)

    def executemany(self, statement: str, rows: Any, /) -> sqlite3.Cursor:
        raise AssertionError("the console writes nothing")


def single() -> Iterator[Filter]:
    """Nothing, and each field."""
    yield Filter()
    for one in FIELDS:
        yield replace(Filter(), **one)


def double() -> Iterator[Filter]:
    """Every two fields."""
    for one, other in itertools.combinations(FIELDS, 2):
        yield replace(Filter(), **one, **{name: value for name, value in other.items() if name not in one})


def asked(browse: Browse) -> dict[str, Callable[[], object]]:
    """Each thing the console can ask, by name."""

    def page() -> None:
        for wanted in (*single(), *double()):
            browse.page(wanted)
        for wanted in single():
            browse.page(wanted, after=2)

    def recent_issues() -> None:
        browse.recent_issues(before=(NOW, "f"))

    return {
        "page": page,
        "between": lambda: [browse.between(wanted, 1, 50) for wanted in single()],
        "newer": lambda: [browse.newer(wanted, 3) for wanted in single()],
        "extent": browse.extent,
        "place_of": lambda: browse.place_of(NOW),
        "per_hour": lambda: browse.per_hour(NOW),
        "given_up": browse.given_up,
        "waiting": lambda: browse.waiting(NOW),
        "suspended": browse.suspended,
        "trouble": lambda: browse.trouble(EARLIER),
        "runs_since": lambda: browse.runs_since(EARLIER),
        "written_since": lambda: browse.written_since(EARLIER),
        "delays": browse.delays,
        "recent_issues": recent_issues,
        "issue": lambda: browse.issue("acme/shop", 3),
        "runs_of": lambda: browse.runs_of(LaneKey(7, 3)),
        "covered_by": lambda: browse.covered_by(browse.runs_of(LaneKey(7, 3))[0]),
    }


def test_every_query_of_the_console_goes_by_an_index(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    for number in range(1, 7):
        filled.delivery(number, state="waiting" if number == 6 else "dead" if number == 5 else "done")
    filled.close()
    plans: dict[str, list[str]] = {}
    with Journal.open(tmp_path) as journal:
        browse = Browse(lambda read: journal._read(lambda connection: read(Planned(connection, plans))))
        questions = asked(browse)
        assert set(questions) == {name for name in vars(Browse) if not name.startswith("_")}
        for ask in questions.values():
            ask()

    assert len(plans) > 80
    slow = [
        f"{step}: {statement}"
        for statement, steps in plans.items()
        for step in steps
        if (step.startswith("SCAN ") and step.removeprefix("SCAN ") not in FEW)
        or step == "USE TEMP B-TREE FOR ORDER BY"
        or "AUTOMATIC" in step
    ]
    assert not slow, "\n".join(slow)


@pytest.mark.parametrize(
    "statement", ["SELECT * FROM runs ORDER BY reason", "SELECT count(*) FROM looks WHERE run_id = 'x'"]
)
def test_a_query_that_reads_everything_would_be_seen(statement: str, tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        plans: dict[str, list[str]] = {}
        journal._read(lambda connection: Planned(connection, plans).execute(statement).fetchall())

    assert any(step.startswith("SCAN ") and step.removeprefix("SCAN ") not in FEW for step in plans[statement])
