"""Older forms become schema 1.0: valid, once and for all, with every comment, and as the folder `older` says."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import Config, InvalidConfig, parse
from engine.config.findings import Findings
from engine.config.nodes import Mapping
from engine.config.older import Upgraded, upgrade
from engine.config.older.surgery import comments
from engine.config.reading import read

OLDER = Path(__file__).parent / "older"
FILES = sorted(OLDER.glob("*.yml"))
SMALL = 'schema_version: "1.0"\ntracks: []\nlabels: []\nmilestones: []\n'


def upgraded(text: str) -> Config:
    done = upgrade(text)
    assert done.problems == ()
    config = parse(done.text)
    assert isinstance(config, Config)
    return config


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def older(request: pytest.FixtureRequest) -> Path:
    """Each file of an older form."""
    path = request.param
    assert isinstance(path, Path)
    return path


def test_an_older_form_is_recognised_and_the_fix_is_named(older: Path) -> None:
    found = parse(older.read_text())

    assert isinstance(found, InvalidConfig)
    named = [problem for problem in found.problems if problem.code == "config-older-form"]
    assert named or older.stem == "08-unquoted-version" or "version: 1" not in older.read_text()
    assert all("tassist config upgrade" in problem.fix for problem in named)


def test_an_older_form_becomes_valid_as_expected(older: Path) -> None:
    done = upgrade(older.read_text())

    assert done.problems == ()
    assert isinstance(parse(done.text), Config)
    assert done.text == (OLDER / "expected" / older.name).read_text()
    assert done.changes


def test_a_second_upgrade_changes_nothing(older: Path) -> None:
    once = upgrade(older.read_text())

    assert upgrade(once.text) == Upgraded(once.text, (), (), ())


def test_no_comment_is_lost(older: Path) -> None:
    text = older.read_text()
    root = read(text, Findings(""))
    assert root is not None

    lost = [comment for comment in comments(text, 0, len(text), root) if comment not in upgrade(text).text]

    assert lost == []


def test_line_ends_of_windows_stay(older: Path) -> None:
    done = upgrade(older.read_text().replace("\n", "\r\n"))

    assert done.text == upgrade(older.read_text()).text.replace("\n", "\r\n")


def test_tracks_by_their_labels_keep_what_they_meant() -> None:
    config = upgraded((OLDER / "01-tracks-mapping.yml").read_text())

    assert [(track.id, track.label, track.milestone) for track in config.tracks] == [
        ("sprint", "track/sprint", "Sprint 1"),
        ("backlog", "track/backlog", None),
        ("bug", "track/bug", "Bug bash #2"),
    ]
    assert config.tracks[0].match is not None
    assert config.tracks[0].match.labels == ("feature", "enhancement")


def test_rules_become_enforcement() -> None:
    config = upgraded((OLDER / "04-rules.yml").read_text())

    assert config.enforcement is not None
    assert [(group.name, group.mode, group.strategy) for group in config.enforcement.exclusivity] == [
        ("track", "enforce", "newest"),
        ("phase", "enforce", "highest"),
    ]
    assert [mapping.milestone for mapping in config.enforcement.phase_milestones] == [
        "Phase 1 – Planning",
        "Phase 2.1",
        "Phase 3",
    ]
    assert [label.color for label in config.labels] == ["0e8a16", "5319e7", "000000", None]


def test_what_was_off_stays_off() -> None:
    assert upgraded((OLDER / "06-off.yml").read_text()).enforcement is None


def test_a_configuration_that_healed_without_enforcement_is_told_what_changed() -> None:
    (note,) = upgrade((OLDER / "02-match-mapping.yml").read_text()).notes

    assert "without enforcement nothing is written" in note


@pytest.mark.parametrize(
    "text",
    [
        SMALL,
        "# kept  \r\n" + SMALL,
        SMALL + "meta: {kept: true}\n",
        SMALL.replace("tracks: []", "tracks: [{id: a, label: a, colour: red}]"),
        SMALL + "stale: {days_until_stale: 0}\n",
        "a: [\n",
        "",
        "- a\n",
    ],
)
def test_what_is_of_no_older_form_stays_to_the_byte(text: str) -> None:
    done = upgrade(text)

    assert done.text == text
    assert done.changes == ()
    assert bool(done.problems) == isinstance(parse(text), InvalidConfig)


def test_what_is_no_text_is_only_reported() -> None:
    assert [problem.code for problem in upgrade(b"\xff").problems] == ["config-not-utf8"]


def test_what_cannot_be_mended_is_left_and_reported() -> None:
    done = upgrade("version: 1\ntracks: []\nlabels: [{name: ' x'}]\nmilestones: []\nstale: soon\n")

    assert 'schema_version: "1.0"' in done.text
    assert [problem.code for problem in done.problems] == ["config-wrong-text", "config-wrong-kind"]


@pytest.mark.parametrize(
    ("older_text", "expected"),
    [
        ("version: 1\ntracks: []\n...\n", 'schema_version: "1.0"\ntracks: []\n\nlabels: []\n\nmilestones: []\n...\n'),
        ("tracks: {}\nlabels: {}\nmilestones: {}", 'schema_version: "1.0"\ntracks: []\nlabels: []\nmilestones: []\n'),
        ("{}", '{tracks: [], labels: [], milestones: [], schema_version: "1.0", }'),
        (
            "version: 1\ntracks: []\nlabels: []\nmilestones: []\nenforcement: {rules: {single_track: {enabled: true, severity: warning}}}\n",
            None,
        ),
        ('{"version": 1, "telemetry": {}, "tracks": ["a"], "labels": {"b": "#ff0000"}, "milestones": ["c"]}', None),
        (
            "version: 1\nmilestones:\n  a: Phase 1\n  b: {title: Phase 2, due_on: }\n  c:\nlabels:\n  x: just words\n  y: [1]\n",
            None,
        ),
        ("version: 1\nlabels: []\nstale:\n  exclude_labels: [x]\n  # last\n", None),
        ("version: 1\ntracks:\n  - name: a\n    label: t\n    default_milestone_pattern: Sprint One\n", None),
        ("version: 1\nlabels: [a, {name: b}]\nenforcement: {phase_milestones: {p: P, q: Q}}\nmilestones: []\n", None),
        ("version: 1\ntracks:\n  - owner: me\n    id: a\n    label: b\n", None),
        (
            "version: 1\ntracks:\n  a: {description: 5, match: {title: [x]}, default_milestone_pattern: 'S {{N}}'}\n  b: kind/b\n  c:\n",
            None,
        ),
        ("version: 1\nrules:\n  label_exclusivity: {groups: {phases: {labels: [phase-1, phase-2]}}}\n", None),
        (
            "version: 1\ntracks:\n  - {id: a, label: t/a}\n  - id: b\n    label: t/b\n    owner: me\n    colour: red\n",
            None,
        ),
        ("version: 1\ntracks:\n  - {name: a, label: t/a}\n  - {name: b, label: t/b}\n", None),
        ("version: 1\ntracks:\n  a: {description: , label: t/a}\nlabels:\n  x: {description: , color: 00ff00}\n", None),
        ("version: 1\nmilestones:\n  a: [1, 2]\n", None),
        ("version: 1\ntracks:\n  - id: a\n    label: t/a\n    owner:\n", None),
        ("version: 1\ntracks: []", 'schema_version: "1.0"\ntracks: []\n\nlabels: []\n\nmilestones: []\n'),
        ("version: 1\nmilestones: {sprint_pattern: x}\nmilestone_rules: {a: M}\ntracks: {a: [x]}\n", None),
    ],
)
def test_odd_files_of_older_forms_become_valid(older_text: str, expected: str | None) -> None:
    done = upgrade(older_text)

    assert [str(problem) for problem in done.problems] == []
    assert upgrade(done.text).changes == ()
    assert expected is None or done.text == expected


def test_a_scalar_that_looks_like_a_comment_is_kept_as_a_text() -> None:
    config = upgraded('version: 1\ntracks:\n  "a # b": ["x # y", z#w]   # a comment\n')

    assert config.tracks[0].id == "a # b"
    assert config.tracks[0].match is not None
    assert config.tracks[0].match.labels == ("x # y", "z#w")


def test_comments_are_told_from_texts() -> None:
    text = 'a: "x # y" # one\n# two\nb: z#w\nc: |\n  # text\n# three'
    root = read(text, Findings(""))

    assert isinstance(root, Mapping)
    assert comments(text, 0, len(text), root) == ["# one", "# two", "# three"]


WORKFLOW = "workflow:\n  phases: [{id: phase-1, name: Phase 1}]\n  tracks: [{id: ops}]\n"


@pytest.mark.parametrize(
    ("own", "tracks", "labels", "milestones"),
    [
        ("", ["track/ops"], ["phase-1"], ["Phase 1"]),
        ("tracks: [{id: a, label: t/a}]\n", ["t/a"], ["phase-1"], ["Phase 1"]),
        ("labels: [{name: mine}]\n", ["track/ops"], ["mine"], ["Phase 1"]),
        ("milestones: [{title: Mine}]\n", ["track/ops"], ["phase-1"], ["Mine"]),
        ("tracks: []\nlabels: [{name: mine}]\nmilestones: [{title: Mine}]\n", [], ["mine"], ["Mine"]),
    ],
)
def test_a_workflow_gives_what_the_file_does_not_say_itself(
    own: str, tracks: list[str], labels: list[str], milestones: list[str]
) -> None:
    config = upgraded("version: 1\n" + own + WORKFLOW)

    assert [track.label for track in config.tracks] == tracks
    assert [label.name for label in config.labels if label.name not in tracks] == labels
    assert [milestone.title for milestone in config.milestones] == milestones


def test_a_single_track_by_hygiene_is_exclusive() -> None:
    config = upgraded("version: 1\nrules:\n  track_hygiene: {single_track_only: true}\n")

    assert config.enforcement is not None
    assert [(group.name, group.mode, group.strategy) for group in config.enforcement.exclusivity] == [
        ("track", "enforce", "newest")
    ]


@pytest.mark.parametrize("rules", ["{}", "{single_track: {enabled: false}}"])
def test_a_switch_that_is_off_makes_no_group_and_keeps_what_stands_beside_it(rules: str) -> None:
    config = upgraded(
        f"version: 1\nlabels: [{{name: phase-1}}]\nenforcement:\n  enabled: true\n  rules: {rules}\n"
        "  phase_milestones: {phase-1: Phase 1}\n"
    )

    assert config.enforcement is not None
    assert config.enforcement.exclusivity == ()
    assert [mapping.milestone for mapping in config.enforcement.phase_milestones] == ["Phase 1"]


def test_a_comment_right_behind_a_comma_is_kept() -> None:
    done = upgrade("version: 1\ntracks:\n  a: [x,# why x\n      y]\n")

    assert done.problems == ()
    assert "# why x" in done.text


@pytest.mark.parametrize(
    ("entry", "left"),
    [("\n  - owner: me\n", "- {}  # not part of schema 1.0: owner: me"), (" [{owner: me}]\n", "tracks: [{}]")],
)
def test_an_entry_with_nothing_else_is_left_empty_and_reported(entry: str, left: str) -> None:
    done = upgrade(f"version: 1\ntracks:{entry}")

    assert left in done.text
    assert {problem.where.path for problem in done.problems if problem.where} == {"tracks[0]"}


def test_more_than_can_be_mended_in_some_rounds_is_reported_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.config.older.upgrading._MOST_ROUNDS", 2)
    strange = [f"    key{number}: 1" for number in range(250)]
    done = upgrade("version: 1\ntracks:\n  - id: a\n    label: b\n" + "\n".join(strange) + "\n")

    assert done.problems
    assert all(line.strip() in done.text for line in strange)
    assert upgrade(done.text).text == done.text


def test_what_cannot_be_read_stays_to_the_byte_whatever_its_line_ends() -> None:
    text = "a: [\r\nb\n"

    assert upgrade(text).text == text
    assert upgrade(text).changes == ()


@pytest.mark.parametrize(
    "text", ["a: [", "version: 1\ntracks: {a: {nonsense: [}", "version: 1\nstale: {days_until_stale: x}\n"]
)
def test_problems_are_told_by_the_name_of_their_file(text: str) -> None:
    for problem in upgrade(text, file="mine.yml").problems:
        assert problem.where is not None
        assert problem.where.file == "mine.yml"
    assert upgrade(text).problems
