"""What the parts of a configuration mean together: each case names its code, its place and the fix."""

from __future__ import annotations

import pytest

from engine.config import Config, InvalidConfig, parse

PARTS = {
    "schema_version": '"1.0"',
    "tracks": "[{id: sprint, label: track/sprint, milestone: Sprint 4}, {id: ops, label: track/ops}]",
    "labels": "[{name: phase-1}, {name: priority/low}, {name: priority/high}, {name: area/ui}]",
    "milestones": "[{title: Phase 1}, {title: Sprint 5}]",
}


def document(**parts: str) -> str:
    """A configuration with some parts of its own, one line each: schema_version, tracks, labels, milestones, others."""
    return "".join(f"{name}: {text}\n" for name, text in (PARTS | parts).items())


def groups(text: str) -> str:
    return f"{{exclusivity: {text}}}"


def required(text: str) -> str:
    return f"{{required_labels: [{text}]}}"


PROBLEMS: list[tuple[str, dict[str, str], str, str, str]] = [
    ("two tracks of one id, but for case", {"tracks": "[{id: a, label: x}, {id: A, label: y}]"}, "config-duplicate-track", "tracks[1].id", "remove one"),
    ("two tracks of one label, but for case", {"tracks": "[{id: a, label: X}, {id: b, label: x}]"}, "config-duplicate-track", "tracks[1].label", "remove one"),
    ("two default tracks", {"tracks": "[{id: a, label: x, default: true}, {id: b, label: y, default: true}]"}, "config-two-defaults", "tracks[1].default", "remove default"),
    ("h54 labels that differ in case", {"labels": "[{name: Bug}, {name: bug}]"}, "config-duplicate-label", "labels[1].name", "remove one"),
    ("two milestones of one title", {"milestones": "[{title: A}, {title: A}]"}, "config-duplicate-milestone", "milestones[1].title", "remove one"),
    ("a number twice in a milestone's form", {"tracks": '[{id: a, label: x, milestone_pattern: "{n}.{n}"}]'}, "config-wrong-placeholder", "tracks[0].milestone_pattern", "{n2}"),
    ("two numbers side by side", {"tracks": '[{id: a, label: x, milestone_pattern: "{a}{b}"}]'}, "config-wrong-placeholder", "tracks[0].milestone_pattern", "between them"),
    ("a former name that is another's name", {"labels": "[{name: a, aliases: [B]}, {name: b}]"}, "config-alias-in-use", "labels[0].aliases[0]", "remove one"),
    ("a former name that is a track's label", {"labels": "[{name: a, aliases: [track/OPS]}]"}, "config-alias-in-use", "labels[0].aliases[0]", "remove one"),
    ("a former name of two labels", {"labels": "[{name: a, aliases: [x]}, {name: b, aliases: [X]}]"}, "config-alias-in-use", "labels[1].aliases[0]", "remove one"),
    ("a former title of two milestones", {"milestones": "[{title: a, aliases: [x]}, {title: b, aliases: [x]}]"}, "config-alias-in-use", "milestones[1].aliases[0]", "remove one"),
    ("a phase nobody declares", {"enforcement": "{phase_milestones: {phase-2: Phase 1}}"}, "config-unknown-label", "enforcement.phase_milestones.phase-2", "did you mean phase-1?"),
    ("a phase's milestone nobody declares", {"enforcement": "{phase_milestones: {phase-1: Nothing like it}}"}, "config-unknown-milestone", "enforcement.phase_milestones.phase-1", "add it to milestones"),
    ("a milestone in another case", {"enforcement": "{phase_milestones: {phase-1: phase 1}}"}, "config-unknown-milestone", "enforcement.phase_milestones.phase-1", "did you mean Phase 1?"),
    ("a mapping by a track's id", {"enforcement": "{track_milestones: {sprint: Sprint 4}}"}, "config-unknown-track", "enforcement.track_milestones.sprint", "write track/sprint"),
    ("a mapping by a label that is no track's", {"enforcement": "{track_milestones: {track/sprnt: Sprint 4}}"}, "config-unknown-track", 'enforcement.track_milestones["track/sprnt"]', "did you mean track/sprint?"),
    ("one label mapped twice", {"enforcement": "{phase_milestones: {phase-1: Phase 1, PHASE-1: Phase 1}}"}, "config-duplicate-label", "enforcement.phase_milestones.PHASE-1", "remove one"),
    ("an order with a stranger in it", {"enforcement": groups("{priority: {mode: warn, order: [priority/low, area/ui]}}")}, "config-not-in-group", "enforcement.exclusivity.priority.order[1]", "remove it"),
    ("a terminal label of another group", {"enforcement": groups("{state: {mode: warn, terminal: [area/ui]}}")}, "config-not-in-group", "enforcement.exclusivity.state.terminal[0]", "remove it"),
    ("an order outside the listed labels", {"enforcement": groups("{own: {mode: warn, labels: [area/ui], order: [phase-1]}}")}, "config-not-in-group", "enforcement.exclusivity.own.order[0]", "remove it"),
    ("an order outside the prefix", {"enforcement": groups('{own: {mode: warn, prefix: "area/", order: [phase-1]}}')}, "config-not-in-group", "enforcement.exclusivity.own.order[0]", "remove it"),
    ("an order of tracks with no track in it", {"enforcement": groups("{track: {mode: warn, strategy: highest, order: [phase-1]}}")}, "config-not-in-group", "enforcement.exclusivity.track.order[0]", "remove it"),
    ("an order with a label twice", {"enforcement": groups("{priority: {mode: warn, order: [priority/low, Priority/Low]}}")}, "config-repeated", "enforcement.exclusivity.priority.order[1]", "remove one"),
    ("a required group that is none", {"enforcement": required("{group: priorty}")}, "config-unknown-group", "enforcement.required_labels[0].group", "did you mean priority?"),
    ("a required label nobody declares", {"enforcement": required("{any_of: [area/uj]}")}, "config-unknown-label", "enforcement.required_labels[0].any_of[0]", "did you mean area/ui?"),
    ("nothing to add", {"enforcement": required("{group: priority, mode: enforce}")}, "config-no-default", "enforcement.required_labels[0].mode", "add default"),
    ("a default of another group", {"enforcement": required("{group: priority, mode: enforce, default: area/ui}")}, "config-wrong-default", "enforcement.required_labels[0].default", "choose one"),
    ("a default that is not in the list", {"enforcement": required("{any_of: [area/ui], mode: enforce, default: phase-1}")}, "config-wrong-default", "enforcement.required_labels[0].default", "choose one"),
    ("a default that is no track's label", {"enforcement": required("{group: track, mode: enforce, default: phase-1}")}, "config-wrong-default", "enforcement.required_labels[0].default", "choose one"),
    ("escalated before stale", {"stale": "{days_until_stale: 9, days_until_escalated: 9}"}, "config-days-out-of-order", "stale.days_until_escalated", "more days"),
    ("closed before stale", {"stale": "{days_until_close: 3, days_until_stale: 9}"}, "config-days-out-of-order", "stale.days_until_close", "more days"),
    ("a track that outlasts the general days", {"stale": "{days_until_stale: 9, days_until_close: 12, tracks: {ops: {days_until_stale: 12}}}"}, "config-days-out-of-order", "stale.tracks.ops.days_until_stale", "more days"),
    ("thresholds of an unknown track", {"stale": "{days_until_stale: 9, tracks: {opps: {days_until_stale: 2}}}"}, "config-unknown-track", "stale.tracks.opps", "did you mean ops?"),
    ("one label for stale and escalated", {"stale": "{days_until_stale: 9, stale_label: State/Escalated}"}, "config-same-label", "stale", "name two labels"),
    ("a label that marks and exempts", {"stale": "{days_until_stale: 9, exempt_labels: [State/Stale]}"}, "config-same-label", "stale.exempt_labels[0]", "remove it"),
]  # fmt: skip

WARNINGS: list[tuple[str, dict[str, str], str, str, str]] = [
    ("a later minor version", {"schema_version": '"1.7"'}, "config-newer-schema", "schema_version", "upgrade tassist"),
    ("a track's milestone that differs in case", {"tracks": "[{id: a, label: b, milestone: SPRINT 5}]"}, "config-nearly-the-same", "tracks[0].milestone", "write Sprint 5"),
    ("milestones that differ in case", {"milestones": "[{title: v901}, {title: V901}]"}, "config-nearly-the-same", "milestones[1].title", "remove one"),
    ("h55 a colour with a hash", {"labels": '[{name: a, color: "#FF0000"}]'}, "config-color-with-hash", "labels[0].color", 'write "FF0000"'),
    ("a track's label spelled in two ways", {"labels": "[{name: Track/Ops}]"}, "config-two-spellings", "tracks[1].label", "write Track/Ops"),
    ("more labels than an issue may have", {"labels": f"[{', '.join(f'{{name: l{n}}}' for n in range(101))}]"}, "config-many-labels", "labels", "left alone"),
    ("a former name that is the name", {"labels": "[{name: a, aliases: [A]}]"}, "config-alias-is-name", "labels[0].aliases[0]", "remove it"),
    ("an order the strategy does not ask", {"enforcement": groups("{priority: {mode: warn, strategy: first, order: [priority/low]}}")}, "config-unused-key", "enforcement.exclusivity.priority.order", "choose highest or lowest"),
    ("a default nobody adds", {"enforcement": required("{group: priority, default: priority/low}")}, "config-unused-key", "enforcement.required_labels[0].default", "mode: enforce"),
    ("a group's label nobody declares", {"enforcement": groups("{area: {mode: warn, terminal: [area/uj]}}")}, "config-undeclared-label", "enforcement.exclusivity.area.terminal[0]", "did you mean area/ui?"),
    ("an exempt label nobody declares", {"stale": "{days_until_stale: 2, exempt_labels: [keep]}"}, "config-undeclared-label", "stale.exempt_labels[0]", "add it to labels"),
    ("an exempt milestone nobody declares", {"stale": "{days_until_stale: 2, exempt_milestones: [Far away]}"}, "config-undeclared-milestone", "stale.exempt_milestones[0]", "add it to milestones"),
    ("a label twice in a list", {"stale": "{days_until_stale: 2, exempt_labels: [area/ui, AREA/ui]}"}, "config-repeated", "stale.exempt_labels[1]", "remove one"),
    ("stale without days", {"stale": "{enabled: true}"}, "config-no-threshold", "stale", "days_until_stale: 14"),
    ("a placeholder nobody fills", {"stale": "{days_until_stale: 2, comment: '{day} {days}'}"}, "config-unknown-placeholder", "stale.comment", "did you mean days?"),
    ("an inherited field twice", {"inheritance": "{copy: [track, track]}"}, "config-repeated", "inheritance.copy[1]", "remove one"),
    ("a key with nothing behind it", {"stale": "{days_until_stale: 2, comment: }"}, "config-empty-value", "stale.comment", "remove the key"),
    ("an unknown key at the top", {"stail": "{}"}, "config-unknown-top-level-key", "stail", "did you mean stale?"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("parts", "code", "path", "fix"), [case[1:] for case in PROBLEMS], ids=[case[0] for case in PROBLEMS]
)
def test_a_contradiction_is_refused_at_its_place(parts: dict[str, str], code: str, path: str, fix: str) -> None:
    found = parse(document(**parts))

    assert isinstance(found, InvalidConfig)
    assert [(problem.code, problem.where.path) for problem in found.problems if problem.where] == [(code, path)]
    assert fix in found.problems[0].fix


@pytest.mark.parametrize(
    ("parts", "code", "path", "fix"), [case[1:] for case in WARNINGS], ids=[case[0] for case in WARNINGS]
)
def test_an_oddity_is_warned_of_at_its_place(parts: dict[str, str], code: str, path: str, fix: str) -> None:
    found = parse(document(**parts))

    assert isinstance(found, Config), [str(problem) for problem in found.problems]
    assert [(warning.code, warning.where.path) for warning in found.warnings if warning.where] == [(code, path)]
    assert fix in found.warnings[0].fix


def test_what_the_cases_build_on_is_valid_without_a_warning() -> None:
    found = parse(document())

    assert isinstance(found, Config)
    assert found.warnings == ()


def test_h54_labels_take_the_spelling_of_their_declaration() -> None:
    found = parse(
        document(
            enforcement="{exclusivity: {priority: {mode: warn, order: [PRIORITY/low]}}, phase_milestones: {Phase-1: Phase 1}}",
            stale="{days_until_stale: 3, exempt_labels: [AREA/UI]}",
        )
    )

    assert isinstance(found, Config)
    assert found.enforcement is not None
    assert found.stale is not None
    assert found.enforcement.exclusivity[0].order == ("priority/low",)
    assert found.enforcement.phase_milestones[0].label == "phase-1"
    assert found.stale.exempt_labels == ("area/ui",)


def test_a_tracks_label_and_milestone_declare_themselves() -> None:
    found = parse(document(enforcement="{track_milestones: {track/sprint: Sprint 4, Track/Ops: Phase 1}}"))

    assert isinstance(found, Config)
    assert found.warnings == ()


def test_the_labels_of_stale_declare_themselves() -> None:
    found = parse(
        document(stale="{days_until_stale: 3}", enforcement=required("{any_of: [state/stale, state/escalated]}"))
    )

    assert isinstance(found, Config)


@pytest.mark.parametrize(
    "section", ["labels: [{name: ' x'}]", "labels: {}", "tracks: {}", "labels: [{name: &a phase-2}]"]
)
def test_a_name_is_not_called_undeclared_where_its_declaration_could_not_be_read(section: str) -> None:
    name, text = section.split(": ", 1)
    mapping = "{phase_milestones: {phase-2: Phase 1}, track_milestones: {track/x: Phase 1}}"

    found = parse(
        document(
            **{name: text, "enforcement": mapping, "stale": "{days_until_stale: 1, tracks: {x: {days_until_stale: 2}}}"}
        )
    )

    assert isinstance(found, InvalidConfig)
    codes = {problem.code for problem in found.problems}
    assert "config-unknown-label" not in codes
    assert name == "labels" or "config-unknown-track" not in codes


@pytest.mark.parametrize(
    "group", ["{mode: warn, prefix: ' x', order: [area/ui]}", "{mode: warn, labels: x, order: [area/ui]}"]
)
def test_a_label_is_not_called_a_stranger_where_the_group_could_not_be_read(group: str) -> None:
    found = parse(document(enforcement=groups(f"{{own: {group}}}")))

    assert isinstance(found, InvalidConfig)
    assert "config-not-in-group" not in {problem.code for problem in found.problems}


def test_a_track_may_have_its_own_days() -> None:
    found = parse(document(stale="{tracks: {ops: {days_until_stale: 2, days_until_close: 4}}}"))

    assert isinstance(found, Config)
    assert found.warnings == ()
    assert found.stale is not None
    assert found.stale.tracks[0][1].days_until_close == 4


def test_h55_what_github_would_refuse_is_refused_here_by_name() -> None:
    found = parse(
        document(
            labels="["
            f'{{name: "{"x" * 51}"}}, {{name: a, description: "{"x" * 101}"}}, {{name: b, color: "F00"}}, {{name: " c"}}, '
            '{name: "d\\u00a0"}, {name: "e\\u200b"}, {name: "f\\tg"}, {name: ""}, {name: "h\\u202ei"}]'
        )
    )

    assert isinstance(found, InvalidConfig)
    assert [(problem.where.path, problem.fix) for problem in found.problems if problem.where] == [
        ("labels[0].name", "shorten it: it has 51 characters"),
        ("labels[1].description", "shorten it: it has 101 characters"),
        ("labels[2].color", 'write six hex digits in quotes, such as "1D76DB"'),
        ("labels[3].name", "remove the first character, a blank"),
        ("labels[4].name", "remove the last character, a no-break space"),
        ("labels[5].name", "remove the last character, a zero-width space"),
        ("labels[6].name", "remove the character U+0009"),
        ("labels[7].name", "write something between the quotes"),
        ("labels[8].name", "remove the character U+202E"),
    ]


def test_h55_what_github_takes_is_taken() -> None:
    found = parse(
        document(
            labels=f'[{{name: "{"ü" * 50}"}}, {{name: "a/b, c: d%e? #f"}}, {{name: "👩‍💻 work", color: "ABCDEF"}}]'
        )
    )

    assert isinstance(found, Config)
    assert [label.color for label in found.labels] == [None, None, "abcdef"]


def test_h56_a_mistyped_label_is_found_before_anything_is_created() -> None:
    found = parse(document(enforcement="{phase_milestones: {phse-1: Phase 1}}"))

    assert isinstance(found, InvalidConfig)
    assert found.problems[0].fix == "did you mean phase-1?"


def test_h67_an_invalid_file_gives_one_answer_with_everything_and_the_same_each_time() -> None:
    text = document(labels="[{nam: a}]", stale="{days_until_stale: 0}")

    first, second = parse(text), parse(text)

    assert first == second
    assert isinstance(first, InvalidConfig)
    assert first.digest == second.digest
    assert len(first.problems) == 3
