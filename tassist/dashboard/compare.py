"""Says in words how one dashboard differs from another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tassist.dashboard.board import Board, Need, RuleAt, Value
from tassist.dashboard.figures import FIGURE_BY_ID, Figure
from tassist.dashboard.site.words import shown


@dataclass(frozen=True, slots=True)
class Differing:
    """One figure that is another."""

    place: str
    """Repository, ``all repositories``, ``service``, or a repository and a track or rule."""
    figure: str
    before: int | None
    after: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that is different."""

    before: str
    after: str
    """Days the two are of."""
    differing: list[Differing]
    new_needs: list[str]
    settled_needs: list[str]
    repos_come: list[str]
    repos_gone: list[str]


def compare(one: Board, other: Board) -> Comparison:
    """What changed from one to the other."""
    old, new = {board.repo: board for board in one.repos}, {board.repo: board for board in other.repos}
    found = [*_figures("all repositories", one.total.figures, other.total.figures)]
    for repo in sorted(old.keys() & new.keys()):
        found += _figures(repo, old[repo].scope.figures, new[repo].scope.figures)
        tracks = {track.name: track for track in old[repo].tracks}
        for track in new[repo].tracks:
            if track.name in tracks:
                found += _figures(f"{repo}, track {track.name}", tracks[track.name].figures, track.figures)
        rules = {rule.rule: rule for rule in old[repo].rules}
        for rule in new[repo].rules:
            if rule.rule in rules:
                found += _figures(f"{repo}, rule {rule.rule}", _of(rules[rule.rule]), _of(rule))
    found += _figures("service", one.service, other.service)
    needs = {_need(need) for need in one.needs}, {_need(need) for need in other.needs}
    return Comparison(
        one.as_of,
        other.as_of,
        found,
        sorted(needs[1] - needs[0]),
        sorted(needs[0] - needs[1]),
        sorted(new.keys() - old.keys()),
        sorted(old.keys() - new.keys()),
    )


def _of(rule: RuleAt) -> dict[str, Value]:
    return {"written": rule.written, "reverted": rule.reverted, "flapped": rule.flapped}


def _need(need: Need) -> str:
    place = f"{need.repo}#{need.issue}" if need.issue else need.repo
    return f"{need.kind}: {place + ': ' if place else ''}{need.what if need.issue == 0 else need.why or need.what}"


def _figures(place: str, before: dict[str, Value], after: dict[str, Value]) -> Iterator[Differing]:
    for name, value in after.items():
        old = before[name].all if name in before else None
        if old != value.all:
            figure = FIGURE_BY_ID[name]
            yield Differing(place, name, old, value.all, _words(figure, old, value.all))


def _words(figure: Figure, before: int | None, after: int | None) -> str:
    text = f"{figure.title} {shown(figure, before)} → {shown(figure, after)}"
    if before is None or after is None:
        return text
    gap = after - before
    if figure.unit == "count":
        text += f" ({'+' if gap > 0 else '−'}{abs(gap):,})"
    if figure.better != "neither":
        text += ", better" if (gap < 0) == (figure.better == "less") else ", worse"
    return text
