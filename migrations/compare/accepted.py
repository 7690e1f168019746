"""The file of accepted differences: each with a reason and a day on which somebody looks again."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from engine.problems import Problem, ProblemError, Where
from migrations.model import Accepted, Difference

MAX_BYTES = 1024 * 1024


def read_accepted(text: str, *, file: str = "accepted.toml") -> tuple[Accepted, ...]:
    """The entries of the file.

    Raises:
        ProblemError: it is no such file; every problem at once.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ProblemError(_problem(file, "it is not TOML", str(error))) from None
    entries = document.get("accepted", [])
    unknown = sorted(set(document) - {"accepted"})
    problems = [_problem(file, f"there is no key {name!r}", "entries stand under [[accepted]]") for name in unknown]
    if not isinstance(entries, list):
        raise ProblemError([*problems, _problem(file, "accepted is no list", "each entry begins with [[accepted]]")])
    found: list[Accepted] = []
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict):
            problems.append(_problem(file, f"entry {number} is no table", "each entry begins with [[accepted]]"))
            continue
        match, reason, expires = entry.get("match"), entry.get("reason"), entry.get("expires")
        if not isinstance(match, str) or not match.strip():
            problems.append(
                _problem(file, f"entry {number} has no match", 'it names a difference: match = "#87 milestone"')
            )
        if not isinstance(reason, str) or len(reason.strip()) < 10:
            problems.append(
                _problem(file, f"entry {number} has no reason", "say in a sentence why the difference is right")
            )
        if not isinstance(expires, date):
            problems.append(
                _problem(file, f"entry {number} has no expiry", "a day without quotes: expires = 2027-03-01")
            )
        extra = sorted(set(entry) - {"match", "reason", "expires"})
        problems += [
            _problem(file, f"entry {number} has the key {name!r}", "known are match, reason, expires") for name in extra
        ]
        if isinstance(match, str) and isinstance(reason, str) and isinstance(expires, date):
            found.append(Accepted(match, reason.strip(), expires, Where(file, path=f"accepted[{number - 1}]")))
    if problems:
        raise ProblemError(problems)
    return tuple(found)


def accept(
    differences: Iterable[Difference], accepted: Sequence[Accepted], today: date
) -> tuple[tuple[Difference, ...], tuple[str, ...]]:
    """The differences with the reasons of those that are accepted; and what is wrong with the entries.

    An entry that covers nothing hides nothing today and may hide something tomorrow, so it fails; an expired one does too, and covers
    nothing any more.
    """
    used: set[Accepted] = set()
    found = []
    for difference in differences:
        entry = next((one for one in accepted if one.expires >= today and one.covers(difference)), None)
        if entry is not None:
            used.add(entry)
            difference = replace(difference, accepted=entry.reason)  # noqa: PLW2901 – the same difference, explained
        found.append(difference)
    wrong = []
    for entry in accepted:
        if entry.expires < today:
            wrong.append(
                f"{entry.where}: {entry.match!r} expired on {entry.expires}: look again, and renew or remove it"
            )
        elif entry not in used:
            wrong.append(f"{entry.where}: {entry.match!r} covers no difference: remove it")
    return tuple(found), tuple(wrong)


def _problem(file: str, what: str, fix: str) -> Problem:
    return Problem("accepted-wrong", what, fix=fix, where=Where(file))
