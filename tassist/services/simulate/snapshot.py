"""Reads a recorded snapshot: `{"component", "timestamp", "repository", "issues": […]}`, labels as names, milestone as a title."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.model import Issue, IssueRef, Milestone
from tassist.services.simulate.history import History, moment


def read_snapshot(document: Mapping[str, Any], history: History, *, name: str) -> int:
    """Add every issue of the snapshot, as it was at the snapshot's time; how many.

    A snapshot tells no timeline, no parent, and nothing about who did what.
    """
    at = moment(document.get("timestamp"))
    repo = document.get("repository")
    issues = document.get("issues")
    if at is None or not isinstance(repo, str) or not isinstance(issues, list):
        history.notes.append(f"{name} is a snapshot without timestamp, repository or issues")
        return 0
    count = without = 0
    for entry in issues:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("number"), int):
            without += 1
            continue
        title = entry.get("milestone")
        labels = entry.get("labels")
        issue = Issue(
            IssueRef(repo, entry["number"]),
            title=str(entry.get("title") or ""),
            state="closed" if entry.get("state") == "closed" else "open",
            labels=tuple(label for label in labels if isinstance(label, str)) if isinstance(labels, list) else (),
            milestone=Milestone(history.number(repo, title), title) if isinstance(title, str) and title else None,
            created_at=moment(entry.get("created_at")),
            updated_at=moment(entry.get("updated_at")),
            parent_read=True,
        )
        history.add(issue, at)
        count += 1
    if without:
        history.notes.append(f"{name} has {without} issue{'s' * (without != 1)} without a number")
    return count
