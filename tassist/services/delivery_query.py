"""One line of words that says which deliveries are wanted: ``event:issues state:dead acme/shop#7 since:2h login``."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta

from engine.problems import Problem, ProblemError
from tassist.store.pages import Filter
from tassist.text import safe_text

WORDS: dict[str, str] = {
    "event": "as GitHub spells it: issues, issue_comment",
    "action": "labeled, opened, closed",
    "repo": "owner/name",
    "issue": "its number; owner/name#7 says both",
    "state": "stored, waiting, done, ignored, dead, quarantined",
    "outcome": "of its run: success, partial, blocked, failed",
    "since": "2h, 3d, 15m, 2026-11-28, 2026-11-28T09:00 (UTC)",
    "until": "the same forms; what came before it",
}
"""What can be asked, and how; every other word is looked for in headers and bodies."""
_STATES = ("stored", "waiting", "done", "ignored", "dead", "quarantined")
_OUTCOMES = ("success", "partial", "blocked", "failed")
_AGO = re.compile(r"(\d{1,6})(s|m|h|d|w)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_ISSUE = re.compile(r"([\w.-]+/[\w.-]+)#(\d{1,12})")


@dataclass(frozen=True, slots=True)
class Query:
    """Which deliveries are wanted."""

    wanted: Filter = field(default_factory=Filter)
    text: str = ""
    """Must stand in a header or in the body; empty: anything may."""

    @property
    def anything(self) -> bool:
        """Whether every delivery is wanted."""
        return self.wanted.anything and not self.text


def parse_query(line: str, now: datetime) -> Query:
    """Read the line.

    Raises:
        ProblemError: with everything that is wrong with it.
    """
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    problems: list[Problem] = []
    found: dict[str, object] = {}
    text: list[str] = []
    for word in words:
        name, colon, value = word.partition(":")
        issue = _ISSUE.fullmatch(word)
        if issue is not None:
            found["repo"], found["issue"] = issue.group(1), int(issue.group(2))
        elif not colon or name not in WORDS:
            text.append(word)
        else:
            try:
                found[name] = _READ[name](value, now)
            except ValueError:
                problems.append(
                    Problem(
                        "query-wrong",
                        f"{safe_text(word, max_chars=60)!r} cannot be looked for",
                        f"{name}: takes {WORDS[name]}",
                        f"write {name}:… in one of these forms, or leave it out",
                    )
                )
    if problems:
        raise ProblemError(problems)
    return Query(Filter(**found), " ".join(text))  # type: ignore[arg-type]  # `_READ` gives each its type


def in_words(query: Query) -> str:
    """The query as a line that means the same."""
    parts = []
    for one in fields(Filter):
        value = getattr(query.wanted, one.name)
        if value is not None:
            parts.append(f"{one.name}:{value:%Y-%m-%dT%H:%M}" if isinstance(value, datetime) else f"{one.name}:{value}")
    return " ".join([*parts, *([query.text] if query.text else [])])


def _text(value: str, _now: datetime) -> str:
    if not value:
        raise ValueError(value)
    return value


def _number(value: str, _now: datetime) -> int:
    return int(value.removeprefix("#")[:12])


def _one_of(choices: tuple[str, ...]) -> Callable[[str, datetime], str]:
    def read(value: str, _now: datetime) -> str:
        if value not in choices:
            raise ValueError(value)
        return value

    return read


def moment(value: str, now: datetime) -> datetime:
    """A moment: so long ago, a day, or a time of a day, in UTC.

    Raises:
        ValueError: it is none.
    """
    ago = _AGO.fullmatch(value)
    if ago is not None:
        try:
            return now - timedelta(**{_UNITS[ago.group(2)]: int(ago.group(1))})
        except OverflowError:
            raise ValueError(value) from None
    found = datetime.fromisoformat(value)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


_READ: dict[str, Callable[[str, datetime], object]] = {
    "event": _text,
    "action": _text,
    "repo": _text,
    "issue": _number,
    "state": _one_of(_STATES),
    "outcome": _one_of(_OUTCOMES),
    "since": moment,
    "until": moment,
}
