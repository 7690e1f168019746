"""Says what each form of legacy telemetry means: issues as they were seen, and runs of legacy components.

A form is known by the keys it has, never by the name of its file: names changed more often than forms. Files that hold copies
of other files (a dashboard that wraps itself) are unwrapped to any depth; what is in several of them is the same finding.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal

from migrations.telemetry.pieces import Broken, pieces
from migrations.telemetry.streamed import streamed

COMPONENTS = ("activity", "cleaner", "dashboard", "diagnostics", "project-sync", "self-test", "supervisor")
MAX_DEPTH = 200


@dataclass(frozen=True, slots=True)
class IssueSeen:
    """One issue or pull request as a legacy component saw it."""

    at: datetime
    """When it was seen."""
    number: int
    state: Literal["open", "closed"]
    labels: tuple[str, ...]
    milestone: str | None
    is_pull_request: bool
    component: str
    track: str | None = None
    title: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def digest(self) -> str:
        """The same for the same state of the same issue, whenever it was seen; of states that carry no time, at that time."""
        told = self.updated_at or self.at
        parts = (self.number, self.state, self.labels, self.milestone, self.is_pull_request, told.isoformat())
        return _digest(parts)


@dataclass(frozen=True, slots=True)
class LegacyRun:
    """One run of a legacy component over the repository."""

    at: datetime
    component: str
    """One of `COMPONENTS`, or what the file calls itself."""
    counts: tuple[tuple[str, int], ...] = ()
    """What it counted, by name, sorted."""
    missing: tuple[str, ...] = ()
    """Labels and variables a diagnosis did not find."""
    issue: int = 0
    """The issue it opened or looked at; 0 where it names none."""
    failed: bool = False
    told: str = ""
    """What the file calls its author: ``supervisor-v4``, a run's id."""

    @property
    def digest(self) -> str:
        """The same for the same content, from whatever file."""
        return _digest((self.component, self.at.isoformat(), self.counts, self.missing, self.issue, self.failed))


@dataclass(frozen=True, slots=True)
class Unread:
    """A file, or a piece of one, that could not be taken, and why."""

    path: str
    why: str
    line: int = 0
    mended: bool = False
    """It was taken all the same, after something was guessed."""


Found = IssueSeen | LegacyRun | Unread


def read(path: str, content: bytes | Iterable[bytes], at: datetime | None = None) -> Iterator[Found]:
    """Everything one file says, and what in it could not be read.

    Args:
        path: For messages, and for the time where the file's name is the only place that has one.
        content: As it was written, whole or, where it is large, part by part.
        at: When it was committed; the last resort for a time.
    """
    file = _File(path, time_in_name(path) or at)
    for piece in pieces(content) if isinstance(content, bytes) else streamed(content):
        if isinstance(piece, Broken):
            yield Unread(path, piece.why, piece.line)
            continue
        if piece.mended:
            yield Unread(path, piece.mended, mended=True)
        yield from file.take(piece.value)
    yield from file.ended()


_STAMP = re.compile(r"(20\d\d)-?(\d\d)-?(\d\d)[T_ ]?(\d\d):?(\d\d):?(\d\d)")


def time_in_name(path: str) -> datetime | None:
    """The time a file's name says: ``20251206T024831Z``, ``2025-12-06T02:48:31Z``, with and without colons."""
    found = _STAMP.search(path.rpartition("/")[2])
    if found is None:
        return None
    try:
        year, month, day, hour, minute, second = map(int, found.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def track_of(labels: tuple[str, ...]) -> str | None:
    """The track its labels carry, under its old name or its new one: ``codex-trackmain`` and ``track/main`` are ``main``."""
    found = {match["id"].casefold() for label in labels if (match := _TRACK.search(label))}
    return found.pop() if len(found) == 1 else None


_TRACK = re.compile(r"(?:^|[-_/:. ])track[-_/:. ]?(?P<id>[a-z0-9][a-z0-9._-]*)$", re.IGNORECASE)
_WRAPPERS = ("items", "telemetry")
_PARTS = {"supervisor": "supervisor", "selftest": "self-test", "activity": "activity"}


class _File:
    """One file, its pieces taken one after the other."""

    def __init__(self, path: str, at: datetime | None) -> None:
        self.path = path
        self.at = at
        self._targets: list[str] = []
        """What project sync decided: it wrote a bare list, one entry for each issue."""
        self._cards = 0

    def take(self, value: Any) -> Iterator[Found]:
        """What a value says, unwrapped to any depth."""
        waiting: list[tuple[Any, str, int]] = [(value, "", 0)]
        while waiting:
            item, component, depth = waiting.pop()
            if depth > MAX_DEPTH:
                yield Unread(self.path, f"it wraps itself more than {MAX_DEPTH} times")
                continue
            inside = _inside(item, component)
            if inside is not None:
                waiting += [(below, name, depth + 1) for below, name in reversed(inside)]
            if isinstance(item, dict):
                yield from self._entry(item, component, wraps=inside is not None)
            elif not isinstance(item, list) and item is not None:
                yield Unread(self.path, f"a {type(item).__name__} is no telemetry")

    def ended(self) -> Iterator[Found]:
        """What only the whole file says."""
        if self._targets:
            counts = {"decided": len(self._targets), "with_target": sum(map(bool, self._targets))}
            yield from self._run("project-sync", self.at, counts)
        if self._cards:
            yield from self._run("supervisor", self.at, {"project_items": self._cards})

    def _entry(self, item: dict[str, Any], component: str, *, wraps: bool) -> Iterator[Found]:
        name = _component(item) or component
        at = _time(item) or self.at
        if not item or (wraps and not item.get("issues")):
            return
        if "target_milestone" in item:
            self._targets.append(str(item["target_milestone"] or ""))
        elif isinstance(item.get("content"), dict):
            self._cards += 1
        elif isinstance(item.get("issues"), list) and isinstance(item.get("pull_requests", []), list) and not wraps:
            yield from self._snapshot(item, name or "activity", at)
        elif "number" in item and "title" in item:
            yield from self._issue(item, name or "activity", self.at, pull=False)
        elif name or _time(item) is not None:
            if set(item) <= {"updated_at", *_PARTS}:
                return  # a summary of nothing: the parts it wraps speak for themselves
            yield from self._run(
                name or "activity",
                at,
                _counts(item),
                missing=_missing(item),
                issue=_number(item.get("issue", item.get("selftest_issue"))),
                failed=_failed(item),
                told=str(item.get("source") or item.get("run_id") or ""),
            )
        else:
            keys = ", ".join(sorted(map(str, item))[:5])
            yield Unread(self.path, f"its form is not known: an object with {keys}")

    def _snapshot(self, item: dict[str, Any], name: str, at: datetime | None) -> Iterator[Found]:
        issues, pulls = item["issues"], item.get("pull_requests", [])
        yield from self._run(name, at, {"issues": len(issues), "pull_requests": len(pulls)})
        if at is not None:
            of_pulls = {entry.get("number") for entry in pulls if isinstance(entry, dict)}
            for entry in issues:
                if isinstance(entry, dict):
                    yield from self._issue(entry, name, at, pull=entry.get("number") in of_pulls)
            listed = {entry.get("number") for entry in issues if isinstance(entry, dict)}
            for entry in pulls:
                # GitHub lists pull requests among the issues too, and there with labels and milestone.
                if isinstance(entry, dict) and entry.get("number") not in listed:
                    yield from self._issue(entry, name, at, pull=True)

    def _issue(self, item: dict[str, Any], name: str, at: datetime | None, *, pull: bool) -> Iterator[Found]:
        number, state = _number(item.get("number")), item.get("state", "open")
        seen = at or _moment(item.get("updated_at"))
        if not number or str(state).lower() not in {"open", "closed", "merged"} or seen is None:
            yield Unread(self.path, f"an issue without {'a time' if number else 'a number'} cannot be placed")
            return
        labels = tuple(
            str(label.get("name", "")) if isinstance(label, dict) else str(label)
            for label in _listed(item.get("labels"))
        )
        milestone = item.get("milestone")
        yield IssueSeen(
            seen,
            number,
            "open" if str(state).lower() == "open" else "closed",
            tuple(label for label in labels if label),
            (milestone.get("title") if isinstance(milestone, dict) else milestone) or None,
            pull or "pull_request" in item,
            name,
            track_of(labels),
            str(item.get("title", "")),
            _moment(item.get("created_at")),
            _moment(item.get("updated_at")),
            _moment(item.get("closed_at")),
        )

    def _run(
        self,
        name: str,
        at: datetime | None,
        counts: Mapping[str, int],
        *,
        missing: tuple[str, ...] = (),
        issue: int = 0,
        failed: bool = False,
        told: str = "",
    ) -> Iterator[Found]:
        if at is None:
            yield Unread(self.path, f"a run of {name} that says no time, in a file whose name has none")
        else:
            yield LegacyRun(at, name, tuple(sorted(counts.items())), missing, issue, failed, told)


def _inside(item: Any, component: str) -> list[tuple[Any, str]] | None:
    """What a list or a wrapper holds, each with the component it belongs to; ``None`` for what wraps nothing."""
    if isinstance(item, list):
        return [(below, component) for below in item]
    if not isinstance(item, dict):
        return None
    for key in _WRAPPERS:
        if isinstance(item.get(key), list):
            return [(below, "") for below in item[key]]
    parts = [(item[key], name) for key, name in _PARTS.items() if isinstance(item.get(key), dict | list)]
    return parts or None


def _component(item: dict[str, Any]) -> str:
    """What wrote it, by its own word, else by what it counts."""
    told = str(item.get("component") or item.get("source") or "").lower().replace("_", "-")
    if told:
        for known in COMPONENTS:
            if known in told or known.replace("-", "") in told:
                return known
        return told[:60]
    for key, known in _BY_KEY.items():
        if key in item:
            return known
    return ""


_BY_KEY = {
    "project_items": "supervisor",
    "stale_main": "supervisor",
    "pr_open": "supervisor",
    "selftest_issue": "self-test",
    "items_checked": "activity",
    "start_time": "activity",
    "deleted_count": "cleaner",
    "missing_labels": "diagnostics",
}
_NO_COUNTS = {"issue", "number", "run_id", "selftest_issue", "next_issue"}


def _counts(item: Mapping[str, Any], prefix: str = "") -> dict[str, int]:
    """Every whole number below it by its path, and how long its lists are."""
    found: dict[str, int] = {}
    for key, value in item.items():
        name = f"{prefix}{key}"
        if key in _NO_COUNTS or isinstance(value, bool):
            continue
        if isinstance(value, int) and value >= 0:
            found[name] = value
        elif isinstance(value, list) and prefix:
            found[name] = len([entry for entry in value if entry])
        elif isinstance(value, dict) and prefix.count(".") < 3:
            found |= _counts(value, f"{name}.")
    return found


def _missing(item: Mapping[str, Any]) -> tuple[str, ...]:
    """What a diagnosis did not find; it writes a list with one empty text for nothing."""
    lists = [item.get("missing_labels")]
    lists += [item[key].get("missing") for key in ("labels", "repo_variables") if isinstance(item.get(key), dict)]
    return tuple(sorted({str(name) for names in lists if isinstance(names, list) for name in names if name}))


def _failed(item: Mapping[str, Any]) -> bool:
    status = str(item.get("status") or item.get("selftest_status") or "").lower()
    return status in {"failed", "failure", "error"} or str(item.get("config_error", "")).lower() in {"true", "yes", "1"}


def _time(item: Mapping[str, Any]) -> datetime | None:
    for key in ("timestamp", "generated_at", "updated_at", "start_time"):
        moment = _moment(item.get(key))
        if moment is not None:
            return moment
    return None


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _number(value: Any) -> int:
    """An issue's number; legacy writes it as a number or as text."""
    text = str(value if value is not None and not isinstance(value, bool) else "").lstrip("#")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 0


def _digest(parts: object) -> str:
    return sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:32]


def _listed(value: Any) -> list[Any]:
    """A list, or nothing where something else stands in its place."""
    return value if isinstance(value, list) else []
