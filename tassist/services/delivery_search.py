"""Finds deliveries by what is in them, and compares two of them path by path."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from engine.problems import Problem, ProblemError
from tassist.services import json_paths, payloads
from tassist.services.deliveries import one, open_journal
from tassist.services.json_paths import Chosen
from tassist.services.payloads import Taken
from tassist.store.model import DeliveryRow
from tassist.store.place import Where
from tassist.store.ports import Journal

_PAGE = 200
_MOST_PLACES = 20
_AROUND = 40


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries are looked through."""

    event: str | None = None
    action: str | None = None
    repo: str | None = None
    issue: int | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A delivery that holds the text."""

    delivery: DeliveryRow
    places: tuple[tuple[str, str], ...]
    """Where, and what stands there: ``header delivery_id`` and the like, paths of the body, or ``body`` where it is no
    JSON; at most twenty."""


def search(home: Where, text: str, wanted: Wanted | None = None) -> Iterator[Found]:
    """Deliveries that hold the text in a header, in what is known of them, or in their body; newest first.

    Upper and lower case are the same. A body is found whether its JSON escapes a character or not.

    Raises:
        ProblemError: there is no journal, it cannot be read, or the text is empty.
    """
    if not text.strip():
        raise ProblemError(Problem("search-empty", "there is nothing to search for", fix="give a word of the delivery"))
    wanted = wanted or Wanted()
    with open_journal(home) as journal:
        before: int | None = None
        while rows := journal.deliveries(
            limit=_PAGE,
            state=wanted.state,
            event=wanted.event,
            action=wanted.action,
            repo=wanted.repo,
            issue=wanted.issue,
            since=wanted.since,
            until=wanted.until,
            before_seq=before,
        ):
            for row in rows:
                places = tuple(_places(journal, row, text))
                if places:
                    yield Found(row, places[:_MOST_PLACES])
            before = rows[-1].seq


def holds(journal: Journal, row: DeliveryRow, text: str) -> tuple[tuple[str, str], ...]:
    """Where a delivery holds the text, and what stands there; at most twenty places."""
    return tuple(islice(_places(journal, row, text), _MOST_PLACES))


def _places(journal: Journal, row: DeliveryRow, text: str) -> Iterator[tuple[str, str]]:
    needle = text.casefold()
    known: dict[str, object] = {
        "delivery_id": row.delivery_id,
        "event": row.event,
        "action": row.action,
        "repo": row.repo,
        "sender": row.sender,
        "reason": row.reason or "",
        "run_id": row.run_id or "",
        **json.loads(row.headers),
    }
    for name, value in known.items():
        if needle in str(value).casefold():
            yield f"header {name}", _excerpt(str(value), needle)
    body = journal.body(row.seq)
    if body is None:
        return
    content_type = payloads.content_type_of(row)
    raw = body.decode("utf-8", "replace").casefold()
    # Most bodies do not hold it: they are not parsed. Quotes are spelled with a backslash, and what has escapes of
    # characters or is a form may spell anything in another way.
    spelled = json.dumps(text, ensure_ascii=False)[1:-1].casefold()
    form = content_type.lower().startswith("application/x-www-form-urlencoded")
    if not form and b"\\u" not in body and spelled not in raw and needle not in raw:
        return
    try:
        document = payloads.load(body, content_type).document
        found = list(_in_document(document, needle))
    except (ProblemError, RecursionError):
        if needle in raw:
            yield "body", _excerpt(body.decode("utf-8", "replace"), needle)
        return
    yield from found


def _in_document(value: Any, needle: str, path: json_paths.Path = ()) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if needle in key.casefold():
                yield json_paths.render((*path, key)), "(the key)"
            yield from _in_document(item, needle, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _in_document(item, needle, (*path, index))
    elif needle in (said := value if isinstance(value, str) else json.dumps(value)).casefold():
        yield json_paths.render(path), _excerpt(said, needle)


def _excerpt(text: str, needle: str) -> str:
    at = max(text.casefold().find(needle), 0)
    begin, end = max(at - _AROUND, 0), min(at + len(needle) + _AROUND, len(text))
    return ("…" if begin else "") + text[begin:end] + ("…" if end < len(text) else "")


# --- two of them ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """One path at which two payloads differ."""

    path: str
    kind: Literal["added", "removed", "changed", "reordered"]
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class Compared:
    """Two deliveries and where they differ, in the order of the first payload."""

    one: Taken
    other: Taken
    differences: tuple[Difference, ...]
    twice: tuple[str, ...]
    """Keys that stand twice in an object of either: the last value was compared."""


def diff(home: Where, first: str, second: str, *, only: str | None = None) -> Compared:
    """Where the payloads of two deliveries differ; each is an id, the beginning of one, or a file.

    Items of a list that have ids or names are compared with the one of the same id or name, wherever it stands.

    Args:
        home: Folder of the journal, or where the settings say it is.
        first: The one before.
        second: The one after.
        only: A path; what lies elsewhere is left out.

    Raises:
        ProblemError: one is not there, or no JSON.
    """
    ones, others = take_two(home, first, second)
    before = payloads.load(ones.body, ones.content_type, name=ones.name)
    after = payloads.load(others.body, others.content_type, name=others.name)
    try:
        found = list(_differences(before.document, after.document, ()))
    except RecursionError:
        raise ProblemError(Problem("payload-too-deep", "the payloads are nested too deeply to be compared")) from None
    prefix = json_paths.render(json_paths.parse(only)) if only else ""
    found = [one for one in found if _under(one.path, prefix)]
    return Compared(ones, others, tuple(found), tuple(dict.fromkeys((*before.twice, *after.twice))))


def _under(path: str, prefix: str) -> bool:
    return not prefix or path == prefix or path.startswith((prefix + ".", prefix + "["))


def take_two(home: Where, first: str, second: str) -> tuple[Taken, Taken]:
    """Two deliveries, each by id or as a file."""
    return take(home, first), take(home, second)


def take(home: Where, name: str) -> Taken:
    """A delivery by its id or the beginning of it, or out of a file.

    Raises:
        ProblemError: there is neither.
    """
    if is_file(name):
        with contextlib.ExitStack() as stack:
            try:
                journal: Journal | None = stack.enter_context(open_journal(home))
            except ProblemError:
                journal = None  # a file needs none
            return payloads.from_file(Path(name), journal)
    with open_journal(home) as journal:
        return payloads.from_journal(journal, one(journal, name))


def is_file(name: str) -> bool:
    """Whether an argument means a file: it has the form of a path, or there is one of that name."""
    if "\0" in name or len(name) > 4000:
        return False
    try:
        return Path(name).is_file() or name.endswith(".json")
    except OSError:
        return False


def differences(before: Any, after: Any) -> list[Difference]:
    """Where two documents differ, in the order of the first."""
    return list(_differences(before, after, ()))


def _differences(before: Any, after: Any, path: json_paths.Path) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from _item(before, after, key, (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        name = _naming_key(before, after)
        if name is None:
            one_by_index, other_by_index = dict(enumerate(before)), dict(enumerate(after))
            for index in range(max(len(before), len(after))):
                yield from _item(one_by_index, other_by_index, index, (*path, index))
            return
        ones = {str(item[name]): item for item in before}
        others = {str(item[name]): item for item in after}
        for value in [*ones, *(value for value in others if value not in ones)]:
            yield from _item(ones, others, value, (*path, Chosen(name, value)))
        if list(ones) != list(others) and {*ones} == {*others}:
            yield Difference(json_paths.render(path), "reordered", list(ones), list(others))
    elif type(before) is not type(after) or before != after:
        yield Difference(json_paths.render(path) or "(all)", "changed", before, after)


def _item(
    before: Mapping[Any, Any], after: Mapping[Any, Any], key: object, path: json_paths.Path
) -> Iterator[Difference]:
    if key not in before:
        yield Difference(json_paths.render(path), "added", after=after[key])
    elif key not in after:
        yield Difference(json_paths.render(path), "removed", before=before[key])
    else:
        yield from _differences(before[key], after[key], path)


def _naming_key(before: list[Any], after: list[Any]) -> str | None:
    """The key by which items of both lists can be told apart; ``None`` where they have none."""
    items = [*before, *after]
    if not items or not all(isinstance(item, dict) for item in items):
        return None
    for key in ("name", "login", "number", "id", "full_name"):
        if all(isinstance(item.get(key), str | int) and "]" not in str(item[key]) for item in items) and all(
            len({str(item[key]) for item in one}) == len(one) for one in (before, after)
        ):
            return key
    return None
