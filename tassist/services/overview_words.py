"""What Home shows beside what wants attention, fact by fact: the screen lays them out, and lines say the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tassist.services.overview import Attention, Overview
from tassist.text import noun, number, span

_BARS = "▁▂▃▄▅▆▇█"
_SHARE = 10


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing by its name, in words, with a small plot of the same where there is one."""

    name: str
    said: str
    drawn: str = ""


def standing(found: Overview) -> Iterator[Fact]:
    """How it stands now: service, queue, limits of each installation, sinks, webhook and tunnel."""
    here = f", last here {span(found.at - found.here)} ago" if found.here and not found.serving else ""
    yield Fact("service", ("running" if found.serving else "not running") + here)
    lanes = found.backlog.lanes
    yield Fact(
        "queue",
        f"{number(found.backlog.unsorted)} unread, {number(lanes)} {noun(lanes, 'issue waits', 'issues wait')}",
    )
    if found.waiting:
        oldest = found.waiting[0]
        issue = f"{oldest.repo}#{oldest.key.number}" if oldest.key.number else oldest.repo
        yield Fact(
            "oldest", f"{issue}, {span(found.at - oldest.since)}" + (f": {oldest.reason}" if oldest.reason else "")
        )
    if found.given_up:
        yield Fact(
            "given up", f"{number(found.given_up['dead'])} dead, {number(found.given_up['quarantined'])} set aside"
        )
    most = found.writes_per_hour
    for one in sorted(found.written, key=lambda one: -one.writes):
        share = min(one.writes * _SHARE // most, _SHARE) if most else 0
        yield Fact(
            "writes/h",
            f"{one.account or f'installation {one.installation_id}'}: {number(one.writes)}{f' of {most}' if most else ', no limit is set'}",
            "█" * share + "░" * (_SHARE - share) if most else "",
        )
    if not found.written:
        yield Fact("writes/h", f"none of {most} for each installation" if most else "none, and no limit is set")
    for sink in found.sinks.sinks:
        waits = f", {number(sink.waiting)} {noun(sink.waiting, 'waits', 'wait')}" if sink.waiting else ""
        yield Fact("sink", f"{sink.name}: {sink.condition}{waits}")
    if found.hook is None:
        yield Fact("webhook", "not asked yet")
    else:
        yield from (Fact(name, said) for name, said in found.hook.told)


def figures(found: Overview) -> Iterator[Fact]:
    """Of the last 24 hours."""
    came = sum(found.per_hour)
    most = f", at most {number(max(found.per_hour))} in an hour" if came else ""
    yield Fact("deliveries", f"{number(came)}{most}", f"|{bars(found.per_hour)}|")
    yield Fact("runs", f"{number(found.runs)}, {number(found.runs_in_trouble)} not successful")
    if found.runs:
        good = (found.runs - found.runs_in_trouble) / found.runs
        yield Fact("success", f"{good:.1%}", f"{'█' * round(good * 20):░<20}")
    if found.median_delay is not None:
        yield Fact("delay", f"{span(found.median_delay)} from arrival to done")


def bars(values: Sequence[int]) -> str:
    """Small plot, one character a value; a space stands for nothing, so that little is told from none."""
    most = max(values, default=0)
    if not most:
        return " " * len(values)
    return "".join(
        " " if not value else _BARS[min(value * len(_BARS) // (most + 1), len(_BARS) - 1)] for value in values
    )


def in_words(found: Overview) -> list[str]:
    """Everything as lines, for those who hear them and for scripts' logs."""
    lines = [attention_in_words(one) for one in found.attention]
    lines += [f"{fact.name}: {fact.said}" for fact in standing(found)]
    lines += [f"last 24 hours, {fact.name}: {fact.said}" for fact in figures(found)]
    if sum(found.per_hour):
        lines.append(f"last 24 hours, by the hour until now: {' '.join(map(str, found.per_hour))}")
    return lines


def attention_in_words(one: Attention) -> str:
    """How bad it is, what it is, and what to do."""
    head = "error" if one.verdict == "bad" else one.verdict
    return f"{head}: {one.what}" + (f" ({one.fix})" if one.fix else "")
