"""Trials of staleness: each threshold of each track, a day before it and on it, and what keeps the flag away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from engine.config.types import Config, Stale, StaleThresholds, Track
from tassist.contract.probe import After, look, prepared
from tassist.contract.promised.trial import Run, Trial, baseline, said

_HOUR = timedelta(hours=1)


def _days(stale: Stale, track: Track | None) -> StaleThresholds:
    """The days of a track: its own, key by key, over the general ones."""
    general = stale.thresholds
    own = next((days for name, days in stale.tracks if track is not None and name == track.id), None)
    if own is None:
        return general
    pick = {
        name: getattr(general, name) if getattr(own, name) is None else getattr(own, name)
        for name in ("days_until_stale", "days_until_escalated", "days_until_close")
    }
    return StaleThresholds(**pick, where=own.where)


def thresholds(config: Config) -> Iterator[Trial]:
    """On the day it says, and not an hour earlier; and real activity takes the flag off at once."""
    stale = config.stale
    if stale is None:
        return
    if not stale.enabled:
        yield Trial("stale", "nothing is flagged: it is switched off", stale.where, (_fresh(config, None, 1000),))
        return
    for track in config.tracks or (None,):
        days = _days(stale, track)
        name = f"on {track.label} " if track else ""
        where = days.where or stale.where
        hidden = _exempt_anyway(stale)
        steps = [(days.days_until_stale, stale.stale_label), (days.days_until_escalated, stale.escalated_label)]
        flagging = [(on, label) for on, label in steps if on is not None]
        for on, label in flagging:
            if any(later_on <= on for later_on, later in flagging if later != label and later == stale.escalated_label):
                continue
            runs = (_flagged(config, track, on, label), _not_yet(config, track, on, label))
            says = f"{name}{label} comes after {on} days, not an hour earlier"
            yield Trial("stale", says, where, runs, hidden_by=hidden)
        if flagging:
            says = f"{name}activity takes the flag off at once"
            yield Trial("stale", says, where, tuple(_active(config, track, label) for _, label in flagging))
        if days.days_until_close is not None:
            says = f"{name}the issue is closed after {days.days_until_close} days, flagged in time"
            yield Trial("stale", says, where, (_closed(config, track, days),), hidden_by=hidden)


def exempt(config: Config) -> Iterator[Trial]:
    """An exempt label or milestone keeps the flag away."""
    stale = config.stale
    if stale is None or not stale.enabled:
        return
    for label in stale.exempt_labels:
        runs = (_fresh(config, None, 1000, label),)
        yield Trial("stale", f"an issue with {label} is never flagged", stale.where, runs)
    known = {spec.title for spec in config.milestones}
    for title in stale.exempt_milestones:
        says = f"an issue in {title} is never flagged"
        if title not in known:
            yield Trial("stale", says, stale.where, skipped="the configuration does not declare that milestone")
            continue
        hidden = _moved(title)
        yield Trial("stale", says, stale.where, (_fresh(config, None, 1000, milestone=title),), hidden_by=hidden)


def _labels(config: Config, track: Track | None, *more: str) -> tuple[str, ...]:
    own = (track.label,) if track else ()
    return (*baseline(config, *own, *more), *own, *more)


def _flags_left(config: Config, after: After) -> list[str]:
    assert config.stale is not None
    return [label for label in (config.stale.stale_label, config.stale.escalated_label) if after.has(label)]


def _flagged(config: Config, track: Track | None, on: int, label: str) -> Run:
    def run() -> tuple[After, str]:
        after = look(config, prepared(config), _labels(config, track), age=timedelta(days=on), kind="sweep")
        left = _flags_left(config, after)
        closed = after.issue.state == "closed"
        return said(after, f"after {on} days its flags are {left}", unless=left == [label] or closed)

    return run


def _not_yet(config: Config, track: Track | None, on: int, label: str) -> Run:
    def run() -> tuple[After, str]:
        age = timedelta(days=on) - _HOUR
        after = look(config, prepared(config), _labels(config, track), age=age, kind="sweep")
        return said(after, f"an hour before {on} days it has {label} already", unless=not after.has(label))

    return run


def _active(config: Config, track: Track | None, label: str) -> Run:
    def run() -> tuple[After, str]:
        flagged = {label: _HOUR}
        repo = prepared(config)
        after = look(config, repo, _labels(config, track), age=timedelta(days=1000), flagged=flagged, active=True)
        return said(after, f"{label} is still there", unless=not after.has(label))

    return run


def _closed(config: Config, track: Track | None, days: StaleThresholds) -> Run:
    assert days.days_until_close is not None
    stale = config.stale
    assert stale is not None
    on = days.days_until_close
    steps = ((days.days_until_stale, stale.stale_label), (days.days_until_escalated, stale.escalated_label))
    due = [(day, label) for day, label in steps if day is not None and day < on]
    flagged = {due[-1][1]: timedelta(days=on - due[0][0])} if due else {}

    def run() -> tuple[After, str]:
        repo = prepared(config)
        labels = _labels(config, track)
        after = look(config, repo, labels, age=timedelta(days=on), flagged=flagged, kind="sweep")
        return said(after, f"after {on} days it is {after.issue.state}", unless=after.issue.state == "closed")

    return run


def _fresh(config: Config, track: Track | None, days: int, *more: str, milestone: str | None = None) -> Run:
    def run() -> tuple[After, str]:
        repo = prepared(config)
        labels = _labels(config, track, *more)
        after = look(config, repo, labels, milestone=milestone, age=timedelta(days=days), kind="sweep")
        left = _flags_left(config, after)
        return said(
            after,
            f"its flags are {left}, and it is {after.issue.state}",
            unless=not left and after.issue.state == "open",
        )

    return run


def _exempt_anyway(stale: Stale) -> Callable[[After], str]:
    def hidden(after: After) -> str:
        label = next((name for name in stale.exempt_labels if after.has(name)), None)
        if label is not None:
            return f"{label}, which the issue needs, is exempt"
        if after.milestone in stale.exempt_milestones:
            return f"{after.milestone}, which its labels map to, is exempt"
        return ""

    return hidden


def _moved(title: str) -> Callable[[After], str]:
    def hidden(after: After) -> str:
        return f"the issue's labels map to {after.milestone}" if after.milestone != title else ""

    return hidden
