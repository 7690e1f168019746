"""Supervisor: flags members of a track by how long nobody updated them.

Declared, read from its text: open issues of a track's milestone that carry both the membership and the track's label. Age is whole days
since the last update. At the escalation threshold one label is put on and the other taken off, at the stale threshold the other way
round, below both are taken off. Putting a label on is an update, so a flagged issue looks fresh at the next run: it flaps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from engine.model import Issue
from migrations.audit.facts import Facts, Ran
from migrations.legacy.component import Says, World, set_label
from migrations.legacy.trace import repository_variable
from migrations.model import Write

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Track:
    """One track it looks after: label, and the repository variables of its milestone and thresholds."""

    label: str
    milestone: str
    stale: str
    escalated: str


@dataclass(frozen=True, slots=True)
class Supervisor:
    """One version of it."""

    path: str
    member: str
    tracks: tuple[Track, ...]
    stale_label: str
    escalated_label: str
    id: str = "supervisor"
    branches: tuple[str, ...] = ("closed", "no track", "no thresholds", "escalated", "stale", "fresh")

    def decide(self, issue: Issue, world: World) -> Says:
        """What it declares to do with this issue; the last track that has it wins."""
        if issue.state != "open":
            return Says("closed")
        said = Says("no track")
        for track in self.tracks:
            title = world.titles.get(track.milestone, "")
            if not title or issue.milestone is None or issue.milestone.title != title:
                continue
            if not issue.has_label(track.label) or (self.member and not issue.has_label(self.member)):
                continue
            thresholds = days_of(world, track.stale), days_of(world, track.escalated)
            said = self._aged(issue, world.now, *thresholds)
        return said

    def _aged(self, issue: Issue, now: datetime, stale: int | None, escalated: int | None) -> Says:
        if stale is None or escalated is None:
            return Says("no thresholds")
        age = age_in_days(issue, now)
        if age >= escalated:
            return self._says(issue, "escalated", (self.escalated_label, True), (self.stale_label, False))
        if age >= stale:
            return self._says(issue, "stale", (self.stale_label, True), (self.escalated_label, False))
        return self._says(issue, "fresh", (self.stale_label, False), (self.escalated_label, False))

    @staticmethod
    def _says(issue: Issue, branch: str, *wanted: tuple[str, bool]) -> Says:
        writes: list[Write] = []
        needless = 0
        for name, on in wanted:
            write, nothing = set_label(issue, name, on=on)
            writes.append(write)
            needless += nothing
        return Says(branch, tuple(writes), needless)

    def labels(self) -> tuple[str, ...]:
        """The labels it reads or writes."""
        names = (self.member, *(track.label for track in self.tracks), self.stale_label, self.escalated_label)
        return tuple(dict.fromkeys(name for name in names if name))

    def ages(self, world: World) -> Iterator[int]:
        """One day before each threshold, and at it."""
        for track in self.tracks:
            for name in (track.stale, track.escalated):
                days = days_of(world, name)
                if days is not None:
                    yield from (max(days - 1, 0), days)


def age_in_days(issue: Issue, now: datetime) -> int:
    """Whole days since the last update, as the script's integer division counts them."""
    return int((now - (issue.updated_at or now)).total_seconds()) // _DAY_S


def days_of(world: World, variable: str) -> int | None:
    """A threshold; ``None`` where the variable is missing or no number."""
    value = world.numbers.get(variable, "").strip()
    return int(value[:5]) if value.isascii() and value.isdigit() else None


def recognise(facts: Facts) -> Supervisor | None:
    """The component, where a workflow compares an age with two thresholds and flags by it."""
    for ran in facts.ran:
        found = list(_branches(ran))
        if len(found) < 2:
            continue
        (escalated_by, escalated), (stale_by, stale) = found[0], found[1]
        tracks = tuple(_tracks(facts, ran, stale_by, escalated_by))
        if not tracks:
            continue
        text = "\n".join(line.text for line in ran.script.lines)
        asked = re.search(r"labels=\"?([\w.-]+),\s*\$", text) or re.search(r"labels=\"?\$\{?\w+\}?,([\w.-]+)", text)
        return Supervisor(facts.document.path, asked[1] if asked else "", tracks, stale, escalated)
    return None


def _branches(ran: Ran) -> Iterator[tuple[str, str]]:
    """Threshold and label of each ``-ge`` in its order."""
    threshold = ""
    for line in ran.script.lines:
        compared = re.search(r"-ge\s+\"?\$\{?(\w+)", line.text)
        if compared:
            threshold = compared[1]
        added = re.search(r"gh\s+issue\s+edit\b.*--add-label[\s=]+[\"']?([\w./: -]+?)[\"']?(?:\s|$)", line.text)
        if added and threshold:
            yield threshold, added[1]
            threshold = ""


def _tracks(facts: Facts, ran: Ran, stale_by: str, escalated_by: str) -> Iterator[Track]:
    """One for each call of the function that flags, by what the call gives it."""
    parameters: dict[str, int] = {}
    function = ""
    for line in ran.script.lines:
        opened = re.match(r"^\s*(?:function\s+)?([A-Za-z_]\w*)\s*\(\)", line.text)
        if opened and stale_by not in parameters:
            function, parameters = opened[1], {}
        given = re.match(r"^\s*(?:local\s+)?(\w+)=\"?\$\{?(\d)\}?\"?\s*$", line.text)
        if given and function and (stale_by not in parameters or given[1] in {stale_by, escalated_by}):
            parameters[given[1]] = int(given[2])
    label_by = _after(ran, r"labels=\"?(?:[\w.-]+,)?\$\{?(\w+)", parameters)
    milestone_by = _after(ran, r"milestone=\"?\$\{?(\w+)", parameters)
    for line in ran.script.lines:
        called = re.match(rf"^\s*{re.escape(function)}\s+(.*)$", line.text) if function else None
        if not called or "()" in line.text:
            continue
        values = re.findall(r"\"([^\"]*)\"|(\S+)", called[1])
        words = [one or two for one, two in values]

        def value(name: str, words: list[str] = words) -> str:
            place = parameters.get(name, 0)
            return words[place - 1] if 0 < place <= len(words) else ""

        def variable(name: str) -> str:
            return repository_variable(facts, value(name).strip("${}"))

        label = value(label_by)
        if label:
            yield Track(label, variable(milestone_by), variable(stale_by), variable(escalated_by))


def _after(ran: Ran, pattern: str, parameters: dict[str, int]) -> str:
    for line in ran.script.lines:
        for name in re.findall(pattern, line.text):
            if name in parameters:
                return str(name)
    return ""
