"""What counts things calls one of them by its singular: the doctor's spans, a demo's end, telemetry, a rehearsal."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

from tassist.doctor import network
from tassist.services.demo.summary import Summary
from tassist.services.doctor import drift

_WRONG = re.compile(r"\b1 (?!is\b|was\b)[a-z]+s\b")
NOW = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC)
BORDERS = (31, 59, 60, 89, 90, 119, 119.9, 120, 149, 3599, 3600, 7199, 7200, 86_399, 86_400, 172_799, 172_800, 10**6)


def demo(count: int) -> Summary:
    """A demo that came to so many of everything."""
    told = {"repo": "acme/app", "telemetry": ("x.jsonl",), "dashboard": "index.html", "passed_over": (), "seconds": 1.0}
    return Summary(**{field.name: told.get(field.name, count) for field in fields(Summary)})  # type: ignore[arg-type]  # its own fields


def test_a_demo_that_came_to_one_of_everything_says_so() -> None:
    said = "\n".join(value for _, value in demo(1).facts())

    assert "1 issue or pull request, 1 write" in said
    assert not _WRONG.findall(said)
    assert "2 issues and pull requests, 2 writes" in "\n".join(value for _, value in demo(2).facts())


@pytest.mark.parametrize("seconds", BORDERS)
def test_a_span_of_the_doctors_is_never_one_of_many(seconds: float) -> None:
    said = [network._span(seconds), drift._age((NOW - timedelta(seconds=seconds)).isoformat(), NOW)]

    assert not _WRONG.findall("; ".join(said))
    assert all(re.search(r"\d+ (seconds|minutes|hours|days)|a moment ago", one) for one in said), said
