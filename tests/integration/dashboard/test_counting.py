"""Every figure is what plain Python counts from the raw lines, whatever the files look like."""

from __future__ import annotations

import json
import random
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tassist.dashboard.board import Board
from tassist.dashboard.figures import DECISIONS, FIGURE_BY_ID, FIGURES
from tassist.dashboard.make import make
from tassist.dashboard.reading import read
from tassist.services.dashboard_records import records_behind
from tassist.telemetry.prune import prune
from tests.support import recount
from tests.support.records import NOON, line

HOSTILE = "</script><img src=x onerror=alert(1)>\u202e\x1b[2J"


def board(root: Path, as_of: str | None = None, repos: tuple[str, ...] = ()) -> Board:
    return make(read(root, as_of=date.fromisoformat(as_of) if as_of else None, repos=repos))


def figures(found: Board) -> dict[str, dict[str, int | None]]:
    flat: dict[str, dict[str, int | None]] = {}
    for repo in found.repos:
        flat[repo.repo] = {}
        for name, value in repo.scope.figures.items():
            flat[repo.repo] |= {name: value.all, f"{name}.recent": value.recent, f"{name}.before": value.before}
    return flat


@pytest.mark.parametrize("as_of", ["2025-08-07", "2025-06-15", "2025-04-20"])
def test_every_figure_is_what_plain_python_counts(months: Path, as_of: str) -> None:
    records = recount.raw(months, as_of)
    counted = figures(board(months, as_of))

    expected = recount.recount(records, as_of)

    assert counted.keys() == expected.keys()
    for repo, wanted in expected.items():
        assert {name: counted[repo][name] for name in wanted} == wanted, repo
    assert sum(wanted["closed"] or 0 for wanted in expected.values()) > 0


@pytest.mark.parametrize("as_of", ["", "2025-05-08"])
def test_every_figure_that_counts_is_followed_to_exactly_its_records(weeks: Path, as_of: str) -> None:
    day = date.fromisoformat(as_of) if as_of else None
    found = make(read(weeks, as_of=day))
    followed = set()
    for name, value in found.total.figures.items():
        figure = FIGURE_BY_ID[name]
        lines = [json.loads(line) for line in records_behind(name, weeks, as_of=day)]
        if figure.unit == "count" and (figure.of == "issues" or name == "stuck"):
            issues = {(record["repo"], record["issue_number"]) for record in lines}
            # In and out count each turn, and a turn has its own record; anything else counts an issue once.
            assert len(lines) == value.all, name
            assert name in {"opened", "closed"} or len(issues) == value.all, name
        elif figure.unit == "count" and name.startswith(("runs", "success", "partial", "blocked", "failed")):
            assert len(lines) == value.all, name
        elif name == "deliveries":
            assert sum(len(record["trigger"]["delivery_ids"]) for record in lines) == value.all
        elif name in {"reads", "writes"}:
            assert sum(record["timing"].get(name, 0) for record in lines) == value.all
        else:
            assert lines, name
        followed.add(name)
    for name, service in found.service.items():
        lines = [json.loads(line) for line in records_behind(name, weeks, as_of=day)]
        summed = FIGURE_BY_ID[name].name.split(".")
        key = summed[2] if summed[0] == "sum" else ""
        assert sum(record["counts"][key] if key else 1 for record in lines) == service.all, name
        followed.add(name)
    assert {figure.id for figure in FIGURES if figure.of != "rules"} == followed


def test_every_figure_of_a_rule_is_followed_to_exactly_its_records(weeks: Path) -> None:
    as_of = "2025-05-16"
    day = date.fromisoformat(as_of)
    found = make(read(weeks, as_of=day))
    records = recount.raw(weeks, as_of)
    for rule in found.rules:
        for outcome in DECISIONS:
            told = sum(
                (decision["rule"], decision["outcome"]) == (rule.rule, outcome)
                for line in records_behind(f"rule.{rule.rule}.{outcome}", weeks, as_of=day)
                for decision in json.loads(line)["decisions"]
            )
            assert told == getattr(rule, outcome).all, (rule.rule, outcome)
    busiest = max(found.rules, key=lambda rule: rule.reverted.all or 0).rule
    for what, rule_id in (("written", ""), ("reverted", ""), ("flapped", ""), ("reverted", busiest)):
        lines = records_behind(f"{what}.{rule_id}" if rule_id else what, weeks, as_of=day)
        printed = [json.loads(line)["event_id"] for line in lines]
        assert sorted(printed) == sorted({record["event_id"] for record in recount.writers(records, what, rule_id)}), (
            what
        )
        assert printed or what == "flapped"


def test_every_rule_is_what_plain_python_counts(months: Path) -> None:
    found = board(months)
    expected = recount.rules(recount.raw(months))

    assert [rule.rule for rule in found.rules] == sorted(expected)
    for rule in found.rules:
        wanted = expected[rule.rule]
        names = (*DECISIONS, "written", "reverted", "flapped")
        assert {name: getattr(rule, name).all for name in names} == {name: wanted[name] for name in names}, rule.rule
    assert sum(rule.reverted.all or 0 for rule in found.rules) > 5


@pytest.mark.parametrize("as_of", ["2025-04-30", "2025-04-29", "9999"])
def test_migration_parity_is_what_plain_python_counts(months: Path, tmp_path: Path, as_of: str) -> None:
    for number, raw in enumerate(recount.raw(months)[:400:7]):  # what a migration took in from the record of legacy
        imported = raw | {
            "origin": f"legacy:{'codex' if number % 3 else 'supervisor'}",
            "event_id": f"imported-{number}",
        }
        with (tmp_path / f"{number % 4}.jsonl").open("a") as file:
            file.write(json.dumps(imported | {"schema_version": "1.1"}) + "\n")
    shutil.copytree(months, tmp_path / "own")
    expected = recount.migrations(recount.raw(tmp_path, as_of))

    found = board(tmp_path, None if as_of == "9999" else as_of).migrations

    assert [parity.repo for parity in found] == sorted(expected)
    assert len(found) > 3
    for parity in found:
        wanted = expected[parity.repo]
        assert (parity.verdicts, parity.at) == (wanted["verdicts"], wanted.get("at", ""))
        assert parity.comparisons == wanted["comparisons"]
        assert {step.step: (step.at, step.outcome) for step in parity.steps} == wanted["steps"]
        assert {bar.name: bar.count for bar in parity.imported} == wanted["imported"]
    assert any(parity.verdicts for parity in found) == (as_of != "2025-04-29")


@pytest.mark.parametrize("as_of", ["2025-03-31", "2025-08-07"])
def test_how_a_repository_was_made_ready_last_is_what_plain_python_finds(
    months: Path, tmp_path: Path, as_of: str
) -> None:
    shutil.copytree(months, tmp_path / "t")
    prune(tmp_path / "t", keep_days=30, now=datetime(2025, 8, 8, tzinfo=UTC))
    expected = recount.prepared(recount.raw(months, as_of))

    for root in (months, tmp_path / "t"):
        found = board(root, as_of)
        made = {repo.repo: (repo.prepared.at, repo.prepared.outcome) for repo in found.repos if repo.prepared}
        assert made == expected
        assert [need.repo for need in found.needs if need.kind == "preparation"] == ["acme/lander"]
        assert found.service["prepared"].all == len(expected)
    assert sorted(outcome for _, outcome in expected.values()) == ["partial", *["success"] * 4]


def test_open_over_time_is_in_minus_out(months: Path) -> None:
    for scope in [item for repo in board(months).repos for item in (repo.scope, *repo.tracks)]:
        lines = scope.flow.lines
        opened, closed = lines["opened"], lines["closed"]
        for place in range(1, len(lines["open"])):
            before, now = lines["open"][place - 1], lines["open"][place]
            assert (now or 0) - (before or 0) == (opened[place] or 0) - (closed[place] or 0)
        assert lines["open"][-1] == scope.figures["open"].all


def test_tracks_of_a_repository_add_up_to_it(months: Path) -> None:
    for repo in board(months).repos:
        in_tracks = sum(track.figures["open"].all or 0 for track in repo.tracks)
        assert in_tracks + (repo.scope.figures["untracked"].all or 0) == repo.scope.figures["open"].all


def test_the_past_is_what_it_was(months: Path, tmp_path: Path) -> None:
    for file in months.rglob("*.jsonl"):
        if file.name[:10] <= "2025-06-15":
            target = tmp_path / file.relative_to(months)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)

    then, now = board(tmp_path, "2025-06-15"), board(months, "2025-06-15")

    assert msgspec.json.encode(msgspec.structs.replace(now, source=then.source)) == msgspec.json.encode(then)


def test_pruning_changes_no_figure(months: Path, tmp_path: Path) -> None:
    shutil.copytree(months, tmp_path / "t")
    before = board(months)

    prune(tmp_path / "t", keep_days=30, now=datetime(2025, 8, 8, tzinfo=UTC))
    after = board(tmp_path / "t")

    assert after.source.folded > 100
    assert figures(after) == figures(before)
    assert after.total == before.total
    assert (after.rules, after.activity, after.latency) == (before.rules, before.activity, before.latency)
    assert (after.needs, after.sinks, after.service, after.migrations) == (
        before.needs,
        before.sinks,
        before.service,
        before.migrations,
    )
    for one, other in zip(after.repos, before.repos, strict=True):
        assert (one.tracks, one.milestones, one.rules, one.causes, one.changes) == (
            other.tracks,
            other.milestones,
            other.rules,
            other.causes,
            other.changes,
        )
        assert [(issue.number, issue.history) for issue in one.issues] == [
            (issue.number, issue.history) for issue in other.issues
        ]


def test_neither_the_order_of_files_nor_of_lines_nor_repetitions_change_a_figure(months: Path, tmp_path: Path) -> None:
    lines = [raw for file in months.rglob("*.jsonl") for raw in file.read_bytes().splitlines()]
    dice = random.Random(5)
    lines += dice.sample(lines, 200)
    dice.shuffle(lines)
    for place in range(7):
        (tmp_path / f"{dice.random()}.jsonl").write_bytes(b"\n".join(lines[place::7]))

    shuffled, plain = board(tmp_path), board(months)

    assert shuffled.source.duplicates == 200
    assert msgspec.json.encode(msgspec.structs.replace(shuffled, source=plain.source)) == msgspec.json.encode(plain)


def test_copies_of_one_event_that_differ_count_the_same_in_any_order(tmp_path: Path) -> None:
    one = json.loads(line(1))
    other = one | {"outcome": "failed", "reason": "another"}
    texts = [json.dumps(one), json.dumps(other)]
    for name, order in (("a", texts), ("b", texts[::-1])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.jsonl").write_text("\n".join(order) + "\n")

    found = [board(tmp_path / name) for name in ("a", "b")]

    assert found[0] == found[1]
    assert found[0].total.figures["runs"].all == 1


BROKEN: dict[str, bytes] = {
    "no JSON": b"{nonsense",
    "a torn line": line(9)[:40],
    "not UTF-8": line(9).replace(b"bug", b"\xff\xfe"),
    "a list": b"[1, 2, 3]",
    "a number": b"7",
    "of a newer major": line(9).replace(b'"1.0"', b'"2.0"'),
    "no such day": line(9).replace(b'"timestamp":"2026-03-01', b'"timestamp":"2026-02-30'),
    "no such outcome": line(9).replace(b'"outcome":"success"', b'"outcome":"fine"'),
    "a NUL": b"\x00" * 50,
    "an endless nest": b"[" * 50_000,
    "no event id": line(9).replace(b'"event_id"', b'"evnt_id"'),
    "lone surrogate": line(9).replace(b"bug", b"\\ud800"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_line_is_named_and_everything_else_counts(tmp_path: Path, name: str) -> None:
    good = [line(1), line(2), line(3)]
    (tmp_path / "x.jsonl").write_bytes(b"\n".join([good[0], BROKEN[name], *good[1:]]) + b"\n")

    found = board(tmp_path)

    assert found.source.faulty == 1
    assert [(fault.file, fault.line) for fault in found.source.faults] in ([("x.jsonl", 2)], [])
    assert found.total.figures["runs"].all == 3


def test_a_thousand_broken_lines_are_counted_and_a_hundred_named(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(line(1) + b"\n" + b"{\n" * 1000)

    source = board(tmp_path).source

    assert (source.records, source.faulty, len(source.faults)) == (1, 1000, 100)


def test_nothing_at_all_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_bytes(b"")
    found = board(tmp_path)

    assert [gap.what for gap in found.source.gaps] == ["There are no records"]
    assert found.repos == []


def test_partial_records_tell_what_is_missing(tmp_path: Path) -> None:
    record = json.loads(line(1))
    del record["state"]
    (tmp_path / "x.jsonl").write_text(json.dumps(record) + "\n")

    found = board(tmp_path)

    assert [gap.what for gap in found.source.gaps] == ["No record says how an issue is"]
    assert found.total.figures["open"].all == 0
    assert found.total.figures["median_age"].all is None
    assert found.total.figures["runs"].all == 1


def test_imported_records_tell_states_and_are_no_runs(tmp_path: Path) -> None:
    legacy = json.loads(line(1)) | {"origin": "legacy:codex", "schema_version": "1.1"}
    (tmp_path / "x.jsonl").write_text(json.dumps(legacy) + "\n")

    found = board(tmp_path)

    assert found.total.figures["runs"].all == 0
    assert found.total.figures["open"].all == 1
    assert [(parity.repo, [(bar.name, bar.count) for bar in parity.imported]) for parity in found.migrations] == [
        ("acme/orbit", [("legacy:codex", 1)])
    ]


def test_fields_of_a_newer_minor_version_do_not_matter(tmp_path: Path) -> None:
    record: dict[str, Any] = json.loads(line(1))
    newer = record | {"schema_version": "1.9", "tomorrow": {"a": [1]}}
    newer["decisions"] = [decision | {"weight": 3} for decision in newer["decisions"]]
    (tmp_path / "x.jsonl").write_text(json.dumps(newer) + "\n")
    (tmp_path / "y").mkdir()
    (tmp_path / "y" / "x.jsonl").write_text(json.dumps(record) + "\n")

    assert board(tmp_path / "x.jsonl").total == board(tmp_path / "y").total


def test_only_the_wanted_repositories_count(months: Path) -> None:
    assert [repo.repo for repo in board(months, repos=("Acme/Orbit", "moonbase")).repos] == [
        "acme/orbit",
        "moonbase/docs",
    ]


def test_flapping_and_taking_back_are_told_apart(tmp_path: Path) -> None:
    def run(number: int, hours: float, before: str | None, after: str | None, labels: list[str]) -> str:
        record = json.loads(line(number, at=NOON + timedelta(hours=hours)))
        record["issue_number"] = 7
        record["state"]["labels"] = labels
        if before != after:
            record["changes_made"] = [{"field": "labels", "before": before, "after": after, "rule": "stale"}]
        return json.dumps(record)

    runs = [
        run(1, 0, None, "s", ["s"]),
        run(2, 1, "s", None, []),  # the rule itself, an hour later: flapping
        run(3, 100, None, "s", ["s"]),
        run(4, 101, None, None, []),  # somebody took it off
        run(5, 102, None, "s", ["s"]),  # so the rule had to write it again
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(runs) + "\n")

    (rule,) = [rule for rule in board(tmp_path).rules if rule.rule == "stale"]

    assert (rule.written.all, rule.reverted.all, rule.flapped.all) == (4, 1, 1)


def test_h78_outages_and_losses_of_a_sink_are_shown_and_need_a_person(tmp_path: Path) -> None:
    from engine.problems import Problem
    from tassist.telemetry import around

    lines = [
        around.sink_failure(sink=HOSTILE, at=NOON, problem=Problem("x", "full", why="no space"), waiting=4),
        around.records_lost(sink=HOSTILE, at=NOON, first_seq=3, lost=41, reason="the bound was hit"),
        line(1),
    ]
    (tmp_path / "x.jsonl").write_bytes(b"\n".join(lines) + b"\n")

    found = board(tmp_path)

    assert [(sink.outages.all, sink.lost.all) for sink in found.sinks] == [(1, 41)]
    assert found.needs[0].kind == "lost"
    assert found.service["lost"].all == 41


def test_a_record_behind_a_rule_says_what_the_rule_said(weeks: Path) -> None:
    said: dict[str, dict[str, set[str]]] = {}
    for file in weeks.rglob("*.jsonl"):
        for raw in file.read_bytes().splitlines():
            made = json.loads(raw)
            for decision in made.get("decisions", ()):
                name = f"rule.{decision['rule']}.{decision['outcome']}"
                said.setdefault(made["event_id"], {}).setdefault(name, set()).add(decision["reason"])

    behind = [
        (name, record)
        for repo in make(read(weeks)).repos
        for name, found in repo.behind.items()
        if name.startswith("rule.")
        for record in found
    ]

    assert len(behind) > 20
    assert [(name, record) for name, record in behind if record.reason not in said[record.event_id][name]] == []
