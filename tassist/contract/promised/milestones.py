"""Trials of milestones: by phase, by track, by a track's own title or pattern."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.config.types import Config
from engine.model import fold
from engine.problems import Where
from tassist.contract.probe import STRANGE_MILESTONE, After, look, prepared, series
from tassist.contract.promised.trial import Run, Trial, baseline, mapped_phase, said


def _targets(config: Config) -> Iterator[tuple[str, str, str | None, Where, bool]]:
    """Label, wanted title, pattern, line, and whether it is a phase: what each label maps to, a mapping before the track's own."""
    enforcement = config.enforcement
    assert enforcement is not None
    for mapping in enforcement.phase_milestones:
        yield mapping.label, mapping.milestone, None, mapping.where, True
    mapped = {fold(mapping.label) for mapping in enforcement.track_milestones}
    for mapping in enforcement.track_milestones:
        yield mapping.label, mapping.milestone, None, mapping.where, False
    for track in config.tracks:
        if fold(track.label) in mapped:
            continue
        if track.milestone is not None:
            yield track.label, track.milestone, None, track.where, False
        elif track.milestone_pattern is not None:
            yield track.label, series(track.milestone_pattern)[-1], track.milestone_pattern, track.where, False


def mapped(config: Config) -> Iterator[Trial]:
    """A mapped label sets its milestone; a closed one is never assigned; a missing one is made only where that is on."""
    healing = config.self_healing
    creates = healing is not None and healing.enabled and healing.fix_missing_milestone
    for label, title, pattern, where, phase in _targets(config):
        wins = _first_phase if phase else mapped_phase
        hidden = _hidden(config, wins)
        what = f"the newest open {pattern}" if pattern else title
        yield Trial("milestone", f"{label} sets {what}", where, (_sets(config, label, title),), hidden_by=hidden)
        if pattern is not None:
            continue
        says = f"{label} never assigns {title} where it is closed"
        yield Trial("milestone", says, where, (_leaves(config, label, closed=title),), hidden_by=hidden)
        if creates:
            says = f"{label} makes {title} where it is missing, then sets it"
            yield Trial("milestone", says, where, (_sets(config, label, title, without=title),), hidden_by=hidden)
        else:
            says = f"{label} makes no {title} where it is missing"
            yield Trial("milestone", says, where, (_leaves(config, label, without=title),), hidden_by=hidden)


def stays(config: Config) -> Iterator[Trial]:
    """A milestone that no mapping names stays, whatever the labels map to."""
    runs = tuple(_stranger(config, label) for label, *_ in _targets(config))
    if runs:
        assert config.enforcement is not None
        yield Trial("milestone", "a milestone that no mapping names stays", config.enforcement.where, runs)


def _hidden(config: Config, wins: Callable[[Config, After], str]) -> Callable[[After], str]:
    def hidden(after: After) -> str:
        return wins(config, after)

    return hidden


def _first_phase(config: Config, after: After) -> str:
    """Two phases on the issue, where a required label brought the second."""
    enforcement = config.enforcement
    assert enforcement is not None
    carried = [mapping for mapping in enforcement.phase_milestones if after.has(mapping.label)]
    return f"{carried[-1].label} is required as well, and maps elsewhere" if len(carried) > 1 else ""


def _sets(config: Config, label: str, title: str, *, without: str | None = None) -> Run:
    def run() -> tuple[After, str]:
        after = look(config, prepared(config, without=without), (*baseline(config, label), label))
        return said(after, f"the milestone is {after.milestone}", unless=after.milestone == title)

    return run


def _leaves(config: Config, label: str, *, closed: str | None = None, without: str | None = None) -> Run:
    def run() -> tuple[After, str]:
        repo = prepared(config, closed=closed, without=without)
        after = look(config, repo, (*baseline(config, label), label))
        warned = any(decision.rule == "milestone" and decision.outcome == "warned" for decision in after.plan.decisions)
        if after.milestone is not None:
            return said(after, f"the milestone is {after.milestone}", unless=False)
        return said(after, "nothing is said about it", unless=warned)

    return run


def _stranger(config: Config, label: str) -> Run:
    def run() -> tuple[After, str]:
        after = look(config, prepared(config), (*baseline(config, label), label), milestone=STRANGE_MILESTONE)
        return said(after, f"with {label} it became {after.milestone}", unless=after.milestone == STRANGE_MILESTONE)

    return run
