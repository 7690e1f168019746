"""`prepare`: what is declared against what exists, and nothing deleted."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from engine.config import Config, parse
from engine.model import Label, Milestone, Repo, fold
from engine.prepare import Preparation, prepare

NOW = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)


def config(text: str) -> Config:
    parsed = parse(text)
    assert isinstance(parsed, Config), parsed
    return parsed


def declared(labels: str = "[]", milestones: str = "[]", tracks: str = "[]", more: str = "") -> Config:
    return config(f'schema_version: "1.0"\ntracks: {tracks}\nlabels: {labels}\nmilestones: {milestones}\n{more}')


def found(config: Config, labels: tuple[Label, ...] = (), milestones: tuple[Milestone, ...] = ()) -> Preparation:
    return prepare(config, Repo("o/r", 1, labels=labels, milestones=milestones), NOW)


def shape(preparation: Preparation) -> list[tuple[str, str, str, dict[str, tuple[str | None, str]]]]:
    return [
        (change.noun, change.action, change.name, {f.field: (f.before, f.after) for f in change.fields})
        for change in preparation.changes
    ]


def test_what_is_missing_is_created_in_the_order_of_the_file() -> None:
    plan = found(
        declared(
            labels='[{name: b, description: why, color: "1D76DB"}, {name: a}]',
            milestones="[{title: Two, due_on: 2026-12-31}, {title: One, description: first}]",
            tracks="[{id: main, label: track/main, description: Main}]",
        )
    )

    assert (plan.count("create"), plan.count("rename")) == (len(plan.changes), 0)
    assert shape(plan) == [
        ("label", "create", "b", {"color": (None, "1d76db"), "description": (None, "why")}),
        ("label", "create", "a", {"color": (None, "ededed")}),
        ("label", "create", "track/main", {"color": (None, "ededed"), "description": (None, "Main")}),
        ("milestone", "create", "Two", {"due_on": (None, "2026-12-31")}),
        ("milestone", "create", "One", {"description": (None, "first")}),
    ]
    assert all(change.where.line for change in plan.changes)


def test_what_is_as_declared_is_left_alone() -> None:
    plan = found(
        declared(
            labels='[{name: a, color: "1D76DB", description: x}]', milestones="[{title: One, due_on: 2026-12-31}]"
        ),
        (Label("a", "x", "1d76db"), Label("other")),
        (Milestone(1, "One", due_on=date(2026, 12, 31)), Milestone(2, "Mine")),
    )

    assert plan.changes == ()
    assert plan.unchanged == (("label", "a"), ("milestone", "One"))
    assert plan.undeclared == (("label", "other"), ("milestone", "Mine"))


def test_what_the_configuration_does_not_say_stays() -> None:
    plan = found(
        declared(labels="[{name: a}]", milestones="[{title: One}]"),
        (Label("a", "somebody's words", "123456"),),
        (Milestone(1, "One", description="kept", due_on=date(2026, 5, 1)),),
    )

    assert plan.changes == ()


def test_only_what_differs_is_updated() -> None:
    plan = found(
        declared(
            labels='[{name: a, color: "00ff00", description: new}]',
            milestones="[{title: One, description: new, due_on: 2026-12-31}]",
        ),
        (Label("a", "new", "ff0000"),),
        (Milestone(7, "One", description="old", due_on=date(2026, 12, 31)),),
    )

    assert shape(plan) == [
        ("label", "update", "a", {"color": ("ff0000", "00ff00")}),
        ("milestone", "update", "One", {"description": ("old", "new")}),
    ]
    assert plan.changes[1].number == 7
    assert [change.where.path for change in plan.changes] == ["labels[0]", "milestones[0]"]


def test_a_former_name_is_renamed_so_that_issues_keep_it() -> None:
    plan = found(
        declared(
            labels='[{name: type/bug, color: "ff0000", aliases: [Bug, defect]}]',
            milestones="[{title: Phase One, aliases: [Phase 1]}]",
        ),
        (Label("bug", "", "ff0000"),),
        (Milestone(3, "Phase 1"),),
    )

    assert shape(plan) == [
        ("label", "rename", "type/bug", {"name": ("bug", "type/bug")}),
        ("milestone", "rename", "Phase One", {"title": ("Phase 1", "Phase One")}),
    ]
    assert [change.present for change in plan.changes] == ["bug", "Phase 1"]
    assert plan.undeclared == ()


def test_a_tracks_former_label_is_renamed_too() -> None:
    plan = found(declared(tracks="[{id: s, label: track/sprint, aliases: [sprint]}]"), (Label("Sprint"),))

    assert shape(plan) == [("label", "rename", "track/sprint", {"name": ("Sprint", "track/sprint")})]


def test_where_both_names_exist_nothing_is_deleted_and_it_is_said() -> None:
    plan = found(
        declared(labels="[{name: new, aliases: [old]}]", milestones="[{title: New, aliases: [Old]}]"),
        (Label("new"), Label("old")),
        (Milestone(1, "New"), Milestone(2, "Old")),
    )

    assert plan.changes == ()
    assert plan.undeclared == ()
    assert [(note.noun, note.name, note.text, note.where.path) for note in plan.notes] == [
        (
            "label",
            "old",
            (
                "stays, although it is a former name of new, which exists too; issues that carry it get new when they "
                "are looked at, and then you may delete it"
            ),
            "labels[0]",
        ),
        (
            "milestone",
            "Old",
            "stays, although it is a former title of New, which exists too; move its issues by hand",
            "milestones[0]",
        ),
    ]


def test_of_several_former_names_the_first_is_renamed_and_the_others_are_named() -> None:
    plan = found(declared(labels="[{name: new, aliases: [older, old]}]"), (Label("old"), Label("older")))

    assert [change.present for change in plan.changes] == ["older"]
    assert [note.name for note in plan.notes] == ["old"]
    assert plan.undeclared == ()


def test_of_several_former_titles_the_first_is_renamed_and_the_others_are_named() -> None:
    plan = found(
        declared(milestones="[{title: New, aliases: [Older, Old]}]"), (), (Milestone(1, "Old"), Milestone(2, "Older"))
    )

    assert [(change.present, change.number) for change in plan.changes] == [("Older", 2)]
    assert [note.name for note in plan.notes] == ["Old"]
    assert plan.undeclared == ()


def test_another_day_is_an_update_and_no_day_is_none() -> None:
    wanted = declared(milestones="[{title: One, due_on: 2026-12-31}, {title: Two, description: x}]")

    plan = found(wanted, (), (Milestone(1, "One", due_on=date(2026, 5, 1)), Milestone(2, "Two")))

    assert shape(plan) == [
        ("milestone", "update", "One", {"due_on": ("2026-05-01", "2026-12-31")}),
        ("milestone", "update", "Two", {"description": ("", "x")}),
    ]


def test_h54_other_capitals_are_the_same_label_and_are_corrected() -> None:
    plan = found(declared(labels="[{name: bug}]"), (Label("BUG"),))

    assert shape(plan) == [("label", "rename", "bug", {"name": ("BUG", "bug")})]


def test_milestones_are_compared_exactly() -> None:
    plan = found(declared(milestones="[{title: v1}]"), (), (Milestone(1, "V1"),))

    assert shape(plan) == [("milestone", "create", "v1", {})]


def test_a_closed_milestone_stays_closed_and_is_not_made_again() -> None:
    plan = found(declared(milestones="[{title: One}]"), (), (Milestone(1, "One", "closed"),))

    assert plan.changes == ()
    assert [(note.noun, note.name, note.text, note.where.path) for note in plan.notes] == [
        ("milestone", "One", "is closed, and stays closed: no issue is put into it", "milestones[0]")
    ]


def test_an_open_milestone_counts_before_a_closed_one_of_the_same_title() -> None:
    plan = found(
        declared(milestones="[{title: One, description: x}]"),
        (),
        (Milestone(1, "One", "closed"), Milestone(2, "One")),
    )

    assert [change.number for change in plan.changes] == [2]
    assert plan.notes == ()


def test_a_due_offset_counts_from_now_and_only_at_creation() -> None:
    offset = declared(milestones="[{title: One, due_offset_days: 14}]")

    assert shape(found(offset)) == [("milestone", "create", "One", {"due_on": (None, "2026-02-14")})]
    assert found(offset, (), (Milestone(1, "One", due_on=date(2020, 1, 1)),)).changes == ()


def test_labels_rules_need_are_declared_by_them() -> None:
    plan = found(declared(more="stale: {enabled: true, days_until_stale: 3, stale_label: zzz}\n"))

    assert [change.name for change in plan.changes] == ["zzz", "state/escalated"]


def test_a_repository_that_was_not_read_is_not_planned_for() -> None:
    for half in (Repo("o/r"), Repo("o/r", labels=()), Repo("o/r", milestones=())):
        with pytest.raises(ValueError, match=r"^prepare needs the repository's labels and milestones$"):
            prepare(declared(), half, NOW)


def carried_out(preparation: Preparation, repo: Repo) -> Repo:
    """The repository after the plan, as GitHub would leave it."""
    labels = {fold(label.name): label for label in repo.labels or ()}
    milestones = {milestone.number: milestone for milestone in repo.milestones or ()}
    for change in preparation.changes:
        if change.noun == "label":
            old = labels.pop(fold(change.present), Label("")) if change.present else Label("")
            labels[fold(change.name)] = Label(
                change.name, change.after("description") or old.description, change.after("color") or old.color
            )
        else:
            number = change.number or len(milestones) + 100
            was = milestones.get(number, Milestone(number, ""))
            due = change.after("due_on")
            milestones[number] = Milestone(
                number,
                change.name,
                was.state,
                change.after("description") or was.description,
                date.fromisoformat(due) if due else was.due_on,
            )
    return Repo(repo.full_name, repo.id, labels=tuple(labels.values()), milestones=tuple(milestones.values()))


REPOS = {
    "empty": Repo("o/r", labels=(), milestones=()),
    "former names": Repo("o/r", labels=(Label("OLD"), Label("older")), milestones=(Milestone(1, "Old", "closed"),)),
    "both names": Repo(
        "o/r", labels=(Label("new"), Label("old")), milestones=(Milestone(1, "New"), Milestone(2, "Old"))
    ),
    "other values": Repo(
        "o/r", labels=(Label("NEW", "d", "000000"),), milestones=(Milestone(1, "New", due_on=NOW.date()),)
    ),
}


@pytest.mark.parametrize("repo", REPOS.values(), ids=REPOS)
def test_a_second_plan_has_nothing_to_do(repo: Repo) -> None:
    wanted = declared(
        labels='[{name: new, aliases: [old, older], color: "abcdef", description: x}]',
        milestones="[{title: New, aliases: [Old], description: y, due_on: 2027-01-01}, {title: Then, due_offset_days: 3}]",
    )
    first = prepare(wanted, repo, NOW)

    after = carried_out(first, repo)

    assert prepare(wanted, after, NOW).changes == ()
    assert len(after.labels or ()) >= len(repo.labels or ())
    assert len(after.milestones or ()) >= len(repo.milestones or ())
