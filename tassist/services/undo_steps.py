"""What undoing means for each value a run wrote: whether it is still as the run left it, and by whose doing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from typing_extensions import override

from engine.model import Fact, Issue, IssueRef, Repo, TimelineEvent, fold
from engine.plan import (
    AddLabels,
    ClearMilestone,
    Effect,
    Inverse,
    PostComment,
    RemoveLabels,
    ReopenIssue,
    SetMilestone,
)
from engine.ports import ConfigText, Gone, Look, Reader
from tassist.store.ledger import effect_from_json, inverse_from_json, inverse_of
from tassist.store.model import EffectRow

RULE = "undo"
Verdict = Literal["undo", "already", "refused", "stays"]


@dataclass(frozen=True, slots=True)
class Step:
    """One value a run wrote, and what is to be done about it."""

    effect: Effect
    """What the run wrote, of which this is one value."""
    inverse: Inverse | None
    verdict: Verdict
    """`undo`: it will be taken back. `already`: it is not so any more. `refused`: somebody changed it since. `stays`:
    nothing takes it back."""
    why: str = ""


def values(row: EffectRow) -> list[Step]:
    """One step for each value of an effect, with the inverse the ledger keeps."""
    effect = effect_from_json(row.effect)
    stored = row.inverse or inverse_of(effect)
    if stored is None:
        return [Step(effect, None, "stays", "what was created may be in use elsewhere; nothing is deleted")]
    inverse = inverse_from_json(stored, RULE)
    if isinstance(effect, AddLabels | RemoveLabels) and isinstance(inverse, AddLabels | RemoveLabels):
        return [
            Step(
                replace(effect, names=(name,), rules=effect.rules[at : at + 1]), replace(inverse, names=(name,)), "undo"
            )
            for at, name in reversed(list(enumerate(effect.names)))
        ]
    if isinstance(effect, SetMilestone) and isinstance(inverse, ClearMilestone):
        inverse = ClearMilestone(effect.title)
    return [Step(effect, inverse, "undo")]


def judge(step: Step, issue: Issue, repo: Repo, again: Sequence[tuple[str, Effect]]) -> Step:
    """Whether the value is still as the run left it, and by whose doing: the issue's own timeline says so."""
    effect = step.effect
    events: tuple[str, str]
    match effect:
        case AddLabels(names=(name,)) | RemoveLabels(names=(name,)):
            added = isinstance(effect, AddLabels)
            there = issue.has_label(name) == added
            events, mine = ("labeled", "unlabeled"), "labeled" if added else "unlabeled"
            if there and not added and repo.label(name) is None:
                return refused(step, f"the label {name} was deleted or renamed since")
        case SetMilestone(title=title, before=before):
            now = issue.milestone.title if issue.milestone else None
            if now not in {title, before}:
                return refused(step, f"its milestone is now {_quoted(now)}")
            there = now == title
            events, mine = ("milestoned", "demilestoned"), "milestoned"
            if there and before is not None and repo.milestone(before) is None:
                return refused(step, f"the milestone {_quoted(before)} was deleted or renamed since")
        case PostComment():
            return step
        case _:
            there = issue.state == "closed"
            events, mine = ("closed", "reopened"), "closed"
    if not there:
        return replace(step, verdict="already", why="it is not so any more")
    repeated = next((run_id for run_id, other in again if _same_value(effect, other)), None)
    if repeated is not None:
        return refused(step, f"a later run wrote it too: undo {repeated} first")
    last = _last(issue.timeline or (), events, effect)
    if last is None:
        return refused(step, "the issue's timeline does not say whose doing it is")
    if not last.by_app:
        return refused(step, f"{last.actor or 'somebody'} changed it on {last.at:%Y-%m-%d %H:%M} UTC")
    if last.event != mine:
        return refused(step, "the App itself changed it since, and not in a run of this journal")
    return step


def _last(timeline: Sequence[TimelineEvent], events: Sequence[str], effect: Effect) -> TimelineEvent | None:
    """The newest event about this value; by its place in the timeline, since clocks differ."""
    label = fold(effect.names[0]) if isinstance(effect, AddLabels | RemoveLabels) else None
    about = [event for event in timeline if event.event in events and (label is None or fold(event.label) == label)]
    return about[-1] if about else None


def _same_value(one: Effect, other: Effect) -> bool:
    if isinstance(one, AddLabels | RemoveLabels):
        names = {fold(name) for name in getattr(other, "names", ())}
        return isinstance(other, AddLabels | RemoveLabels) and fold(one.names[0]) in names
    return type(one) is type(other)


def refused(step: Step, why: str) -> Step:
    """The step, left alone for this reason."""
    return replace(step, verdict="refused", why=why)


def _quoted(title: str | None) -> str:
    return f'"{title}"' if title else "none"


@dataclass(frozen=True, slots=True)
class AsIf(Reader):
    """GitHub as it would be after these steps."""

    reader: Reader
    steps: Sequence[Step]
    now: datetime

    @override
    async def config(self, ref: IssueRef) -> ConfigText | Gone:
        return await self.reader.config(ref)

    @override
    async def look(self, ref: IssueRef, facts: Sequence[Fact] = (), seen: Look | None = None) -> Look | Gone:
        del seen  # it is as if, already
        # The milestone to be restored is known by its title; its number and state are the repository's.
        look = await self.reader.look(ref, (*facts, *({Fact.REPO_MILESTONES} - {*facts})))
        if isinstance(look, Gone):
            return look
        issue = look.issue
        for step in self.steps:
            issue = self._after(issue, look.repo, step.inverse)
        repo = look.repo if Fact.REPO_MILESTONES in facts else replace(look.repo, milestones=None)
        return replace(look, issue=issue, repo=repo)

    def _after(self, issue: Issue, repo: Repo, inverse: Inverse | None) -> Issue:
        def happened(event: str, *, label: str = "", milestone: str = "") -> tuple[TimelineEvent, ...] | None:
            if issue.timeline is None:
                return None
            return (*issue.timeline, TimelineEvent(event, self.now, label, milestone, by_app=True))

        match inverse:
            case AddLabels(names=(name,)):
                return replace(issue, labels=(*issue.labels, name), timeline=happened("labeled", label=name))
            case RemoveLabels(names=(name,)):
                kept = tuple(label for label in issue.labels if fold(label) != fold(name))
                return replace(issue, labels=kept, timeline=happened("unlabeled", label=name))
            case SetMilestone(title=title):
                return replace(issue, milestone=repo.milestone(title), timeline=happened("milestoned", milestone=title))
            case ClearMilestone(before=title):
                return replace(issue, milestone=None, timeline=happened("demilestoned", milestone=title))
            case ReopenIssue():
                return replace(
                    issue, state="open", state_reason="reopened", closed_at=None, timeline=happened("reopened")
                )
            case _:
                return issue
