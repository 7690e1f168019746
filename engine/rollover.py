"""A sprint's end: its milestone is closed, the next one exists, and what is open goes along. Pure.

The order makes it safe to stop anywhere: first the next milestone, then the issues one by one, and the closing last,
so that a second run finds what is left to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from engine.config.patterns import milestone_numbers, placeholders
from engine.config.types import Config
from engine.model import Issue, Milestone
from engine.problems import Problem, Where

_NUMBER = re.compile(r"[0-9]+")
_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Rollover:
    """What is left to do."""

    old: Milestone
    title: str
    """Of the next milestone."""
    next: Milestone | None
    """As it exists already; ``None``: it is created."""
    due_on: date | None
    """Of a milestone that is created."""
    move: tuple[int, ...]
    """Numbers of the issues that move, in order."""
    stay: tuple[int, ...]
    """Numbers of open pull requests, which stay unless the configuration manages them."""
    close: bool
    """Whether the old one is still open."""
    mentions: tuple[Where, ...] = ()
    """Where the configuration names the old milestone: it wants to be changed by hand."""

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.next is not None and not self.move and not self.close


def next_title(title: str, pattern: str | None = None) -> str | None:
    """The title after this one: its last number plus one, with as many zeros in front.

    Args:
        title: Such as ``Sprint 4`` or ``2026.09``.
        pattern: The track's `milestone_pattern` where the title is of that form: its last placeholder counts.
    """
    numbers = list(_NUMBER.finditer(title))
    if pattern is not None and (values := milestone_numbers(pattern, title)) and placeholders(pattern):
        # The last placeholder's number is the last run of digits that has its value.
        numbers = [found for found in numbers if len(found.group()) <= _MAX_DIGITS and int(found.group()) == values[-1]]
    if not numbers or len(numbers[-1].group()) > _MAX_DIGITS:
        return None
    last = numbers[-1]
    following = str(int(last.group()) + 1).zfill(len(last.group()))
    return title[: last.start()] + following + title[last.end() :]


def roll_over(
    title: str,
    milestones: Sequence[Milestone],
    issues: Iterable[Issue],
    config: Config | None,
    *,
    to: str | None = None,
    due_on: date | None = None,
) -> Rollover | Problem:
    """Plan the rollover of a milestone.

    Args:
        title: Of the milestone that ends; exact.
        milestones: All of the repository, closed ones too.
        issues: The open issues that are in it, pull requests among them.
        config: For the pattern of its track, and for what names it.
        to: The next one's title, instead of one counted up.
        due_on: The next one's day, instead of one as far away as this one was from the one before.
    """
    old = _named(milestones, title)
    if old is None:
        near = ", ".join(f'"{milestone.title}"' for milestone in milestones if milestone.state == "open") or "none"
        return Problem(
            "milestone-unknown",
            f'there is no milestone "{title}"',
            f"open ones: {near}",
            "give --milestone one of them",
        )
    pattern = _pattern(config, title)
    following = to or next_title(title, pattern)
    if following is None:
        return Problem(
            "milestone-not-counted",
            f'"{title}" holds no number to count up',
            "the next milestone's title cannot be guessed",
            "give it with --next",
        )
    if following == title:
        return Problem("milestone-same", f'the next milestone is "{title}" itself', fix="give another with --next")
    coming = _named(milestones, following)
    if coming is not None and coming.state == "closed":
        return Problem(
            "milestone-closed",
            f'the next milestone "{following}" is closed',
            "no issue is put into a closed milestone",
            "reopen it, or give another with --next",
        )
    managed = config is not None and config.pull_requests
    open_ones = sorted((issue for issue in issues if issue.state == "open"), key=lambda issue: issue.ref.number)
    return Rollover(
        old=old,
        title=following,
        next=coming,
        due_on=due_on or _due(milestones, old, pattern),
        move=tuple(issue.ref.number for issue in open_ones if managed or not issue.is_pull_request),
        stay=tuple(issue.ref.number for issue in open_ones if issue.is_pull_request and not managed),
        close=old.state == "open",
        mentions=_mentions(config, title),
    )


def _named(milestones: Iterable[Milestone], title: str) -> Milestone | None:
    found = [milestone for milestone in milestones if milestone.title == title]
    return min(found, key=lambda milestone: (milestone.state != "open", milestone.number), default=None)


def _pattern(config: Config | None, title: str) -> str | None:
    patterns = [track.milestone_pattern for track in config.tracks] if config else []
    return next((pattern for pattern in patterns if pattern and milestone_numbers(pattern, title) is not None), None)


def _due(milestones: Sequence[Milestone], old: Milestone, pattern: str | None) -> date | None:
    """As far after this one as this one is after the one before, where both have a day."""
    before = next((one for one in milestones if one.due_on and next_title(one.title, pattern) == old.title), None)
    if old.due_on is None or before is None or before.due_on is None or old.due_on <= before.due_on:
        return None
    length = old.due_on - before.due_on
    return old.due_on + length if old.due_on <= date.max - length else None


def _mentions(config: Config | None, title: str) -> tuple[Where, ...]:
    if config is None:
        return ()
    found = [track.where for track in config.tracks if track.milestone == title]
    if config.enforcement is not None:
        mappings = (*config.enforcement.phase_milestones, *config.enforcement.track_milestones)
        found += [mapping.where for mapping in mappings if mapping.milestone == title]
    return tuple(found)
