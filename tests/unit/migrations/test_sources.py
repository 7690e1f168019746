"""Configurations of actions/stale and actions/labeler are read with their documented defaults, and what cannot be taken over is named."""

from __future__ import annotations

from engine.config import Config, parse
from migrations.audit.run import audit
from migrations.model import Snapshot, TextFile
from migrations.sources import Taken, take

STALE = "on: {schedule: [{cron: 1 1 * * *}]}\njobs:\n  a:\n    steps:\n      - uses: actions/stale@v9\n"
LABELER = "on: pull_request_target\njobs: {a: {steps: [{uses: actions/labeler@v5}]}}\n"


def taken(text: str, **files: str) -> Taken:
    found = take(Snapshot("o/r", "x", workflows=(TextFile(".github/workflows/a.yml", text.encode()),),
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
    assert "pull requests" in " ".join(found.not_taken)


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


def test_stale_that_marks_nothing() -> None:
    assert taken(STALE + "        with: {days-before-stale: -1}\n").config == {}


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
    assert "keep the Action" in five.not_taken[0]


def test_a_configuration_that_is_not_there_or_cannot_be_read_is_named() -> None:
    assert "is not there" in taken(LABELER).not_taken[0]
    assert "cannot be read" in taken(LABELER, **{".github/labeler.yml": "a: &x [*x]\n"}).not_taken[0]
    assert "cannot be read" in taken(LABELER, **{".github/labeler.yml": "- a\n"}).not_taken[0]
    other = LABELER.replace("actions/labeler@v5", "actions/labeler@v5, with: {configuration-path: x.yml}")
    assert taken(other, **{"x.yml": V4}).source == "actions/labeler v4"


def test_an_audit_names_the_sources_it_found() -> None:
    found = audit(Snapshot("o/r", "x", workflows=(TextFile(".github/workflows/a.yml", STALE.encode()),)))

    assert found.sources == (
        "actions/stale in .github/workflows/a.yml:5: gives labels, stale; 1 of its settings are not taken over",
    )
    assert found.workflows[0].kind == "issue automation"
