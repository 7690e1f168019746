"""Generated cases: issues of every sort that leads a legacy component down another way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product

from engine.config.types import Config
from engine.model import Issue, IssueRef, Milestone, TimelineEvent
from migrations.legacy.component import World
from migrations.legacy.project_sync import ProjectSync
from migrations.legacy.recognise import Legacy
from migrations.legacy.stale_action import StaleAction
from migrations.legacy.supervisor import Supervisor
from migrations.model import Snapshot

ELSEWHERE = "A milestone of nobody's"
_OWN_AGES = (0, 400)


@dataclass(frozen=True, slots=True)
class Case:
    """An issue that may exist, in a world that may be."""

    name: str
    issue: Issue
    world: World


def assumed(world: World, legacy: Legacy, config: Config) -> tuple[World, tuple[str, ...]]:
    """The world with what nobody knows taken from the proposed configuration, and what was taken."""
    numbers, titles = dict(world.numbers), dict(world.titles)
    taken: list[str] = []
    for component in legacy.issues:
        if isinstance(component, Supervisor):
            for track in component.tracks:
                stale, escalated = _thresholds(config, track.label)
                for variable, days in ((track.stale, stale), (track.escalated, escalated)):
                    if variable not in numbers and days is not None:
                        numbers[variable] = str(days)
                        taken.append(f"{variable} = {days}")
                if track.milestone not in titles:
                    titles[track.milestone] = _title(config, track.label)
                    taken.append(f"{track.milestone} = {titles[track.milestone]!r}")
        if isinstance(component, ProjectSync):
            for label, variable in component.routes:
                if variable not in titles:
                    titles[variable] = _title(config, label)
                    taken.append(f"{variable} = {titles[variable]!r}")
    return replace(world, titles=titles, numbers=numbers), tuple(taken)


def _title(config: Config, label: str) -> str:
    """The milestone the configuration gives a label's track."""
    track = next((found for found in config.tracks if label in {found.label, *found.aliases}), None)
    if track is not None:
        mapped = config.enforcement.track_milestones if config.enforcement is not None else ()
        title = next((one.milestone for one in mapped if one.label == track.label), None) or track.milestone
        if title is not None:
            return title
    return f"Milestone of {label}"


def _thresholds(config: Config, label: str) -> tuple[int | None, int | None]:
    stale = config.stale
    if stale is None:
        return None, None
    found = next((track for track in config.tracks if label in {track.label, *track.aliases}), None)
    own = dict(stale.tracks).get(found.id) if found is not None else None
    whole = stale.thresholds
    return (
        own.days_until_stale if own and own.days_until_stale is not None else whole.days_until_stale,
        own.days_until_escalated if own and own.days_until_escalated is not None else whole.days_until_escalated,
    )


def cases(snapshot: Snapshot, legacy: Legacy, world: World) -> Iterator[Case]:
    """Every combination of what a component looks at: labels, milestone, state, age; for each component by itself."""
    repo = snapshot.repo or "octo/app"
    number = 0
    for component in legacy.issues:
        if isinstance(component, StaleAction):
            for case in stale_cases(component, repo, world, number):
                number += 1
                yield case
            continue
        titles = list(dict.fromkeys([*world.titles.values(), ELSEWHERE]))
        ages = sorted({*component.ages(world), *_OWN_AGES})
        for labels, title, state, age in product(_sets(component.labels()), [None, *titles], ("open", "closed"), ages):
            number += 1
            issue = Issue(
                IssueRef(repo, number),
                title="A generated case",
                state="closed" if state == "closed" else "open",
                labels=labels,
                milestone=None if title is None else Milestone(1 + titles.index(title), title),
                created_at=world.now - timedelta(days=age + 1),
                updated_at=world.now - timedelta(days=age),
                parent_read=True,
            )
            words = f"{state}, {', '.join(labels) or 'no label'}, {title or 'no milestone'}, {age} days"
            yield Case(f"{component.id}: {words}", issue, world)
        if "cannot resolve" in component.branches or "no thresholds" in component.branches:
            for labels in _sets(component.labels()):
                number += 1
                first = next(iter(world.titles.values()), ELSEWHERE)
                issue = Issue(IssueRef(repo, number), "A generated case", labels=labels, milestone=Milestone(1, first),
                              created_at=world.now, updated_at=world.now, parent_read=True)  # fmt: skip
                poor = replace(world, titles={} if "cannot resolve" in component.branches else world.titles, numbers={})
                yield Case(f"{component.id}: variables missing, {', '.join(labels) or 'no label'}", issue, poor)


def stale_cases(component: StaleAction, repo: str, world: World, number: int) -> Iterator[Case]:
    """Issues and pull requests around its thresholds, marked and not, with every history that it tells apart."""
    told = component.inputs
    for pull in (False, True):
        side = told.pulls if pull else told.issues
        days = sorted({0, 400, *component.ages(world)})
        every = _sets(tuple(dict.fromkeys((*side.only, *side.any_of[:1]))))
        spare = [(*side.only, *side.any_of[:1], name) for name in side.exempt_labels[:2]]
        titles = [None, *side.exempt_milestones[:1], *([ELSEWHERE] if side.all_milestones else [])]
        people: list[tuple[str, ...]] = [
            (),
            *([(side.exempt_assignees or ("somebody",))[:1]] if _asks_who(component) else []),
        ]
        closings = [(), *([(side.close_label,)] if side.close_label else [])]
        for labels, title, who, more, (state, locked) in product(
            [*every, *spare], titles, people, closings, (("open", False), ("closed", False), ("open", True))
        ):
            for age, history in product(days, _HISTORIES if state == "open" and not locked else ("",)):
                number += 1
                issue = _lived(IssueRef(repo, number), (*labels, *more), side.label, age, history, world)
                issue = replace(
                    issue,
                    state="closed" if state == "closed" else "open",
                    locked=locked,
                    is_pull_request=pull,
                    milestone=None if title is None else Milestone(1, title),
                )
                what = "pull request" if pull else "issue"
                carried = ", ".join(issue.labels) or "no label"
                words = [
                    f"{state}{' and locked' if locked else ''} {what}",
                    carried,
                    title or "no milestone",
                    f"{age} days",
                    history,
                ]
                words.append("assigned" if who else "")
                yield Case(
                    f"{component.id}: {', '.join(filter(None, words))}", issue, replace(world, assigned={number: who})
                )


_HISTORIES = ("", "marked then", "marked, then a comment", "marked, then a title")


def _asks_who(component: StaleAction) -> bool:
    sides = (component.inputs.issues, component.inputs.pulls)
    return component.inputs.only_assigned or any(side.all_assignees or side.exempt_assignees for side in sides)


def _lived(ref: IssueRef, labels: tuple[str, ...], mark: str, age: int, history: str, world: World) -> Issue:
    """An issue updated last so many days ago, with what happened to its mark."""
    updated = world.now - timedelta(days=age)
    created = updated - timedelta(days=200)
    issue = Issue(ref, "A generated case", labels=labels, created_at=created, updated_at=updated, parent_read=True)
    if not history:
        return replace(issue, timeline=(TimelineEvent("commented", updated, actor="somebody"),))
    marked = replace(issue, labels=(*labels, mark))
    first = TimelineEvent("commented", updated - timedelta(days=100), actor="somebody")
    if history == "marked then":
        return replace(
            marked, timeline=(first, TimelineEvent("labeled", updated, label=mark, actor="github-actions[bot]"))
        )
    was = TimelineEvent("labeled", updated - timedelta(days=3), label=mark, actor="github-actions[bot]")
    then = TimelineEvent("commented" if "comment" in history else "renamed", updated, actor="somebody")
    return replace(marked, timeline=(first, was, then))


def _sets(labels: Sequence[str]) -> list[tuple[str, ...]]:
    """No label, each by itself, each pair, each with the first two, and all."""
    found: dict[tuple[str, ...], None] = {(): None}
    for one in labels:
        found[one,] = None
        for other in labels:
            if other != one:
                found[tuple(name for name in labels if name in {one, other})] = None
                found[tuple(name for name in labels if name in {one, other, labels[0]})] = None
                found[tuple(name for name in labels if name in {one, other, *labels[:2]})] = None
    found[tuple(labels)] = None
    return list(found)
