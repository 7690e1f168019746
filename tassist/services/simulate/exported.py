"""Reads an export of issues in GitHub's REST form, with their timelines where it has them, and plays each issue's life back.

Accepted: a list of issues as `GET /repos/{owner}/{repo}/issues` answers, or `{"repository", "exported_at", "issues": […],
"milestones": […]}`. An issue's events stand under `events` or `timeline`, as `GET …/issues/{n}/timeline` answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from engine.model import Issue, IssueRef, IssueState, Milestone, TimelineEvent, fold
from tassist.services.simulate.history import History, Written, moment

_REPO = re.compile(r"/repos/([^/\s]+/[^/\s]+)")
_MOVES = frozenset({"labeled", "unlabeled", "milestoned", "demilestoned", "closed", "reopened", "renamed"})


def read_export(document: Any, history: History, *, app: str, repo: str, name: str) -> int:
    """Add every state of every issue; how many.

    Args:
        document: As decoded.
        history: Grows.
        app: The slug of the App whose writes count as this App's; empty: any App's.
        repo: The repository's name, where the issues do not say.
        name: What to call the file in notes.
    """
    whole = document if isinstance(document, Mapping) else {"issues": document}
    issues = whole.get("issues")
    if not isinstance(issues, list):
        history.notes.append(f"{name} is no form of history that is known here")
        return 0
    default = whole.get("repository")
    default = default.get("full_name") if isinstance(default, Mapping) else default
    count = without = 0
    latest = max((at for entry in issues if (at := moment(_get(entry, "updated_at")))), default=None)
    at = moment(whole.get("exported_at")) or latest
    for entry in issues:
        number = _get(entry, "number")
        found = _REPO.search(str(_get(entry, "repository_url") or ""))
        full_name = found[1] if found else (default if isinstance(default, str) else repo)
        if not isinstance(number, int) or "/" not in full_name or at is None:
            without += 1
            continue
        count += _life(entry, IssueRef(full_name, number), at, history, app=app)
    if without:
        history.notes.append(f"{name} has {without} issue{'s' * (without != 1)} without number, repository or time")
    for milestone in whole.get("milestones") or ():
        title, state = _get(milestone, "title"), _get(milestone, "state")
        if isinstance(title, str) and isinstance(default, str):
            history.milestones.setdefault(default, {})[title] = "closed" if state == "closed" else "open"
    return count


def _life(entry: Mapping[str, Any], ref: IssueRef, at: datetime, history: History, *, app: str) -> int:
    raw = entry.get("events") if isinstance(entry.get("events"), list) else entry.get("timeline")
    now = _as_exported(entry, ref, history)
    if not isinstance(raw, list):
        history.add(now, at)
        return 1
    events = _events(raw, app)
    names = {fold(name): name for name in now.labels}
    state = replace(
        now, labels=(), milestone=None, state="open", state_reason=None, closed_at=None, title=_first_title(raw, now)
    )
    count = 0
    for place, (event, entry_event) in enumerate(events):
        if event.event not in _MOVES:
            continue
        state = _moved(state, event, entry_event, names, history)
        passed = tuple(found for found, _ in events[: place + 1])
        if place + 1 < len(events) and events[place + 1][0].at == event.at and events[place + 1][0].event in _MOVES:
            continue  # one click of a person, several events: the state in between never was
        history.add(replace(state, timeline=passed, updated_at=event.at), event.at)
        count += 1
    history.add(replace(now, timeline=tuple(found for found, _ in events)), at)
    history.written += _written(ref, [found for found, _ in events])
    return count + 1


def _as_exported(entry: Mapping[str, Any], ref: IssueRef, history: History) -> Issue:
    milestone = entry.get("milestone")
    title = _get(milestone, "title")
    chosen = None
    if isinstance(title, str):
        state: IssueState = "closed" if _get(milestone, "state") == "closed" else "open"
        chosen = Milestone(history.number(ref.repo, title), title, state)
    return Issue(
        ref,
        title=str(entry.get("title") or ""),
        body=str(entry.get("body") or ""),
        state="closed" if entry.get("state") == "closed" else "open",
        state_reason=entry.get("state_reason") if isinstance(entry.get("state_reason"), str) else None,
        labels=tuple(_label(label) for label in entry.get("labels") or () if _label(label)),
        milestone=chosen,
        created_at=moment(entry.get("created_at")),
        updated_at=moment(entry.get("updated_at")),
        closed_at=moment(entry.get("closed_at")),
        author=str(_get(entry.get("user"), "login") or ""),
        is_pull_request=entry.get("pull_request") is not None,
        locked=entry.get("locked") is True,
        parent_read=True,
    )


def _label(label: object) -> str:
    name = label if isinstance(label, str) else _get(label, "name")
    return name if isinstance(name, str) else ""


def _events(raw: Sequence[Any], app: str) -> list[tuple[TimelineEvent, Mapping[str, Any]]]:
    found = []
    for entry in raw:
        at = moment(_get(entry, "created_at") or _get(entry, "submitted_at"))
        if at is None:
            continue
        actor = _get(entry, "actor") or _get(entry, "user")
        via = _get(_get(entry, "performed_via_github_app"), "slug")
        event = TimelineEvent(
            str(_get(entry, "event") or ""),
            at,
            label=_label(_get(entry, "label")),
            milestone=str(_get(_get(entry, "milestone"), "title") or ""),
            actor=str(_get(actor, "login") or ""),
            by_app=isinstance(via, str) and app in {"", via},
        )
        found.append((event, entry))
    return sorted(found, key=lambda pair: pair[0].at)


def _first_title(raw: Sequence[Any], now: Issue) -> str:
    renames = [entry for entry in raw if _get(entry, "event") == "renamed"]
    first = _get(_get(renames[0], "rename"), "from") if renames else None
    return first if isinstance(first, str) else now.title


def _moved(
    state: Issue, event: TimelineEvent, entry: Mapping[str, Any], names: Mapping[str, str], history: History
) -> Issue:
    match event.event:
        case "labeled":
            name = names.get(fold(event.label), event.label)
            return state if state.has_label(name) else replace(state, labels=(*state.labels, name))
        case "unlabeled":
            left = tuple(name for name in state.labels if fold(name) != fold(event.label))
            return replace(state, labels=left)
        case "milestoned":
            number = history.number(state.ref.repo, event.milestone)
            return replace(state, milestone=Milestone(number, event.milestone))
        case "demilestoned":
            return replace(state, milestone=None)
        case "closed":
            return replace(state, state="closed", closed_at=event.at)
        case "reopened":
            return replace(state, state="open", closed_at=None)
        case _:
            title = _get(entry.get("rename"), "to")
            return replace(state, title=title if isinstance(title, str) else state.title)


_UNDONE_BY = {
    "labeled": {"unlabeled"},
    "unlabeled": {"labeled"},
    "milestoned": {"milestoned", "demilestoned"},
    "closed": {"reopened"},
}
_FIELD = {"labeled": "labels", "unlabeled": "labels", "milestoned": "milestone", "closed": "state"}


def _written(ref: IssueRef, events: Sequence[TimelineEvent]) -> list[Written]:
    """What this App wrote; reverted where the next event that undoes it is somebody else's."""
    found = []
    for place, event in enumerate(events):
        if not event.by_app or event.event not in _UNDONE_BY:
            continue
        undone = next(
            (
                later
                for later in events[place + 1 :]
                if later.event in _UNDONE_BY[event.event]
                and (not event.label or fold(later.label) == fold(event.label))
                and not (later.event == "milestoned" and later.milestone == event.milestone)
            ),
            None,
        )
        reverted = undone is not None and not undone.by_app
        value = event.label or event.milestone or "closed"
        found.append(Written(ref.repo, ref.number, _FIELD[event.event], value, event.at, reverted))
    return found


def _get(value: object, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else None
