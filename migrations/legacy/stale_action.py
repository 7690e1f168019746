"""actions/stale: marks what nobody updated, takes the mark off what was, and closes what stays marked.

Declared, read from the inputs of its step, and decided in the order of `processIssue` and `_processStaleIssue` of
src/classes/issues-processor.ts in https://github.com/actions/stale, read at v9.1.0 and v10.3.0. What a record does not tell (who is
assigned, whether anybody commented since the mark) is asked as a question: where the answer would change nothing, nothing is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.model import Issue, TimelineEvent, fold
from migrations.audit.facts import Facts
from migrations.audit.known_actions import plain_name
from migrations.legacy.component import Says, World
from migrations.model import Snapshot, Write
from migrations.sources.stale_inputs import Inputs, Side, clean, read_inputs

ID = "actions/stale"
_TOLERANCE = timedelta(seconds=15)
"""The mark and the update it causes are apart by this at most."""
_ELSEWHERE = frozenset({"commented", "cross-referenced", "committed", "reviewed", "line-commented"})
"""On an issue's timeline, and not among its events, which the Action asks for."""
_NEWEST = 10
"""The version from which the mark put on once more is no update."""


@dataclass(frozen=True, slots=True)
class StaleAction:
    """One step that uses it."""

    path: str
    line: int
    inputs: Inputs
    version: int = _NEWEST
    """The major one; 0 where it is pinned by a commit."""
    every: timedelta = timedelta(days=1)
    """How far two runs are apart, so that the record cannot show yet what became due since."""
    id: str = ID
    branches: tuple[str, ...] = (
        "fails", "closed", "locked", "not assigned", "other type", "other labels", "too old", "exempt label", "none of the labels",
        "exempt milestone", "exempt assignee", "draft", "fresh", "never marks", "marked", "marked and closed", "unmarked", "never closes",
        "waits", "closed by it", "not known",
    )  # fmt: skip

    def decide(self, issue: Issue, world: World) -> Says:
        """What its next run declares to do; where questions stay open, what every answer agrees on."""
        side = self.side(issue)
        if self.inputs.computed and issue.state == "open" and not issue.locked:
            why = f"{', '.join(self.inputs.computed)} is computed when it runs"
            return Says("not known", unknown=((fold(side.label), why), ("state", why)))
        found: list[Says] = []
        open_questions: dict[str, None] = {}
        waiting: list[tuple[bool, ...]] = [()]
        while waiting:
            answers = waiting.pop()
            asked = _Questions(answers)
            found.append(self._run(issue, world, asked))
            open_questions.update(dict.fromkeys(asked.why))
            waiting += [(*answers, *[False] * place, True) for place in range(len(asked.why) - len(answers))]
        first = found[0]
        if all(other.writes == first.writes for other in found):
            return first
        agreed = [write for write in first.writes if all(write in other.writes for other in found)]
        fields = {_field(write): write for other in found for write in other.writes if write not in agreed}
        why = " and ".join(open_questions)
        is_new = all(other.is_new for other in found)
        return Says("not known", tuple(agreed), unknown=tuple((one, why) for one in sorted(fields)), is_new=is_new)

    def side(self, issue: Issue) -> Side:
        """What holds for it: issues and pull requests have inputs of their own."""
        return self.inputs.pulls if issue.is_pull_request else self.inputs.issues

    def _run(self, issue: Issue, world: World, asked: _Questions) -> Says:
        side, told = self.side(issue), self.inputs
        branch = self._skips(issue, side, world, asked)
        writes: list[Write] = []
        if branch in _BEFORE_THE_CLOSE_LABEL:
            return Says(branch)
        if side.close_label and _carries(issue, side.close_label):
            writes.append(_label(side.close_label, on=False))
        if branch:
            return Says(branch, tuple(writes))
        since = (issue.created_at if side.from_creation else issue.updated_at) or world.now
        if _carries(issue, side.label):
            return self._marked(issue, side, world, asked, writes)
        due = since + timedelta(days=max(side.stale_days, 0))
        if world.now < due:
            return Says("fresh", tuple(writes))
        if side.stale_days < 0:
            return Says("never marks", tuple(writes))
        writes += [_label(side.label, on=True), *(_label(name, on=False) for name in told.off_when_stale)]
        if side.close_days == 0:
            writes += _closing(side)
        branch = "marked and closed" if side.close_days == 0 else "marked"
        return Says(branch, tuple(writes), is_new=world.now - due < self.every)

    def _skips(self, issue: Issue, side: Side, world: World, asked: _Questions) -> str:
        """The branch in which it leaves the issue alone; empty where it goes on. In the Action's order."""
        told = self.inputs
        if told.wrong or told.tries:
            return "fails"
        if issue.state == "closed":
            return "closed"
        if issue.locked:
            return "locked"
        if 0 < self.version < 4 and not side.message and side.stale_days >= 0:
            return "never marks"
        if told.only_assigned and not asked.ask(
            _is_assigned(issue, world), "the record does not tell whether anybody is assigned"
        ):
            return "not assigned"
        if (
            told.only_types
            and not issue.is_pull_request
            and not asked.ask(None, "the record does not tell the issue's type")
        ):
            return "other type"
        if not all(_carries(issue, name) for name in side.only):
            return "other labels"
        if told.start is not None and (issue.created_at or world.now) <= told.start:
            return "too old"
        if any(_carries(issue, name) for name in side.exempt_labels):
            return "exempt label"
        if side.any_of and not any(_carries(issue, name) for name in side.any_of):
            return "none of the labels"
        title = clean(issue.milestone.title) if issue.milestone is not None else None
        if title is not None and (side.all_milestones or title in map(clean, side.exempt_milestones)):
            return "exempt milestone"
        if asked.ask(_is_spared(issue, side, world), "the record does not tell who is assigned"):
            return "exempt assignee"
        if (
            told.spares_drafts
            and issue.is_pull_request
            and asked.ask(None, "the record does not tell whether it is a draft")
        ):
            return "draft"
        return ""

    def _marked(self, issue: Issue, side: Side, world: World, asked: _Questions, writes: list[Write]) -> Says:
        """What becomes of an issue that carries the mark."""
        updated = issue.updated_at or world.now
        quiet = world.now - updated >= timedelta(days=max(side.close_days, 0))
        mark, timeline = _mark(issue, side.label), issue.timeline
        marked_at = mark.at if mark is not None else updated
        commented = (
            None
            if timeline is None
            else any(_is_comment(event, mark if side.message else None, marked_at) for event in timeline)
        )
        if side.unmarks:
            moved = None if timeline is None else self._was_updated(updated, marked_at, timeline, side, asked)
            unmarks = asked.ask(
                None if moved is None or commented is None else moved or commented,
                "the record does not tell what happened since it was marked",
            )
            if unmarks:
                told = self.inputs
                writes += [_label(side.label, on=False), *(_label(name, on=False) for name in told.off_when_unstale)]
                writes += [_label(name, on=True) for name in told.on_when_unstale]
                return Says("unmarked", tuple(writes), is_new=world.now - updated < self.every)
            commented = False  # else it would have been unmarked
        if side.close_days < 0:
            return Says("never closes", tuple(writes))
        if not quiet or asked.ask(commented, "the record does not tell whether anybody commented since it was marked"):
            return Says("waits", tuple(writes))
        due = updated + timedelta(days=side.close_days)
        return Says("closed by it", (*writes, *_closing(side)), is_new=world.now - due < self.every)

    def _was_updated(
        self, updated: datetime, marked_at: datetime, timeline: Sequence[TimelineEvent], side: Side, asked: _Questions
    ) -> bool:
        if updated - marked_at <= _TOLERANCE:
            return False
        since = [event for event in timeline if event.at >= marked_at and event.event not in _ELSEWHERE]
        only_marks = bool(since) and all(
            event.event == "labeled" and clean(event.label) == clean(side.label) for event in since
        )
        if not only_marks:
            return True
        known = None if self.version == 0 else self.version >= _NEWEST
        return not asked.ask(
            known, "its version is pinned by a commit, and an update without an event is one for older versions only"
        )

    def labels(self) -> tuple[str, ...]:
        """The labels it reads or writes."""
        told = self.inputs
        sides = [
            name
            for side in (told.issues, told.pulls)
            for name in (side.label, *side.only, *side.any_of, *side.exempt_labels, side.close_label)
        ]
        return tuple(dict.fromkeys(name for name in (*sides, *told.off_when_stale, *told.off_when_unstale) if name))

    def ages(self, world: World) -> Iterator[int]:
        """One day before each threshold, and at it."""
        del world
        for side in (self.inputs.issues, self.inputs.pulls):
            for days in (int(-(-side.stale_days // 1)), side.close_days):
                if days > 0:
                    yield from (days - 1, days)


@dataclass(slots=True)
class _Questions:
    """What the record leaves open, with an answer assumed for each: ``False`` where none was given."""

    answers: tuple[bool, ...]
    why: list[str] = field(default_factory=list)

    def ask(self, known: bool | None, why: str) -> bool:  # noqa: FBT001 – what is known of the answer
        if known is not None:
            return known
        self.why.append(why)
        place = len(self.why) - 1
        return self.answers[place] if place < len(self.answers) else False


_BEFORE_THE_CLOSE_LABEL = frozenset(
    {"fails", "closed", "locked", "never marks", "not assigned", "other type", "other labels"}
)


def _field(write: Write) -> str:
    return fold(write.name) if write.field == "label" else write.field


def _label(name: str, *, on: bool) -> Write:
    return Write("label", name, "on" if on else "off")


def _closing(side: Side) -> list[Write]:
    return [*([_label(side.close_label, on=True)] if side.close_label else []), Write("state", "", "closed")]


def _carries(issue: Issue, label: str) -> bool:
    wanted = clean(label)
    return any(clean(name) == wanted for name in issue.labels)


def _mark(issue: Issue, label: str) -> TimelineEvent | None:
    """When the mark was put on last."""
    wanted = clean(label)
    return next(
        (one for one in reversed(issue.timeline or ()) if one.event == "labeled" and clean(one.label) == wanted), None
    )


def _is_comment(event: TimelineEvent, mark: TimelineEvent | None, marked_at: datetime) -> bool:
    """Whether it is a person's comment since the mark: those of bots, and the message that came with the mark, are none."""
    if event.event != "commented" or event.at < marked_at or event.actor.endswith("[bot]"):
        return False
    came_with_it = mark is not None and event.actor == mark.actor and event.at - marked_at <= _TOLERANCE
    return not (came_with_it and event.actor)


def _is_assigned(issue: Issue, world: World) -> bool | None:
    now = world.assigned.get(issue.ref.number) if world.assigned is not None else None
    if now is not None:
        return bool(now)
    if issue.timeline is None:
        return None
    return sum({"assigned": 1, "unassigned": -1}.get(event.event, 0) for event in issue.timeline) > 0


def _is_spared(issue: Issue, side: Side, world: World) -> bool | None:
    """Whether somebody is assigned who exempts it; ``None`` where that is not known."""
    if not side.all_assignees and not side.exempt_assignees:
        return False
    is_assigned = _is_assigned(issue, world)
    if not is_assigned or side.all_assignees:
        return is_assigned
    now = world.assigned.get(issue.ref.number) if world.assigned is not None else None
    return None if now is None else bool({clean(name) for name in now} & set(map(clean, side.exempt_assignees)))


def recognise(facts: Facts, snapshot: Snapshot) -> Iterator[StaleAction]:
    """One for each step that uses it."""
    crons = [cron for trigger in facts.document.triggers for cron in trigger.crons]
    every = min(map(_period, crons), default=timedelta(days=1))
    for _, step in facts.document.steps:
        if step.uses is None or plain_name(step.uses.value) != ID:
            continue
        found = re.search(r"@v?(\d{1,3})(?:\.|\Z)", step.uses.value)
        pinned = re.search(r"@[0-9a-f]{40}\Z", step.uses.value)
        version = int(found[1]) if found else 0 if pinned else _NEWEST
        inputs = read_inputs({name: text.value for name, text in step.given}, snapshot.variables or {})
        yield StaleAction(facts.document.path, step.line, inputs, version, every)


def _period(cron: str) -> timedelta:
    """The longest time between two runs, roughly: a week where a day of the week is named, a month where one of the month is."""
    parts = cron.split()
    if len(parts) != 5:
        return timedelta(days=1)
    return timedelta(days=31 if parts[2] != "*" else 7 if parts[4] != "*" else 1)
