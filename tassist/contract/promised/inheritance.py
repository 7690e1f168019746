"""Trials of inheritance: what a sub-issue takes from its parent."""

from __future__ import annotations

from collections.abc import Iterator

from engine.config.types import Config, Track
from tassist.contract.probe import After, look, parent_with, prepared
from tassist.contract.promised.trial import Run, Trial, baseline, said


def inherited(config: Config) -> Iterator[Trial]:
    """With `hard` the parent's track and milestone; with `soft` and `none` nothing."""
    inheritance = config.inheritance
    if inheritance is None:
        return
    hard = inheritance.mode == "hard"
    for what in inheritance.copy:
        then = f"takes its parent's {what}" if hard else f"keeps its own {what}"
        says = f"with mode {inheritance.mode} a sub-issue {then}"
        if what == "track":
            runs = tuple(_track(config, track, hard=hard) for track in config.tracks)
            skipped = "" if len(config.tracks) > 1 else "it takes two tracks to tell"
        else:
            runs = tuple(_milestone(config, spec.title, hard=hard) for spec in config.milestones)
            skipped = "" if runs else "no milestone is declared"
        yield Trial("inheritance", says, inheritance.where, runs if not skipped else (), skipped)


def _track(config: Config, track: Track, *, hard: bool) -> Run:
    own = next(other for other in config.tracks if other is not track) if len(config.tracks) > 1 else track

    def run() -> tuple[After, str]:
        repo = prepared(config)
        labels = (*baseline(config, own.label), own.label)
        after = look(config, repo, labels, parent=parent_with((track.label,), repo))
        kept = [found.label for found in (track, own) if after.has(found.label)]
        expected = track.label if hard else own.label
        return said(after, f"a child of {track.label}, itself {own.label}, is on {kept}", unless=kept == [expected])

    return run


def _milestone(config: Config, title: str, *, hard: bool) -> Run:
    def run() -> tuple[After, str]:
        repo = prepared(config)
        without = look(config, repo, baseline(config)).milestone
        after = look(config, repo, baseline(config), parent=parent_with((), repo, title))
        expected = title if hard else without
        return said(
            after, f"a child of an issue in {title} is in {after.milestone}", unless=after.milestone == expected
        )

    return run
