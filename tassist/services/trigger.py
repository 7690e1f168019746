"""`tassist trigger`: synthetic deliveries in GitHub's form, made offline from what was typed and what the journal knows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.github_events import ACTIONS_BY_EVENT
from engine.problems import Problem, ProblemError
from tassist.services import payloads
from tassist.services.deliveries import open_journal
from tassist.services.payloads import Taken
from tassist.store.place import Where, has_journal
from tassist.text import safe_text

SENDER = "tassist-trigger"
ABOUT_ISSUES = {"issues", "issue_comment", "sub_issues"}
NEED_NO_REPO = {"ping", "installation", "installation_repositories"}
MADE = (
    "issues", "issue_comment", "sub_issues", "pull_request", "label", "milestone", "push", "repository",
    "installation", "installation_repositories", "ping",
)  # fmt: skip
"""Events whose payload is made here; any other is sent with a payload from a file."""
_LOOK_BACK = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed."""

    event: str
    action: str = ""
    repo: str = ""
    issue: int = 0
    repo_id: int = 0
    installation: int = 0
    label: str = ""
    title: str = ""
    sender: str = SENDER


@dataclass(frozen=True, slots=True)
class Made:
    """A delivery that GitHub never sent, and what had to be invented for it."""

    taken: Taken
    invented: tuple[str, ...] = ()


def make(asked: Asked, *, now: datetime, home: Where, file: Path | None = None) -> Made:
    """A delivery of this event, with the payload of a file or one made here.

    The numbers of repository and installation are taken from the newest delivery of that repository in the journal, where
    nobody typed them.

    Raises:
        ProblemError: with everything that is missing or wrong, at once.
    """
    if file is not None:
        return _from_file(asked, file)
    problems = _wrong(asked)
    if problems:
        raise ProblemError(problems)
    known = _known(home, asked.repo) if asked.repo else {}
    repo_id = asked.repo_id or _id(known, "repository")
    installation = asked.installation or _id(known, "installation")
    invented = []
    if asked.repo and not repo_id:
        invented.append("the repository's id: a look goes by it, so give the real one with --repo-id")
    if not installation:
        invented.append("the installation's id: give the real one with --installation")
    payload = _payload(asked, now, repo_id or 1, installation or 1)
    if asked.repo and isinstance(known.get("repository"), dict) and not asked.repo_id:
        payload["repository"] = known["repository"]
    return Made(Taken("the trigger", asked.event, "", "application/json", payloads.compact(payload)), tuple(invented))


def _from_file(asked: Asked, file: Path) -> Made:
    taken = payloads.from_file(file)
    document = payloads.load(taken.body, taken.content_type, name=str(file)).document
    if isinstance(document, dict) and asked.action and document.get("action") != asked.action:
        document["action"] = asked.action
        taken = Taken(taken.name, asked.event, "", "application/json", payloads.compact(document))
    return Made(Taken(taken.name, asked.event, "", taken.content_type, taken.body))


def _wrong(asked: Asked) -> list[Problem]:
    problems: list[Problem] = []
    if asked.event not in MADE:
        known = "an event of GitHub's, but no payload is made for it here" if asked.event in ACTIONS_BY_EVENT else ""
        return [
            Problem(
                "event-not-made",
                f"there is no payload for {safe_text(asked.event, max_chars=60)!r}",
                known or f"events that are made here: {', '.join(MADE)}",
                "give one with --payload FILE",
            )
        ]
    actions = ACTIONS_BY_EVENT.get(asked.event, ())
    if actions and asked.action not in actions:
        said = f"{asked.event} has no action {safe_text(asked.action, max_chars=60)!r}"
        problems.append(
            Problem(
                "action-unknown",
                said if asked.action else f"{asked.event} comes with an action",
                f"GitHub sends: {', '.join(actions)}",
                f"tassist trigger {asked.event} {actions[0]}",
            )
        )
    if asked.action and not actions:
        problems.append(Problem("action-unknown", f"{asked.event} has no action", fix="leave it out"))
    if asked.event not in NEED_NO_REPO and asked.repo.count("/") != 1:
        problems.append(
            Problem("repo-missing", f"{asked.event} is about a repository", fix="name it: --repo OWNER/NAME")
        )
    if asked.event in ABOUT_ISSUES | {"pull_request"} and asked.issue < 1:
        problems.append(Problem("issue-missing", f"{asked.event} is about an issue", fix="name it: --issue NUMBER"))
    return problems


def _known(home: Where, repo: str) -> dict[str, Any]:
    """The payload of the newest delivery of the repository, so far as the journal has one."""
    if not has_journal(home):
        return {}
    with open_journal(home) as journal:
        for row in journal.deliveries(limit=_LOOK_BACK, repo=repo):
            body = journal.body(row.seq)
            if body is None or row.state == "quarantined":
                continue
            try:
                document = payloads.load(body, payloads.content_type_of(row)).document
            except ProblemError:
                continue
            if isinstance(document, dict) and _id(document, "repository"):
                return document
    return {}


def _id(document: dict[str, Any], key: str) -> int:
    value = document.get(key)
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else 0


def _payload(asked: Asked, now: datetime, repo_id: int, installation: int) -> dict[str, Any]:
    """In the form of https://docs.github.com/en/webhooks/webhook-events-and-payloads, with what a look goes by."""
    at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    sender = _account(asked.sender)
    payload: dict[str, Any] = {"action": asked.action} if asked.action else {}
    issue = {
        "id": 1,
        "number": asked.issue,
        "title": asked.title or f"Issue {asked.issue}",
        "user": sender,
        "labels": [],
        "state": "closed" if asked.action == "closed" else "open",
        "locked": False,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": 0,
        "created_at": at,
        "updated_at": at,
        "closed_at": at if asked.action == "closed" else None,
        "body": None,
    }
    label = {"id": 1, "name": asked.label or "triage", "color": "ededed", "default": False, "description": None}
    milestone = {"id": 1, "number": 1, "title": asked.title or "Milestone 1", "state": "open", "description": None}
    match asked.event:
        case "issues":
            payload["issue"] = issue
            if asked.action in {"labeled", "unlabeled"}:
                payload["label"] = label
            elif asked.action in {"milestoned", "demilestoned"}:
                payload["milestone"] = milestone
            elif asked.action == "edited":
                payload["changes"] = {}
        case "issue_comment":
            payload["issue"] = issue
            payload["comment"] = {"id": 1, "user": sender, "created_at": at, "updated_at": at, "body": "…"}
        case "sub_issues":
            payload |= {"sub_issue_id": 1, "sub_issue": issue, "parent_issue_id": 1, "parent_issue": issue}
        case "pull_request":
            payload |= {"number": asked.issue, "pull_request": {**issue, "draft": False, "merged": False}}
        case "label":
            payload["label"] = label
        case "milestone":
            payload["milestone"] = milestone
        case "push":
            payload |= {"ref": "refs/heads/main", "before": "0" * 40, "after": "1" * 40, "created": False}
            payload |= {"deleted": False, "forced": False, "commits": [], "head_commit": None, "pusher": {}}
        case "installation_repositories":
            payload |= {"repository_selection": "selected", "repositories_added": [], "repositories_removed": []}
        case "ping":
            payload |= {"zen": "Keep it logically awesome.", "hook_id": 1, "hook": {"type": "App", "id": 1}}
        case _:
            pass
    if asked.event not in NEED_NO_REPO:
        payload["repository"] = _repository(asked.repo, repo_id)
    if asked.event != "ping":
        payload["installation"] = {"id": installation}
    if asked.event in {"installation", "installation_repositories"}:
        owner = asked.repo.partition("/")[0] or asked.sender
        payload["installation"] |= {"account": _account(owner), "repository_selection": "selected"}
    payload["sender"] = sender
    return payload


def _repository(name: str, repo_id: int) -> dict[str, Any]:
    owner, _, short = name.partition("/")
    return {
        "id": repo_id,
        "name": short,
        "full_name": name,
        "private": False,
        "owner": _account(owner),
        "default_branch": "main",
    }


def _account(login: str) -> dict[str, Any]:
    # Any number will do, as long as the same login has the same.
    number = int.from_bytes(hashlib.sha256(login.encode()).digest()[:4], "big")
    return {"login": login, "id": number, "type": "User", "site_admin": False}
