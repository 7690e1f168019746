"""A value of the wrong kind is named with what was found, what is allowed, and how to write it."""

from __future__ import annotations

import pytest

from engine.config import Config, InvalidConfig, parse
from engine.config.effective import effective
from engine.config.structure import STRUCTURAL

HEAD = 'schema_version: "1.0"\ntracks: []\nmilestones: []\n'
SMALL = HEAD + "labels: []\n"

CASES: list[tuple[str, str, str, str]] = [
    ("labels: [{name: 010}]", "config-wrong-kind", "found the number 010", 'put it in quotes: "010"'),
    ("labels: [{name: 404}]", "config-wrong-kind", "found the number 404", 'put it in quotes: "404"'),
    ("labels: [{name: true}]", "config-wrong-kind", "found the truth value true", 'put it in quotes: "true"'),
    ("labels: [{name: ~}]", "config-wrong-kind", "found nothing (~)", 'put it in quotes: "~"'),
    ("labels: [{name: }]", "config-wrong-kind", "found nothing", 'write a text, such as ""'),
    ("labels: [{name: [a]}]", "config-wrong-kind", "found a list", "write a label's name"),
    ("labels: [{name: {}}]", "config-wrong-kind", "found an empty mapping", "write a label's name"),
    ("labels: [{name: a, color: 5319E7}]", "config-wrong-kind", "found the number 5319E7", 'put it in quotes: "5319E7"'),
    ("labels: [{name: a, color: 000000}]", "config-wrong-kind", "found the number 000000", 'put it in quotes: "000000"'),
    ("labels: [bug]", "config-wrong-kind", "found 'bug'", "write name: bug"),
    ("labels: [1, ]", "config-wrong-kind", "found the number 1", "write name: 1"),
    ("labels: ~", "config-wrong-kind", "found nothing (~)", "write [] for an empty list"),
    ("labels: bug", "config-wrong-kind", "found 'bug'", "put - before each entry"),
    ("labels: {a: b}", "config-older-form", "labels is a mapping; since schema 1.0 it is a list", "tassist config upgrade"),
    ("labels: [{}]", "config-missing-key", "the key name is missing in this label", "add name: …"),
    ("labels: [{name: a, colour: b}]", "config-unknown-key", "the key 'colour' is not known in a label", "did you mean color?"),
    ("labels: [{name: a, zzz: b}]", "config-unknown-key", "the key 'zzz' is not known in a label", "remove it"),
    ("stale: {exclude_labels: []}", "config-older-form", "exclude_labels is what older forms called exempt_labels", "tassist config upgrade"),
    ("stale: {exempt_labels: keep}", "config-wrong-kind", "found 'keep'", "write it as a list: [keep]"),
    ("stale: {enabled: yes}", "config-wrong-kind", "found 'yes'", "write true, without quotes"),
    ("stale: {enabled: 'false'}", "config-wrong-kind", "found 'false'", "write false, without quotes"),
    ("stale: {enabled: [x]}", "config-wrong-kind", "found a list", "write true or false"),
    ("stale: {enabled: 1}", "config-wrong-kind", "found the number 1", "write true or false"),
    ("stale: {days_until_stale: '14'}", "config-wrong-kind", "found '14'", "write 14, without quotes"),
    ("stale: {days_until_stale: 1_000}", "config-wrong-kind", "found '1_000'", "write 1000, without quotes"),
    ("stale: {days_until_stale: soon}", "config-wrong-kind", "found 'soon'", "write a number of days"),
    ("stale: {days_until_stale: 1.5}", "config-wrong-kind", "found the number 1.5", "write a number of days"),
    ("stale: {days_until_stale: .inf}", "config-wrong-kind", "found the number .inf", "write a number of days"),
    ("stale: {days_until_stale: -3}", "config-wrong-number", "found -3", "write a number from 1 to 3650"),
    ("stale: {days_until_stale: 010}", "config-ambiguous-number", "found 010", "write it without the zero, such as 10"),
    ("stale: {days_until_stale: 0o17}", "config-ambiguous-number", "found 0o17", "write it without the zero"),
    ("stale: {tracks: []}", "config-wrong-kind", "found an empty list", "write a mapping from track id"),
    ("stale: {tracks: {' a': {}}}", "config-wrong-text", "the track id ' a'", "remove the first character, a blank"),
    ("stale: 14", "config-wrong-kind", "found the number 14", "write a mapping of keys"),
    ("inheritance: {mode: 1}", "config-wrong-kind", "found the number 1", "write one of none, soft, hard"),
    ("inheritance: {mode: sort}", "config-wrong-word", "found 'sort'", "did you mean soft?"),
    ("enforcement: {exclusivity: {tracks: {mode: warn}}}", "config-older-form", "tracks is what older forms called track", "tassist config upgrade"),
    ("enforcement: {exclusivity: {track: {mode: warn, strategy: single}}}", "config-older-form", "the strategy 'single' belongs to an older form", "tassist config upgrade"),
    ("enforcement: {exclusivity: {own: {mode: warn, prefix: a, labels: []}}}", "config-not-both", "prefix and labels are both given", "remove one of the two"),
    ("enforcement: {required_labels: [{mode: warn}]}", "config-exactly-one", "neither group nor any_of is given", "add group: …"),
    ("enforcement: {required_labels: [{group: track, any_of: [a]}]}", "config-exactly-one", "group and any_of are both given", "remove one of the two"),
    ("enforcement: {required_labels: [{any_of: []}]}", "config-too-few-entries", "the list has 0 entries", "add an entry"),
    ("inheritance: {copy: [track, milestone, track]}", "config-too-many-entries", "the list has 3 entries", "leave some out"),
    ("milestones: [{title: a, due_on: 2026-02-30}]", "config-wrong-date", "2026-02-30 is no date: day is out of range for month", "mend the date"),
    ("milestones: [{title: a, due_on: tomorrow}]", "config-wrong-text", "found 'tomorrow'", "write a date such as 2026-12-31"),
    ("tracks: [{id: a, label: b, milestone_pattern: '{{n}}'}]", "config-wrong-text", "found '{{n}}'", "such as Sprint {major}.{minor}"),
    ("tracks: [{id: a, label: b, default_milestone_pattern: 'S {n}'}]", "config-older-form", "default_milestone_pattern is what older forms called milestone_pattern", "tassist config upgrade"),
]  # fmt: skip


def first_of(text: str) -> tuple[str, str, str]:
    key = text.split(":", 1)[0]
    kept = "".join(line for line in SMALL.splitlines(keepends=True) if not line.startswith(f"{key}:"))
    found = parse(kept + text + "\n")
    assert isinstance(found, InvalidConfig)
    return found.problems[0].code, found.problems[0].what, found.problems[0].fix


@pytest.mark.parametrize(("text", "code", "what", "fix"), CASES, ids=[case[0] for case in CASES])
def test_a_wrong_value_is_named_with_its_fix(text: str, code: str, what: str, fix: str) -> None:
    found = first_of(text)

    assert found[:2] == (code, what)
    assert fix in found[2]


def test_every_structural_code_has_a_case() -> None:
    assert {case[1] for case in CASES} >= STRUCTURAL


@pytest.mark.parametrize(
    ("scalar", "meant"),
    [("NO", "NO"), ("on", "on"), ("y", "y"), ("12:30:00", "12:30:00"), ("2026-12-31", "2026-12-31"), ("1_000", "1_000"), ("=", "="), ("0x", "0x")],
)  # fmt: skip
def test_words_only_older_readers_take_for_something_else_are_text(scalar: str, meant: str) -> None:
    found = parse(f"{HEAD}labels: [{{name: {scalar}}}]\n")

    assert isinstance(found, Config)
    assert found.labels[0].name == meant


def test_a_mode_that_is_off_is_a_word() -> None:
    found = parse(SMALL + "enforcement: {exclusivity: {track: {mode: off}}}\n")

    assert isinstance(found, Config)
    assert found.enforcement is not None
    assert found.enforcement.exclusivity[0].mode == "off"


@pytest.mark.parametrize(("written", "days"), [("14", 14), ("14.0", 14), ("1e1", 10), ("+7", 7), ("0xE", 14)])
def test_a_number_may_be_written_in_any_way_that_is_not_ambiguous(written: str, days: int) -> None:
    found = parse(f"{SMALL}stale: {{days_until_stale: {written}}}\n")

    assert isinstance(found, Config)
    assert found.stale is not None
    assert found.stale.thresholds.days_until_stale == days


def test_every_missing_key_is_named_at_once() -> None:
    found = parse("stale: {}\n")

    assert isinstance(found, InvalidConfig)
    assert {problem.fix for problem in found.problems} == {
        "add labels: []",
        "add milestones: []",
        'add schema_version: "1.0"',
        "add tracks: []",
    }


def test_a_very_long_value_is_cut_in_the_message() -> None:
    found = parse(f"{HEAD}labels: [{{name: {'x' * 100_000}}}]\nstale: {{{'k' * 2_000}: 1}}\n")

    assert isinstance(found, InvalidConfig)
    assert all(len(str(problem)) < 1_000 for problem in found.problems)


def test_a_path_with_odd_keys_is_quoted() -> None:
    found = parse(SMALL + 'enforcement: {phase_milestones: {"a.b \\"c\\"": 1}}\n')

    assert isinstance(found, InvalidConfig)
    assert found.problems[0].where is not None
    assert found.problems[0].where.path == 'enforcement.phase_milestones["a.b \\"c\\""]'


def test_what_is_in_force_knows_where_it_is_from() -> None:
    text = (
        SMALL.replace("labels: []", "labels: [{name: a}]")
        + "stale: {days_until_stale: 3}\npull_requests: {manage: true}\n"
    )
    config = parse(text)
    assert isinstance(config, Config)

    values = {value.path: (value.value, value.where.line if value.where else None) for value in effective(config, text)}

    assert values == {
        "schema_version": ("1.0", 1),
        "tracks": ([], 2),
        "labels[0].name": ("a", 4),
        "milestones": ([], 3),
        "stale.enabled": (True, None),
        "stale.days_until_stale": (3, 5),
        "stale.stale_label": ("state/stale", None),
        "stale.escalated_label": ("state/escalated", None),
        "pull_requests.manage": (True, 6),
    }
