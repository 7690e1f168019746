"""What other legacy sources bring to a generated configuration: staleness of actions/stale, labels of actions/labeler."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.config.dump import quoted
from engine.model import Label, fold
from migrations.sources import Taken

DEFAULT_COLOR = "ededed"
"""GitHub's for a label that is made without one."""


@dataclass(frozen=True, slots=True)
class Sourced:
    """The parts of a configuration that come from other sources."""

    stale: tuple[str, ...]
    """Lines of the section; empty where none brings it."""
    labels: tuple[tuple[str, str, str, str], ...]
    """Name, colour, description, and where it comes from."""
    notes: tuple[str, ...]
    pull_requests: str = ""
    """What looks after pull requests as after issues today, and where; empty where nothing does."""


def sourced(
    taken: Iterable[Taken],
    there: Mapping[str, Label],
    known: Iterable[str],
    *,
    has_stale: bool,
    has_tracks: bool = False,
) -> Sourced:
    """Put together what the sources found.

    Args:
        taken: What each declares.
        there: The repository's labels, by folded name.
        known: Labels that are declared already.
        has_stale: Whether home-grown automation brings thresholds; then those of actions/stale are only named.
        has_tracks: Whether there are tracks: then pull requests are left alone, as they would get tracks too.
    """
    notes: list[str] = []
    stale: tuple[str, ...] = ()
    labels: list[tuple[str, str, str, str]] = []
    pulls = ""
    seen = {fold(name) for name in known}
    for one in taken:
        where = f"{one.source} in {one.path}:{one.line}"
        ours = one.config.get("stale")
        if ours is not None and (has_stale or stale):
            others = "the home-grown thresholds" if has_stale else "those found first"
            notes.append(f"{where} is not taken over, as {others} are: it {', it '.join(one.declares)}")
            continue
        if ours is not None:
            stale = tuple(_section(ours, where))
        if "pull_requests" in one.config:
            if has_tracks:
                notes.append(
                    f"{where}: not taken over: pull requests, which would get a track as issues do: they are left alone"
                )
            else:
                pulls = where
                notes.append(
                    f"{where}: pull requests are looked after as issues are, for which the App needs the permission pull_requests: write: "
                    "grant it in its settings, and accept it in the installation's, before you apply"
                )
        notes += [f"{where}: not taken over: {left}" for left in one.not_taken]
        for label in one.config.get("labels", ()):
            name = str(label["name"])
            if fold(name) not in seen:
                seen.add(fold(name))
                found = there.get(fold(name))
                labels.append(
                    (
                        found.name if found else name,
                        (found.color if found else "") or DEFAULT_COLOR,
                        found.description if found else "",
                        where,
                    )
                )
    return Sourced(stale, tuple(labels), tuple(notes), pulls)


def _section(ours: Mapping[str, Any], where: str) -> Iterator[str]:
    yield f"# {where}"
    yield "stale:"
    for key, value in ours.items():
        if isinstance(value, list):
            yield f"  {key}: [{', '.join(quoted(str(one)) for one in value)}]"
        elif isinstance(value, bool):
            yield f"  {key}: {str(value).lower()}"
        else:
            yield f"  {key}: {value if isinstance(value, int) else quoted(str(value))}"
