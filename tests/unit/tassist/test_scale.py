"""The model of scale says what its page says, and what must be so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.scale import Load, answer, measured, table

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_shows_what_the_model_computes() -> None:
    page = (ROOT / "docs" / "explanation" / "scale.md").read_text()
    shown = page.split("<!-- scale -->\n")[1].split("\n<!-- /scale -->")[0]

    assert shown == table([answer(size) for size in (10, 1_000, 100_000)])


def test_githubs_limits_do_not_depend_on_how_many_installations_there_are() -> None:
    one, many = answer(1), answer(100_000)

    assert (one.call_budget_used, one.content_budget_used) == (many.call_budget_used, many.content_budget_used)
    assert one.first_limit.startswith("GitHub's")
    assert not many.first_limit.startswith("GitHub's")


def test_twice_the_load_is_twice_the_need() -> None:
    once = answer(1_000)
    twice = answer(1_000, replace(Load(), deliveries_per_day=600))

    assert round(twice.deliveries_per_s / once.deliveries_per_s, 6) == 2
    assert round(twice.disk_gb / once.disk_gb, 6) == 2
    assert answer(100_000, costs=replace(measured(), queue_per_s=10_000)).databases == 1
