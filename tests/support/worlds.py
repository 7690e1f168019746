"""Hypothesis strategies for the engine's inputs: a configuration with every feature, and a world that fits it loosely.

Beyond what `tests.support.configs` generates: former names, groups that share labels, terminal labels together with
required ones, timelines with the App's own events, parents, and issues at GitHub's limit of labels.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import strategies as st

from engine.config.types import Config, Group, Strategy
from engine.model import Issue, IssueRef, Label, Milestone, Repo, TimelineEvent, fold
from engine.problems import Where
from tests.support.configs import LABELS, MILESTONES, TITLES, configs
from tests.support.engine import NOW, REF
from tests.support.world import World

FORMER = ("old-track", "Old-Phase", "legacy")
_EVENTS = ("commented", "labeled", "unlabeled", "milestoned", "renamed", "subscribed", "mentioned", "assigned")
_STRATEGIES: tuple[Strategy, ...] = ("newest", "highest", "lowest", "first")
_POOL = (*LABELS, *FORMER)


@st.composite
def rich_configs(draw: st.DrawFn, *, enforcement: bool | None = None) -> Config:
    """A configuration, sometimes with former names and with groups that share labels."""
    config = draw(configs(enforcement=enforcement))
    renamed = draw(st.sets(st.sampled_from(("track", "label", "milestone"))))
    if config.tracks and "track" in renamed:
        first = replace(config.tracks[0], aliases=(FORMER[0],))
        config = replace(config, tracks=(first, *config.tracks[1:]))
    if config.labels and "label" in renamed:
        first_label = replace(config.labels[0], aliases=(FORMER[1],))
        config = replace(config, labels=(first_label, *config.labels[1:]))
    if config.milestones and "milestone" in renamed:
        first_milestone = replace(config.milestones[0], aliases=("Someday",))
        config = replace(config, milestones=(first_milestone, *config.milestones[1:]))
    if config.enforcement is not None and draw(st.integers(0, 3)) == 0:
        shared = draw(st.lists(st.sampled_from(LABELS), min_size=2, max_size=5, unique=True))
        strategy = draw(st.sampled_from(_STRATEGIES))
        group = Group("shared", "enforce", strategy, Where("c.yml", 1, 1, "shared"), labels=tuple(shared))
        groups = (*config.enforcement.exclusivity, group)
        if draw(st.booleans()):
            groups = groups[::-1]
        config = replace(config, enforcement=replace(config.enforcement, exclusivity=groups))
    return config


@st.composite
def timelines(draw: st.DrawFn, labels: tuple[str, ...], created: datetime) -> tuple[TimelineEvent, ...]:
    """Events since the issue was made, oldest first; labels of the issue mostly have been applied on it."""
    span = int((NOW - created).total_seconds())
    events = []
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(_EVENTS))
        label = draw(st.sampled_from((*labels, *_POOL))) if kind in {"labeled", "unlabeled"} else ""
        at = created + timedelta(seconds=draw(st.integers(0, span)))
        events.append(TimelineEvent(kind, at, label=label, by_app=draw(st.booleans())))
    return tuple(sorted(events, key=lambda event: event.at))


@st.composite
def issues(draw: st.DrawFn, ref: IssueRef = REF, *, managed: bool = False) -> Issue:
    """An issue with every fact read."""
    labels = tuple(draw(st.lists(st.sampled_from(_POOL), max_size=6, unique_by=fold)))
    if draw(st.integers(0, 9)) == 0:
        labels = (*labels, *(f"filler-{number}" for number in range(draw(st.integers(97, 100)) - len(labels))))
    created = NOW - timedelta(days=draw(st.integers(0, 90)), seconds=draw(st.integers(0, 86_399)))
    timeline = draw(timelines(labels, created))
    latest = max((event.at for event in timeline), default=created)
    updated = draw(st.sampled_from((latest, latest, latest + (NOW - latest) / 2, None)))
    open_ = managed or draw(st.integers(0, 9)) > 0
    return Issue(
        ref,
        title=draw(st.sampled_from(TITLES)),
        body=draw(st.sampled_from(TITLES)),
        state="open" if open_ else "closed",
        labels=labels,
        created_at=created,
        updated_at=updated,
        is_pull_request=not managed and draw(st.integers(0, 9)) == 0,
        locked=draw(st.booleans()),
        timeline=timeline,
        parent_read=True,
    )


@st.composite
def worlds(draw: st.DrawFn, *, managed: bool = False) -> World:
    """A repository with an issue; most of the labels and milestones that a configuration may name exist in it."""
    issue = draw(issues(managed=managed))
    known = draw(st.lists(st.sampled_from(_POOL), unique_by=fold))
    names = {fold(name): name for name in (*issue.labels, *known)}
    milestones = tuple(
        Milestone(number, title, draw(st.sampled_from(("open", "open", "closed"))))
        for number, title in enumerate(draw(st.lists(st.sampled_from(MILESTONES), unique=True)), start=1)
    )
    placed = draw(st.booleans())
    if milestones and placed:
        issue = replace(issue, milestone=draw(st.sampled_from(milestones)))
    if draw(st.integers(0, 2)) == 0:
        parent = draw(issues(IssueRef(REF.repo, 1, REF.repo_id)))
        if milestones and not placed:
            parent = replace(parent, milestone=draw(st.sampled_from(milestones)))
        issue = replace(issue, parent=parent)
    repo = Repo(
        REF.repo,
        REF.repo_id,
        archived=not managed and draw(st.integers(0, 19)) == 0,
        labels=tuple(Label(name) for name in names.values()),
        milestones=milestones,
    )
    return World(issue, repo)
