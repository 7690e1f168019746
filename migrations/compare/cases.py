"""Generated cases: issues of every sort that leads a legacy component down another way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product

from engine.config.types import Config
from engine.model import Issue, IssueRef, Milestone
from migrations.legacy.component import World
from migrations.legacy.project_sync import ProjectSync
from migrations.legacy.recognise import Legacy
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
