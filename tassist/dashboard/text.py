"""The dashboard's figures as lines for a terminal: what needs a person first, then repositories, rules, the service."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from tassist.dashboard.board import Board, RepoBoard, Value
from tassist.dashboard.figures import FIGURE_BY_ID
from tassist.dashboard.site.words import shown
from tassist.text import noun, safe_text

BLOCKS = "▁▂▃▄▅▆▇█"
_SHOWN_NEEDS = 10


def lines(board: Board, *, blocks: bool = True) -> Iterator[str]:
    """Everything in at most 80 columns; with ``blocks`` small plots of the last periods."""
    for line in _lines(board, blocks=blocks):
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        yield from textwrap.wrap(
            line, 80, drop_whitespace=True, replace_whitespace=False, subsequent_indent=indent, break_on_hyphens=False
        ) or [""]


def _lines(board: Board, *, blocks: bool) -> Iterator[str]:
    source = board.source
    if not source.records:
        yield f"As of {board.as_of}: there are no records" if board.as_of else "There are no records yet"
    else:
        yield f"As of {board.as_of}: {source.records} {noun(source.records, 'record')} of {len(board.repos)} {noun(len(board.repos), 'repository', 'repositories')}"
    for gap in source.gaps:
        yield f"missing: {safe_text(gap.what, max_chars=200)}: {safe_text(gap.why, max_chars=200)}"
    if source.records:
        yield ""
        yield from _needs(board)
        yield ""
        yield from _figures("All repositories", board.total.figures)
        for repo in board.repos:
            yield ""
            yield from _repo(repo, blocks=blocks)
        yield ""
        yield from _figures("Service", board.service)


def _needs(board: Board) -> Iterator[str]:
    if not board.needs:
        yield "Nothing needs a person."
        return
    yield f"Needs a person: {len(board.needs)}"
    for need in board.needs[:_SHOWN_NEEDS]:
        place = f"{need.repo}#{need.issue}" if need.issue else need.repo
        yield f"  {need.kind:<13} {safe_text(place, max_chars=60)} {safe_text(need.what, max_chars=120)}".rstrip()
        if need.why:
            yield f"{'':<16}{safe_text(need.why, max_chars=160)}"
    if len(board.needs) > _SHOWN_NEEDS:
        yield f"  … and {len(board.needs) - _SHOWN_NEEDS} more"


def _repo(repo: RepoBoard, *, blocks: bool) -> Iterator[str]:
    yield from _figures(repo.repo, repo.scope.figures)
    if blocks:
        yield f"  {'open':<22} {plot(repo.scope.flow.lines['open'])}"
        yield f"  {'runs':<22} {plot([sum(column) for column in zip(*_known(repo), strict=True)])}"
    for track in repo.tracks:
        figures = track.figures
        yield (
            f"  track {safe_text(track.name, max_chars=30):<16} {figures['open'].all or 0:>5} open"
            f"  {figures['opened'].recent or 0:>4} in  {figures['closed'].recent or 0:>4} out"
        )
    for milestone in repo.milestones:
        if milestone.open:
            late = (
                f", {milestone.overdue_days} {noun(milestone.overdue_days, 'day')} late"
                if milestone.overdue_days
                else ""
            )
            yield (
                f"  milestone {safe_text(milestone.title, max_chars=30)}: "
                f"{milestone.closed} of {milestone.open + milestone.closed} done{late}"
            )
    for rule in repo.rules:
        if rule.written.all:
            yield (
                f"  rule {safe_text(rule.rule, max_chars=40):<24} {rule.written.all:>5} written"
                f"  {rule.reverted.all or 0:>4} taken back  {rule.flapped.all or 0:>4} flapping"
            )


def _known(repo: RepoBoard) -> list[list[int]]:
    return [[value or 0 for value in line] for line in repo.activity.lines.values()]


def _figures(title: str, figures: dict[str, Value]) -> Iterator[str]:
    yield safe_text(title, max_chars=100)
    for name, value in figures.items():
        figure = FIGURE_BY_ID[name]
        recent = f"{shown(figure, value.recent):>10}" if value.recent is not None else ""
        yield f"  {figure.title:<22} {shown(figure, value.all):>10}{f'  28 days: {recent.strip()}' if recent else ''}"


def plot(values: Sequence[int | None], width: int = 53) -> str:
    """The last values as blocks of eight heights; a gap where a value is unknown."""
    last = list(values)[-width:]
    most = max((value for value in last if value is not None), default=0)
    return "".join(
        " " if value is None else BLOCKS[(value * (len(BLOCKS) - 1) + most - 1) // most if most else 0]
        for value in last
    )
