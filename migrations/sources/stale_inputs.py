"""What a step of actions/stale was given, read as the Action reads it: for issues and for pull requests, each by itself.

Source: action.yml, `_getAndValidateArgs` of src/main.ts and src/functions of https://github.com/actions/stale, read at v9.1.0 and v10.3.0.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

DEFAULTS: dict[str, str] = {
    "days-before-stale": "60",
    "days-before-close": "7",
    "stale-issue-label": "Stale",
    "stale-pr-label": "Stale",
    "close-issue-reason": "not_planned",
    "remove-stale-when-updated": "true",
    "operations-per-run": "30",
}
"""Those that are not empty."""
_VARIABLE = re.compile(r"\$\{\{\s*vars\.([A-Za-z_]\w*)\s*\}\}")
_FLOAT = re.compile(r"\s*([+-]?(?:\d{1,9}(?:\.\d*)?|\.\d+))")
_INT = re.compile(r"\s*([+-]?\d{1,9})")
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "đ": "d", "ł": "l", "œ": "oe", "þ": "th", "ð": "d", "ı": "i"})


@dataclass(frozen=True, slots=True)
class Side:
    """What it was told to do to issues, or to pull requests."""

    stale_days: float
    close_days: int
    label: str
    close_label: str = ""
    message: bool = False
    only: tuple[str, ...] = ()
    """It looks only at what carries all of these labels."""
    any_of: tuple[str, ...] = ()
    """And at least one of these."""
    exempt_labels: tuple[str, ...] = ()
    exempt_milestones: tuple[str, ...] = ()
    all_milestones: bool = False
    exempt_assignees: tuple[str, ...] = ()
    all_assignees: bool = False
    unmarks: bool = True
    """Whether an update takes the mark off."""
    from_creation: bool = False
    """Whether it counts from the creation, whatever happened since."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything it was told."""

    issues: Side
    pulls: Side
    only_assigned: bool = False
    only_types: bool = False
    """Only issues of some types; which type an issue has is in no record."""
    spares_drafts: bool = False
    start: datetime | None = None
    off_when_stale: tuple[str, ...] = ()
    off_when_unstale: tuple[str, ...] = ()
    on_when_unstale: tuple[str, ...] = ()
    operations: int = 30
    tries: bool = False
    """It only says what it would do."""
    computed: tuple[str, ...] = ()
    """Inputs whose value is computed when it runs."""
    wrong: str = ""
    """Why every run fails before it does anything; empty where none does."""
    given: Mapping[str, str] = field(default_factory=dict)
    """As they were given, repository variables put in where they are known."""


def read_inputs(given: Mapping[str, str], variables: Mapping[str, str]) -> Inputs:
    """Read what stands under ``with:``; what does not stand there has its default."""
    said = {name: filled(text, variables) for name, text in given.items()}
    told = {**DEFAULTS, **said}
    messages = {"stale-issue-message", "stale-pr-message", "close-issue-message", "close-pr-message", "repo-token"}
    return Inputs(
        _side(told, "issue"),
        _side(told, "pr"),
        only_assigned=told.get("include-only-assigned") == "true",
        only_types=bool(told.get("only-issue-types", "")),
        spares_drafts=told.get("exempt-draft-pr") == "true",
        start=_date(told.get("start-date", "")),
        off_when_stale=words(told.get("labels-to-remove-when-stale", "")),
        off_when_unstale=words(told.get("labels-to-remove-when-unstale", "")),
        on_when_unstale=words(told.get("labels-to-add-when-unstale", "")),
        operations=int(integer(told["operations-per-run"]) or 0),
        tries=told.get("debug-only") == "true",
        computed=tuple(sorted(name for name, text in said.items() if "${{" in text and name not in messages)),
        wrong=_wrong(told),
        given=said,
    )


def _side(told: Mapping[str, str], kind: str) -> Side:
    def own(name: str, common: str) -> str:
        return told.get(name.format(kind), "") or told.get(common, "")

    def flag(name: str, common: str, *, default: bool = False) -> bool:
        value = told.get(name.format(kind), "")
        if value in {"true", "false"}:
            return value == "true"
        shared = told.get(common, "")
        return shared != "false" if default else shared == "true"

    days, close = number(told.get(f"days-before-{kind}-stale", "")), integer(told.get(f"days-before-{kind}-close", ""))
    days = number(told["days-before-stale"]) if days is None else days
    close = integer(told["days-before-close"]) if close is None else close
    return Side(
        -1.0 if days is None else days,
        -1 if close is None else close,
        told[f"stale-{kind}-label"],
        told.get(f"close-{kind}-label", ""),
        message=bool(told.get(f"stale-{kind}-message")),
        only=words(own("only-{}-labels", "only-labels")),
        any_of=words(own("any-of-{}-labels", "any-of-labels")),
        exempt_labels=words(told.get(f"exempt-{kind}-labels", "")),
        exempt_milestones=words(own("exempt-{}-milestones", "exempt-milestones")),
        all_milestones=flag("exempt-all-{}-milestones", "exempt-all-milestones"),
        exempt_assignees=words(own("exempt-{}-assignees", "exempt-assignees")),
        all_assignees=flag("exempt-all-{}-assignees", "exempt-all-assignees"),
        unmarks=flag("remove-{}-stale-when-updated", "remove-stale-when-updated", default=True),
        from_creation=flag("ignore-{}-updates", "ignore-updates"),
    )


def _wrong(told: Mapping[str, str]) -> str:
    if any("${{" in told[name] for name in DEFAULTS):
        return ""
    if number(told["days-before-stale"]) is None:
        return f"days-before-stale {told['days-before-stale'][:40]!r} is no number"
    for name in ("days-before-close", "operations-per-run"):
        if integer(told[name]) is None:
            return f"{name} {told[name][:40]!r} is no whole number"
    for name in ("stale-issue-label", "stale-pr-label"):
        if not told[name]:
            return f"{name} is empty"
    if told.get("start-date") and _date(told["start-date"]) is None:
        return f"start-date {told['start-date'][:40]!r} is no date"
    if told["close-issue-reason"] not in {"", "completed", "not_planned"}:
        return f"close-issue-reason {told['close-issue-reason'][:40]!r} is none it knows"
    return ""


def filled(text: str, variables: Mapping[str, str]) -> str:
    """Repository variables put in where they are known."""
    return _VARIABLE.sub(lambda found: variables.get(found[1], found[0]), text)


def number(text: str) -> float | None:
    """A number with parts, by its beginning, as JavaScript's ``parseFloat`` reads it."""
    found = _FLOAT.match(text)
    return float(found[1]) if found else None


def integer(text: str) -> int | None:
    """A whole number, by its beginning, as ``parseInt`` reads it: parts are cut off."""
    found = _INT.match(text)
    return int(found[1]) if found else None


def words(text: str) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(part.strip() for part in text.split(",")) if text else ()


def clean(name: str) -> str:
    """The form in which the Action holds two names for the same: neither case nor accents count."""
    parts = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS))
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def _date(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
