"""GitHub as the engine sees it, in memory: reads what was asked for, writes as GitHub does, and keeps the timeline.

Label names are compared without case; adding an unknown label creates it silently; more than a hundred labels, an unknown
milestone number and a second milestone of the same title are refused; every write leaves its event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from engine.model import Fact, Issue, IssueRef, Label, Milestone, Repo, TimelineEvent, fold
from engine.plan import (
    AddLabels,
    CloseIssue,
    CreateLabel,
    CreateMilestone,
    Effect,
    PostComment,
    RemoveLabels,
    SetMilestone,
)
from engine.ports import Applied, ConfigText, Gone, Look
from engine.problems import Problem
from tests.support.engine import NOW

COMMENT_EVENT = "commented"


@dataclass
class World:
    """One repository with one issue; also its reader, its applier and its clock."""

    issue: Issue
    repo: Repo
    config_text: str | None = None
    time: datetime = NOW
    comments: list[str] = field(default_factory=list)
    reads: list[tuple[Fact, ...]] = field(default_factory=list)
    seen: list[Look | None] = field(default_factory=list)
    """What each look was told to build on."""
    writes: list[Effect] = field(default_factory=list)
    gone: Problem | None = None
    refused: dict[type[Effect], Problem] = field(default_factory=dict)
    """Effects GitHub refuses, and why."""

    # --- the clock ------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The world's present."""
        return self.time

    def pass_days(self, days: float) -> None:
        """Let time pass."""
        self.time += timedelta(days=days)

    # --- the reader -----------------------------------------------------------------------------------------------

    async def config(self, ref: IssueRef) -> ConfigText | Gone:
        """The repository's configuration."""
        return ConfigText(self.config_text, f"{ref.repo}:.github/task-assistant.yml@abc")

    async def look(self, ref: IssueRef, facts: Sequence[Fact] = (), seen: Look | None = None) -> Look | Gone:
        """The issue with these facts and no others, as it is now whatever was seen."""
        self.seen.append(seen)
        assert ref == self.issue.ref
        if self.gone is not None:
            return Gone(self.gone)
        self.reads.append(tuple(facts))
        issue, repo = self.issue, self.repo
        if Fact.TIMELINE not in facts:
            issue = replace(issue, timeline=None)
        if Fact.PARENT not in facts:
            issue = replace(issue, parent=None, parent_read=False)
        if Fact.REPO_LABELS not in facts:
            repo = replace(repo, labels=None)
        if Fact.REPO_MILESTONES not in facts:
            repo = replace(repo, milestones=None)
        return Look(issue, repo, reads=1 + len(facts))

    # --- the applier ----------------------------------------------------------------------------------------------

    async def apply(self, ref: IssueRef, effect: Effect) -> Applied:
        """Write one effect, or say why GitHub refuses it."""
        assert ref == self.issue.ref
        if type(effect) in self.refused:
            return Applied(effect, changed=False, writes=1, problem=self.refused[type(effect)])
        self.writes.append(effect)
        self.write(effect)
        return Applied(effect, changed=True, writes=1)

    def write(self, effect: Effect, *, by_app: bool = True) -> None:
        """Change the world as the effect says; what GitHub would refuse is an assertion, since no plan may hold it."""
        match effect:
            case AddLabels(names=names):
                self.add_labels(*names, by_app=by_app)
            case RemoveLabels(names=names):
                self.remove_labels(*names, by_app=by_app)
            case SetMilestone(title=title, number=number):
                found = self.repo.milestone(title)
                assert found is not None, "GitHub: 422, there is no such milestone"
                assert number in {None, found.number}
                self.set_milestone(found, by_app=by_app)
            case CreateLabel(name=name, description=description, color=color):
                assert self.repo.label(name) is None, "GitHub: 422 already_exists"
                self.repo = replace(self.repo, labels=(*(self.repo.labels or ()), Label(name, description, color)))
            case CreateMilestone(title=title, description=description):
                known = self.repo.milestones or ()
                assert title not in {milestone.title for milestone in known}, "GitHub: 422 already_exists"
                number = max((milestone.number for milestone in known), default=0) + 1
                self.repo = replace(self.repo, milestones=(*known, Milestone(number, title, description=description)))
            case PostComment(body=body, marker=marker):
                assert marker in body
                if not any(marker in comment for comment in self.comments):
                    self.comments.append(body)
                    self.happen(TimelineEvent(COMMENT_EVENT, self.time, by_app=by_app))
            case CloseIssue(reason=reason):
                self.issue = replace(self.issue, state="closed", state_reason=reason, closed_at=self.time)
                self.happen(TimelineEvent("closed", self.time, by_app=by_app))

    # --- what people do -------------------------------------------------------------------------------------------

    def happen(self, event: TimelineEvent) -> None:
        """Append an event."""
        self.issue = replace(self.issue, timeline=(*(self.issue.timeline or ()), event), updated_at=self.time)

    def add_labels(self, *names: str, by_app: bool = False) -> None:
        """Add labels; unknown ones are created silently."""
        for name in names:
            known = self.repo.label(name)
            if known is None:
                known = Label(name)
                self.repo = replace(self.repo, labels=(*(self.repo.labels or ()), known))
            if not self.issue.has_label(name):
                assert len(self.issue.labels) < 100, "GitHub: 422, more than 100 labels"
                self.issue = replace(self.issue, labels=(*self.issue.labels, known.name))
                self.happen(TimelineEvent("labeled", self.time, label=known.name, by_app=by_app))

    def remove_labels(self, *names: str, by_app: bool = False) -> None:
        """Remove labels that are there."""
        for name in names:
            assert self.issue.has_label(name), "GitHub: 404, label does not exist"
            kept = tuple(label for label in self.issue.labels if fold(label) != fold(name))
            self.issue = replace(self.issue, labels=kept)
            self.happen(TimelineEvent("unlabeled", self.time, label=name, by_app=by_app))

    def set_milestone(self, milestone: Milestone | None, *, by_app: bool = False) -> None:
        """Set or clear the milestone."""
        self.issue = replace(self.issue, milestone=milestone)
        title = milestone.title if milestone else ""
        event = "milestoned" if milestone else "demilestoned"
        self.happen(TimelineEvent(event, self.time, milestone=title, by_app=by_app))
