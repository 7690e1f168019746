"""Configurations of actions/stale and actions/labeler are read with their documented defaults, and what cannot be taken over is named."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from engine.config import Config, parse
from migrations.audit.document import read_document
from migrations.audit.run import audit
from migrations.model import Snapshot, TextFile
from migrations.sources import Taken, take
from migrations.sources.stale_inputs import DEFAULTS

STALE = "on: {schedule: [{cron: 1 1 * * *}]}\njobs:\n  a:\n    steps:\n      - uses: actions/stale@v9\n"
LABELER = "on: pull_request_target\njobs: {a: {steps: [{uses: actions/labeler@v5}]}}\n"


def taken(text: str, **files: str) -> Taken:
    found = take(Snapshot("o/r", "x", variables={"DAYS": "21"}, workflows=(TextFile(".github/workflows/a.yml", text.encode()),),
                          files=tuple(TextFile(path, body.encode()) for path, body in files.items())))  # fmt: skip
    assert len(found) == 1
    return found[0]


def test_stale_says_its_defaults() -> None:
    found = taken(STALE)

    assert found.line == 5
    assert found.config["stale"] == {
        "enabled": True,
        "days_until_stale": 60,
        "stale_label": "Stale",
        "days_until_close": 67,
    }
    assert found.config["pull_requests"] == {"manage": True}, "it does the same to both"
    assert "does the same to pull requests" in found.declares
    assert found.not_taken == ()


def test_pull_requests_are_looked_after_only_where_its_inputs_for_both_are_the_same() -> None:
    other = taken(STALE + "        with: {days-before-pr-stale: 9}\n")
    never = taken(STALE + "        with: {days-before-pr-stale: -1, days-before-pr-close: -1}\n")
    words = taken(STALE + "        with: {stale-issue-message: a, stale-pr-message: b}\n")

    assert "pull_requests" not in other.config
    assert "its inputs for them differ" in " ".join(other.not_taken)
    assert ("pull_requests" in never.config, never.not_taken) == (False, ())
    assert "pull_requests" in words.config
    assert "they get that of issues" in " ".join(words.not_taken)


def test_stale_with_everything_said() -> None:
    inputs = (
        "        with:\n          days-before-stale: 30\n          days-before-issue-stale: 14.5\n          days-before-close: -1\n"
        "          days-before-pr-stale: -1\n          stale-issue-label: old\n          exempt-issue-labels: 'pinned, security'\n"
        "          exempt-milestones: Later\n          stale-issue-message: Nobody was here.\n          any-of-labels: bug\n"
        "          remove-stale-when-updated: false\n"
    )

    found = taken(STALE + inputs)

    assert found.config["stale"] == {
        "enabled": True, "days_until_stale": 15, "stale_label": "old", "exempt_labels": ["pinned", "security"],
        "exempt_milestones": ["Later"], "comment": "Nobody was here.",
    }  # fmt: skip
    assert any("any-of-labels" in left for left in found.not_taken)
    assert any("taken off at once" in left for left in found.not_taken)
    assert not any("pull requests" in left for left in found.not_taken)


def test_what_is_taken_over_is_a_valid_configuration() -> None:
    import json

    whole = {"schema_version": "1.0", "tracks": [], "milestones": [], **taken(STALE).config}

    parsed = parse(json.dumps(whole))

    assert isinstance(parsed, Config), parsed
    assert parsed.stale
    assert parsed.stale.thresholds.days_until_close == 67


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ("actions/stale@v9\n        with: {days-before-stale: -1}", "negative"),
        ("actions/stale@v9\n        with: {days-before-issue-stale: -1, days-before-stale: 5}", "negative"),
        ("actions/stale@v9\n        with: {days-before-stale: '${{ inputs.days }}'}", "no number of days"),
        ("actions/stale@v9\n        with: {debug-only: true}", "only tries"),
        ("actions/stale@v3.0.19", "without a stale-issue-message"),
    ],
)
def test_stale_that_marks_nothing_says_why_and_replaces_nothing(step: str, why: str) -> None:
    found = taken(STALE.replace("actions/stale@v9", step))

    assert (found.config, found.replaces) == ({}, False)
    assert why in found.not_taken[0]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ("days-before-issue-stale: '', days-before-stale: 9", {"days_until_stale": 9, "days_until_close": 16}),
        ("days-before-close: 2.9", {"days_until_close": 62}),
        ("days-before-issue-close: -1", {"days_until_close": None}),
        ("exempt-issue-milestones: '', exempt-milestones: 'A, B,A'", {"exempt_milestones": ["A", "B"]}),
        ("exempt-issue-milestones: C, exempt-milestones: A", {"exempt_milestones": ["C"]}),
        ("days-before-stale: '${{ vars.DAYS }}'", {"days_until_stale": 21}),
    ],
)
def test_an_input_for_issues_overrides_the_common_one_only_where_it_says_something(
    inputs: str, expected: dict[str, object]
) -> None:
    ours = taken(STALE + f"        with: {{{inputs}}}\n").config["stale"]

    assert {name: ours.get(name) for name in expected} == expected


def test_every_input_of_the_action_is_known_and_none_that_matters_is_left_out_silently() -> None:
    """Source: action.yml of actions/stale, at v9.1.0 and at its newest."""
    about_issues = (
        "close-issue-message close-issue-label any-of-labels any-of-issue-labels only-labels only-issue-labels only-issue-types"
        " exempt-assignees exempt-issue-assignees exempt-all-assignees exempt-all-issue-assignees exempt-all-milestones"
        " exempt-all-issue-milestones start-date labels-to-add-when-unstale labels-to-remove-when-unstale"
        " labels-to-remove-when-stale include-only-assigned ignore-updates ignore-issue-updates"
    )
    for name in about_issues.split():
        told = " ".join(
            taken(
                STALE + f"        with: {{{name}: x, days-before-pr-stale: -1, days-before-pr-close: -1}}\n"
            ).not_taken
        )
        assert f"({name})" in told
        assert (
            taken(
                STALE + f"        with: {{{name}: 'false', days-before-pr-stale: -1, days-before-pr-close: -1}}\n"
            ).not_taken
            == ()
        )
    quiet = "operations-per-run: 500, ascending: true, sort-by: updated, enable-statistics: false, delete-branch: true"
    assert (
        taken(STALE + f"        with: {{{quiet}, days-before-pr-stale: -1, days-before-pr-close: -1}}\n").not_taken
        == ()
    )
    assert "the input newer, which is not known" in " ".join(taken(STALE + "        with: {newer: 1}\n").not_taken)
    completed = taken(
        STALE + "        with: {close-issue-reason: completed, days-before-pr-stale: -1, days-before-pr-close: -1}\n"
    )
    assert completed.not_taken == ("closing as completed: ours closes as not planned (close-issue-reason)",)


def test_the_defaults_are_those_of_the_fetched_action() -> None:
    """Against action.yml itself, where somebody put a git directory of it."""
    named = os.environ.get("TASSIST_TEST_ACTIONS_STALE", "")
    if not named or not Path(named).is_dir():
        pytest.skip("TASSIST_TEST_ACTIONS_STALE names no git directory of actions/stale")
    shown = subprocess.run(["git", "--git-dir", named, "show", "HEAD:action.yml"], capture_output=True, check=True)
    document = read_document(TextFile("action.yml", shown.stdout))
    inputs = dict(re.findall(r"^  ([a-z-]+):\n(?:    .*\n)*?    default: '?(.*?)'?$", document.text, re.MULTILINE))
    names = set(re.findall(r"^  ([a-z-]+):$", document.text.partition("outputs:")[0], re.MULTILINE))

    assert {name: inputs[name] for name in DEFAULTS} == DEFAULTS
    assert len(names) > 50
    for name in names:
        told = " ".join(taken(STALE + f"        with: {{{name}: '1'}}\n").not_taken)
        assert "not known here" not in told, name


V4 = "docs: docs/**\nsource:\n  - any: ['src/**', '!src/x/*']\n  - lib/**\n"
V5 = "docs:\n  - changed-files:\n      - any-glob-to-any-file: ['docs/**']\nrelease:\n  - base-branch: main\nboth:\n  - all:\n      - changed-files: [{all-globs-to-all-files: a/*}]\n      - head-branch: ['^x']\n"


def test_labeler_of_version_4_and_5_is_told_apart_and_read() -> None:
    four = taken(LABELER, **{".github/labeler.yml": V4})
    five = taken(LABELER, **{".github/labeler.yml": V5})

    assert (four.source, five.source) == ("actions/labeler v4", "actions/labeler v5")
    assert [label["name"] for label in four.config["labels"]] == ["docs", "source"]
    assert "files docs/**" in four.declares[0]
    assert "files any-glob-to-any-file: docs/**" in five.declares[0]
    assert "base-branch main" in five.declares[1]
    assert "all of (" in five.declares[2]
    assert "the Action stays" in five.not_taken[0]
    assert not five.replaces


def test_limits_among_the_labels_of_labeler_are_no_labels() -> None:
    found = taken(LABELER, **{".github/labeler.yml": f"changed-files-labels-limit: 5\nmax-files-changed: 9\n{V5}"})

    assert [label["name"] for label in found.config["labels"]] == ["docs", "release", "both"]
    assert "max-files-changed: 9" in found.declares


def test_a_configuration_that_is_not_there_or_cannot_be_read_is_named() -> None:
    assert "is not there" in taken(LABELER).not_taken[0]
    assert "cannot be read" in taken(LABELER, **{".github/labeler.yml": "a: &x [*x]\n"}).not_taken[0]
    assert "cannot be read" in taken(LABELER, **{".github/labeler.yml": "- a\n"}).not_taken[0]
    other = LABELER.replace("actions/labeler@v5", "actions/labeler@v5, with: {configuration-path: x.yml}")
    assert taken(other, **{"x.yml": V4}).source == "actions/labeler v4"


def test_an_audit_names_the_sources_it_found() -> None:
    found = audit(Snapshot("o/r", "x", workflows=(TextFile(".github/workflows/a.yml", STALE.encode()),)))

    assert found.sources == ("actions/stale in .github/workflows/a.yml:5: gives labels, pull_requests, stale",)
    assert found.workflows[0].kind == "issue automation"
