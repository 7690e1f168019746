"""Reads and writes a repository's snapshot as one file: our own whole form, the recorded one, or a list of issues as GitHub answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from engine.model import Issue, IssueRef, IssueState, Label, Milestone, TimelineEvent
from engine.problems import Problem, ProblemError
from migrations.model import Recorded, Snapshot, TextFile, by_path
from tassist.errors import os_problem
from tassist.services.migrate.files import MAX_TOTAL_BYTES, is_record
from tassist.services.simulate.history import moment
from tassist.text import safe_text

FORM = "tassist-snapshot/1"
_EVENTS = ("timeline", "events")


def read_snapshot_file(path: Path) -> Snapshot:
    """The repository as a file tells it.

    Raises:
        ProblemError: it cannot be read, or is no snapshot.
    """
    try:
        if path.stat().st_size > MAX_TOTAL_BYTES:
            raise _no_snapshot(path, f"it is larger than {MAX_TOTAL_BYTES} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read the snapshot")) from error
    try:
        document = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _no_snapshot(path, f"it is not JSON: {error}") from error
    found = snapshot_of(document, origin=f"the snapshot {path.name}")
    if found is None:
        raise _no_snapshot(path, "it has no list of issues and no workflows")
    return found


def read_record_folder(folder: Path) -> Snapshot:
    """A folder of recorded telemetry: every JSON file of it, and the state of issues as the newest snapshot in it has it.

    Raises:
        ProblemError: the folder cannot be read.
    """
    try:
        files = sorted(found for found in folder.rglob("*") if is_record(found.name) and found.is_file())
        records = tuple(Recorded(found.relative_to(folder).as_posix(), found.read_bytes()) for found in files)
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read the record")) from error
    newest = newest_state(records)
    return Snapshot(
        repo=newest.repo if newest else "",
        origin=f"the record {folder}",
        taken_at=newest.taken_at if newest else None,
        issues=newest.issues if newest else None,
        telemetry=records,
        notes=() if newest else ("no file of the record holds the state of issues",),
    )


def newest_state(records: Sequence[Recorded]) -> Snapshot | None:
    """The newest state of issues among recorded files; ``None`` where none holds one."""
    newest: Snapshot | None = None
    for record in records:
        if b'"issues"' not in record.content or b'"repository"' not in record.content:
            continue
        try:
            document = msgspec.json.decode(record.content)
        except (msgspec.DecodeError, RecursionError):
            continue
        if not isinstance(document, Mapping) or not isinstance(document.get("repository"), str):
            continue
        found = snapshot_of(document, origin=record.path)
        if found is None or not found.issues or found.taken_at is None:
            continue
        if newest is None or newest.taken_at is None or found.taken_at > newest.taken_at:
            newest = found
    return newest


def snapshot_of(document: Any, *, origin: str) -> Snapshot | None:
    """The snapshot a decoded document holds; ``None`` where it holds none."""
    if isinstance(document, list) and document:
        document = {"issues": document}
    if not isinstance(document, Mapping) or not (
        isinstance(document.get("issues"), list) or isinstance(document.get("workflows"), Mapping)
    ):
        return None
    repo = document.get("repository") or document.get("repo") or _repo_of(document.get("issues"))
    repo = repo if isinstance(repo, str) else ""
    numbers = _numbers(document.get("milestones"))
    raw = document.get("issues")
    issues = (
        None
        if not isinstance(raw, list)
        else tuple(
            issue_of(entry, repo, numbers)
            for entry in raw
            if isinstance(entry, Mapping)
            and isinstance(entry.get("number"), int)
            and not isinstance(entry.get("number"), bool)
        )
    )
    if raw and not issues:
        return None
    labels, milestones = document.get("labels"), document.get("milestones")
    variables, secrets = document.get("variables"), document.get("secrets")
    pulls = {entry.get("number") for entry in document.get("pull_requests") or () if isinstance(entry, Mapping)}
    if issues and pulls:
        issues = tuple(
            replace(issue, is_pull_request=issue.is_pull_request or issue.ref.number in pulls) for issue in issues
        )
    return Snapshot(
        repo=repo,
        origin=origin,
        taken_at=moment(document.get("timestamp") or document.get("taken_at") or document.get("exported_at")),
        issues=issues,
        assigned=_assigned(raw),
        labels=tuple(_label(entry) for entry in labels if isinstance(entry, (Mapping, str)))
        if isinstance(labels, list)
        else None,
        milestones=_milestones(milestones) if isinstance(milestones, list) else None,
        variables={str(name): str(value) for name, value in variables.items()}
        if isinstance(variables, Mapping)
        else None,
        secrets=tuple(map(str, secrets)) if isinstance(secrets, list) else None,
        workflows=_files(document.get("workflows")),
        files=_files(document.get("files")),
        guides=_files(document.get("guides")),
        telemetry=tuple(Recorded(file.path, file.content) for file in _files(document.get("telemetry"))),
    )


def issue_of(entry: Mapping[str, Any], repo: str, numbers: dict[str, int]) -> Issue:
    """An issue in the recorded form (labels as names, the milestone as a title) or in GitHub's."""
    labels = entry.get("labels")
    names = (
        [label.get("name") if isinstance(label, Mapping) else label for label in labels]
        if isinstance(labels, list)
        else []
    )
    user = entry.get("user")
    author = user.get("login") if isinstance(user, Mapping) else entry.get("author")
    events = next((entry[key] for key in _EVENTS if isinstance(entry.get(key), list)), None)
    reason = entry.get("state_reason")
    return Issue(
        IssueRef(repo, entry["number"]),
        title=str(entry.get("title") or ""),
        body=str(entry.get("body") or ""),
        state=_state(entry.get("state")),
        state_reason=reason if isinstance(reason, str) else None,
        labels=tuple(name for name in names if isinstance(name, str)),
        milestone=_milestone_of(entry.get("milestone"), numbers),
        created_at=moment(entry.get("created_at")),
        updated_at=moment(entry.get("updated_at")),
        closed_at=moment(entry.get("closed_at")),
        author=author if isinstance(author, str) else "",
        is_pull_request=entry.get("pull_request") is not None,
        locked=bool(entry.get("locked")),
        timeline=None if events is None else _timeline(events),
        parent_read=True,
    )


def _assigned(entries: Any) -> dict[int, tuple[str, ...]] | None:
    """Who is assigned to each issue that tells it; ``None`` where none does."""
    found: dict[int, tuple[str, ...]] = {}
    for entry in entries if isinstance(entries, list) else ():
        people = entry.get("assignees") if isinstance(entry, Mapping) else None
        if isinstance(people, list) and isinstance(entry.get("number"), int):
            logins = [one.get("login") if isinstance(one, Mapping) else one for one in people]
            found[entry["number"]] = tuple(login for login in logins if isinstance(login, str))
    return found or None


def _timeline(events: Sequence[Any]) -> tuple[TimelineEvent, ...]:
    found = []
    for event in events:
        if not isinstance(event, Mapping):
            continue
        at = moment(event.get("created_at") or event.get("submitted_at"))
        label, milestone, actor = event.get("label"), event.get("milestone"), event.get("actor") or event.get("user")
        if at is None or not isinstance(event.get("event"), str):
            continue
        found.append(
            TimelineEvent(
                event["event"],
                at,
                label=str(label.get("name") or "") if isinstance(label, Mapping) else str(label or ""),
                milestone=str(milestone.get("title") or "") if isinstance(milestone, Mapping) else str(milestone or ""),
                actor=str(actor.get("login") or "") if isinstance(actor, Mapping) else str(actor or ""),
            )
        )
    return tuple(sorted(found, key=lambda event: event.at))


def _milestone_of(value: Any, numbers: dict[str, int]) -> Milestone | None:
    if isinstance(value, Mapping):
        title, number = value.get("title"), value.get("number")
        if isinstance(title, str) and isinstance(number, int):
            numbers.setdefault(title, number)
            return Milestone(number, title, _state(value.get("state")))
        return None
    if not isinstance(value, str) or not value:
        return None
    number = numbers.setdefault(value, max(numbers.values(), default=0) + 1)
    return Milestone(number, value)


def _milestones(entries: Sequence[Any]) -> tuple[Milestone, ...]:
    found = []
    for place, entry in enumerate(entries, start=1):
        if isinstance(entry, str):
            found.append(Milestone(place, entry))
        elif isinstance(entry, Mapping) and isinstance(entry.get("title"), str):
            number = entry.get("number")
            found.append(
                Milestone(
                    number if isinstance(number, int) else place,
                    entry["title"],
                    _state(entry.get("state")),
                    str(entry.get("description") or ""),
                    _day(entry.get("due_on")),
                )
            )
    return tuple(found)


def _numbers(entries: Any) -> dict[str, int]:
    return {found.title: found.number for found in _milestones(entries)} if isinstance(entries, list) else {}


def _label(entry: Mapping[str, Any] | str) -> Label:
    if isinstance(entry, str):
        return Label(entry)
    return Label(
        str(entry.get("name") or ""),
        str(entry.get("description") or ""),
        str(entry.get("color") or "ededed").lstrip("#").lower(),
    )


def _state(value: object) -> IssueState:
    return "closed" if value == "closed" else "open"


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _repo_of(issues: Any) -> str:
    """``owner/name`` by the address each issue of GitHub's carries."""
    for entry in issues if isinstance(issues, list) else ():
        url = entry.get("repository_url") if isinstance(entry, Mapping) else None
        if isinstance(url, str) and "/repos/" in url:
            return "/".join(url.partition("/repos/")[2].split("/")[:2])
    return ""


def _files(entries: Any) -> tuple[TextFile, ...]:
    if not isinstance(entries, Mapping):
        return ()
    return by_path(TextFile(str(path), str(text).encode("utf-8", "replace")) for path, text in entries.items())


def _no_snapshot(path: Path, why: str) -> ProblemError:
    return ProblemError(
        Problem(
            "no-snapshot",
            f"{safe_text(path)} is no snapshot of a repository",
            safe_text(why, max_chars=300),
            "name a checkout, a recorded snapshot, or OWNER/NAME",
        )
    )


def document_of(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot as a JSON document that `read_snapshot_file` reads back."""
    return {
        "form": FORM,
        "repository": snapshot.repo,
        "taken_at": snapshot.taken_at.isoformat() if snapshot.taken_at else None,
        "issues": None
        if snapshot.issues is None
        else [_issue_data(issue, snapshot.assigned) for issue in snapshot.issues],
        "labels": None
        if snapshot.labels is None
        else [
            {"name": label.name, "description": label.description, "color": label.color} for label in snapshot.labels
        ],
        "milestones": None
        if snapshot.milestones is None
        else [
            {
                "number": milestone.number,
                "title": milestone.title,
                "state": milestone.state,
                "description": milestone.description,
                "due_on": milestone.due_on.isoformat() if milestone.due_on else None,
            }
            for milestone in snapshot.milestones
        ],
        "variables": None if snapshot.variables is None else dict(snapshot.variables),
        "secrets": None if snapshot.secrets is None else list(snapshot.secrets),
        "workflows": {file.path: file.text for file in snapshot.workflows},
        "files": {file.path: file.text for file in snapshot.files},
        "guides": {file.path: file.text for file in snapshot.guides},
        "telemetry": {record.path: record.content.decode("utf-8", "replace") for record in snapshot.telemetry},
    }


def _issue_data(issue: Issue, assigned: Mapping[int, tuple[str, ...]] | None) -> dict[str, Any]:
    return {
        "number": issue.ref.number,
        "title": issue.title,
        "body": issue.body,
        "state": issue.state,
        "state_reason": issue.state_reason,
        "labels": list(issue.labels),
        "milestone": None
        if issue.milestone is None
        else {"number": issue.milestone.number, "title": issue.milestone.title, "state": issue.milestone.state},
        "created_at": issue.created_at.isoformat() if issue.created_at else None,
        "updated_at": issue.updated_at.isoformat() if issue.updated_at else None,
        "closed_at": issue.closed_at.isoformat() if issue.closed_at else None,
        "author": issue.author,
        "locked": issue.locked,
        **({"pull_request": True} if issue.is_pull_request else {}),
        **({"assignees": list(assigned[issue.ref.number])} if assigned and issue.ref.number in assigned else {}),
        **(
            {}
            if issue.timeline is None
            else {
                "timeline": [
                    {
                        "event": event.event,
                        "created_at": event.at.isoformat(),
                        "label": {"name": event.label} if event.label else None,
                        "milestone": {"title": event.milestone} if event.milestone else None,
                        "actor": {"login": event.actor} if event.actor else None,
                    }
                    for event in issue.timeline
                ]
            }
        ),
    }
