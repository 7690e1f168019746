"""The server's figures: one table for Prometheus and for the reference page."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from engine.plan import RunOutcome
from engine.problems import Family
from tassist.server.metrics import TABLE, Metric, Metrics
from tassist.store.model import Accepted, Pruned, Sorted

ALL = {metric.name: metric for metric in TABLE}
SERVER = Path(__file__).resolve().parents[3] / "tassist" / "server"


def kinds(name: str) -> set[str]:
    return set(ALL[name].kinds)


def values(of: Any, name: str) -> set[str]:
    return set(get_args(get_type_hints(of)[name]))


def test_the_table_knows_every_kind_that_can_be_counted() -> None:
    source = "".join((SERVER / name).read_text() for name in ("head.py", "intake.py"))
    refused = set(re.findall(r'Refused\(\s*\d+,\s*"(\w+)"', source))
    assert len(refused) > 6

    assert kinds("deliveries") == refused | values(Accepted, "kind") | {"quarantined", "disconnected"}
    assert kinds("sorted") == values(Sorted, "state")
    assert kinds("runs") == {*get_args(RunOutcome), "dead"}
    assert kinds("looks_put_off") == set(get_args(Family))
    assert kinds("pruned") == {field.name for field in dataclasses.fields(Pruned)}


def test_the_table_knows_every_figure_the_server_counts() -> None:
    source = "".join(path.read_text() for path in SERVER.glob("*.py"))

    counted = set(re.findall(r'_metrics\.count\("(\w+)"', source)) | set(re.findall(r'yield "(\w+)", ', source))

    assert counted | {"answer_seconds"} == set(ALL)


@pytest.mark.parametrize("metric", TABLE, ids=lambda metric: metric.name)
def test_a_name_is_one_prometheus_takes_and_its_meaning_is_said(metric: Metric) -> None:
    assert re.fullmatch(r"tassist_[a-z_]+", metric.shown)
    assert (metric.type == "counter") == metric.shown.endswith("_total")
    assert metric.help
    assert all(metric.kinds.values())
    assert not set('\\"\n') & set(metric.help + "".join(metric.kinds)), "would have to be escaped"


def test_a_counter_is_there_with_zero_before_anything_was_counted_and_a_level_only_where_it_is_known() -> None:
    metrics = Metrics()
    metrics.count("deliveries", "stored", by=2)
    metrics.count("reads", by=3)
    metrics.answered(0.002)

    lines = metrics.text([("issues_waiting", 12_345_678), ("journal_commits", 7)]).splitlines()

    assert 'tassist_deliveries_total{kind="stored"} 2' in lines
    assert 'tassist_deliveries_total{kind="not_stored"} 0' in lines
    assert "tassist_reads_total 3" in lines
    assert "tassist_writes_total 0" in lines
    assert "tassist_issues_waiting 12345678" in lines
    assert "tassist_journal_commits_total 7" in lines
    assert lines[lines.index("tassist_journal_commits_total 7") - 1] == "# TYPE tassist_journal_commits_total counter"
    assert 'tassist_answer_seconds_bucket{le="0.001"} 0' in lines
    assert 'tassist_answer_seconds_bucket{le="0.0025"} 1' in lines
    assert 'tassist_answer_seconds_bucket{le="+Inf"} 1' in lines
    assert not any(line.startswith("tassist_looks_under_way") for line in lines)
