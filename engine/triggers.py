"""What each event of GitHub's makes us look at: some issues, a whole repository, an installation, or nothing.

A payload is a plain mapping as decoded from JSON; anything in it may be missing, null, or of another type than GitHub's
description says (a deleted account has no sender, an unknown event has unknown keys), and none of that is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from engine.config.parsing import DEFAULT_FILE
from engine.github_events import ACTIONS_BY_EVENT
from engine.model import IssueRef, Trigger

Payload = Mapping[str, Any]
Scope = Literal["issues", "repository", "installation", "nothing"]

MOST_REFERENCES: Final = 50
"""How many issues one text may refer to; a text with more asks for a sweep, not for a delivery."""


@dataclass(frozen=True, slots=True)
class Relevance:
    """What an event and action ask for, whatever the payload holds."""

    event: str
    action: str
    scope: Scope
    """``issues``: look at those the payload refers to. ``repository``: look at every open issue of the repository.
    ``installation``: what is installed changed. ``nothing``: record it."""
    why: str
    """One sentence."""
    published: bool = True
    """Whether GitHub publishes this event and action; what it does not is recorded like the rest."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one delivery asks for."""

    relevance: Relevance
    issues: tuple[IssueRef, ...] = ()
    """Each once, in the order of the payload; empty unless the scope is ``issues``."""

    @property
    def reason(self) -> str:
        """Why these issues, or why none; one sentence."""
        if self.relevance.scope == "issues" and not self.issues:
            return "The payload refers to no issue that is managed here."
        return self.relevance.why


_ISSUE = "The issue changed."
_REFERS = "The pull request refers to issues."
_LABELS = "The repository's labels changed under its issues."
_MILESTONES = "The repository's milestones changed under its issues."
_GONE = "The issue is no longer here; nothing can be changed."

_EVALUATED: Final[dict[str, dict[str, tuple[Scope, str]]]] = {
    "issues": {
        **dict.fromkeys(ACTIONS_BY_EVENT["issues"], ("issues", _ISSUE)),
        "deleted": ("nothing", _GONE),
        "transferred": ("nothing", _GONE),
    },
    "issue_comment": {
        "created": ("issues", "A comment is activity."),
        "edited": ("issues", "An edited comment is activity."),
        "deleted": ("issues", "A deleted comment is activity."),
    },
    "sub_issues": dict.fromkeys(ACTIONS_BY_EVENT["sub_issues"], ("issues", "An issue's parent changed.")),
    "pull_request": dict.fromkeys(
        ("opened", "edited", "closed", "reopened", "ready_for_review", "converted_to_draft"), ("issues", _REFERS)
    ),
    "label": {"edited": ("repository", _LABELS), "deleted": ("repository", _LABELS)},
    "milestone": dict.fromkeys(ACTIONS_BY_EVENT["milestone"], ("repository", _MILESTONES)),
    "push": {"": ("repository", "The configuration file changed on the default branch.")},
    "repository": {
        "unarchived": ("repository", "The repository can be written to again."),
        "edited": ("repository", "The default branch, and so the configuration, may be another."),
        "renamed": ("installation", "The repository has a new name; its id stays."),
        "transferred": ("installation", "The repository has a new owner; its id stays."),
        "archived": ("installation", "GitHub refuses every change from now on."),
        "deleted": ("installation", "The repository is gone."),
    },
    "installation": {
        "created": ("installation", "The App was installed."),
        "deleted": ("installation", "The App was removed."),
        "suspend": ("installation", "The installation was suspended."),
        "unsuspend": ("installation", "The installation works again."),
        "new_permissions_accepted": ("installation", "The installation grants new permissions."),
    },
    "installation_repositories": {
        "added": ("installation", "Repositories were added to the installation."),
        "removed": ("installation", "Repositories were removed from the installation."),
    },
    "installation_target": {"renamed": ("installation", "The account has a new name; its id stays.")},
}
_RECORDED: Final[dict[str, str]] = {
    "ping": "GitHub asks whether we are there.",
    "issues": "Nothing the rules look at changed.",
    "issue_dependencies": "No rule looks at what blocks an issue.",
    "issue_relates_to": "No rule looks at related issues.",
    "label": "A new label is on no issue yet.",
    "pull_request": "Nothing the pull request says about issues changed.",
    "push": "The configuration file did not change on the default branch.",
    "repository": "Nothing the rules look at changed.",
}


def relevance(event: str, action: str = "") -> Relevance:
    """What the event and action ask for; unknown ones are recorded."""
    known = _EVALUATED.get(event, {})
    asked = known.get(action) or known.get("")
    if asked is not None:
        return Relevance(event, action, asked[0], asked[1])
    if not is_published(event, action):
        return Relevance(
            event, action, "nothing", "GitHub does not publish this event and action; recorded.", published=False
        )
    return Relevance(event, action, "nothing", _RECORDED.get(event, "No rule looks at this event."))


def is_published(event: str, action: str = "") -> bool:
    """Whether GitHub publishes this event with this action."""
    actions = ACTIONS_BY_EVENT.get(event)
    if actions is None:
        return False
    return action in actions if actions else True


def everything_published() -> tuple[Relevance, ...]:
    """One entry for every event and action GitHub publishes, in alphabetical order."""
    return tuple(relevance(event, action) for event, actions in ACTIONS_BY_EVENT.items() for action in actions or ("",))


def asked(event: str, payload: Payload, *, config_file: str = DEFAULT_FILE, pull_requests: bool = False) -> Asked:
    """What a delivery asks for.

    Args:
        event: As GitHub's header names it.
        payload: As decoded.
        config_file: The path whose change on the default branch makes a push matter.
        pull_requests: Whether pull requests count as issues.
    """
    found = relevance(event, _text(payload.get("action")))
    if event == "push" and not _touches(payload, config_file):
        found = Relevance(event, found.action, "nothing", _RECORDED["push"])
    if event == "repository" and found.action == "edited" and "default_branch" not in _mapping(payload.get("changes")):
        found = Relevance(event, found.action, "nothing", _RECORDED["repository"])
    if event == "pull_request" and pull_requests and is_published(event, found.action):
        found = Relevance(event, found.action, "issues", "The pull request changed.")
    return Asked(found, issues_of(event, payload, pull_requests=pull_requests) if found.scope == "issues" else ())


def issues_of(event: str, payload: Payload, *, pull_requests: bool = False) -> tuple[IssueRef, ...]:
    """The issues a payload refers to, each once, in the order of the payload.

    A pull request refers to those its title and body name: ``#7``, ``GH-7``, ``owner/name#7`` of the same repository and
    addresses of its issues. Pull requests themselves count only with ``pull_requests``.
    """
    repo = _mapping(payload.get("repository"))
    if event in {"issues", "issue_comment"}:
        found = [_ref(payload.get("issue"), repo, pull_requests=pull_requests)]
    elif event == "sub_issues":
        found = [
            _ref(payload.get(f"{which}_issue"), _mapping(payload.get(f"{which}_issue_repo")) or repo)
            for which in ("parent", "sub")
        ]
    elif event == "pull_request":
        found = list(_referenced(_mapping(payload.get("pull_request")), repo))
        if pull_requests:
            found.insert(0, _ref(payload.get("pull_request"), repo))
    else:
        found = []
    return tuple(dict.fromkeys(ref for ref in found if ref is not None))


def trigger_of(event: str, payload: Payload, delivery_id: str = "", *, app_user_id: int = 0) -> Trigger:
    """The reason to look, as the runner and the record want it.

    Args:
        event: As GitHub's header names it.
        payload: As decoded.
        delivery_id: As GitHub's header names it.
        app_user_id: The user id under which the App itself writes; 0 where it is not known.
    """
    sender = _mapping(payload.get("sender"))
    sender_id = _number(sender.get("id"))
    return Trigger(
        "delivery",
        event,
        _text(payload.get("action")),
        delivery_id,
        _text(sender.get("login")),
        sender_id,
        by_app=sender_id != 0 and sender_id == app_user_id,
    )


def _ref(issue: object, repo: Payload, *, pull_requests: bool = False) -> IssueRef | None:
    found = _mapping(issue)
    number = _number(found.get("number"))
    name, repo_id = _text(repo.get("full_name")), _number(repo.get("id"))
    address = _REPOSITORY_URL.search(_text(found.get("repository_url")))
    if address is not None and address.group(1).casefold() != name.casefold():
        name, repo_id = address.group(1), 0
    if not number or "/" not in name or (found.get("pull_request") is not None and not pull_requests):
        return None
    return IssueRef(name, number, repo_id)


_REPOSITORY_URL = re.compile(r"/repos/([^/\s]+/[^/\s]+)\Z")
_REFERENCE = re.compile(
    r"(?<![\w/#&.-])(?:([\w.-]{1,100}/[\w.-]{1,100})?#|GH-)([1-9][0-9]{0,9})(?!\w)"
    r"|https?://[^\s/]{1,253}/([\w.-]{1,100}/[\w.-]{1,100})/issues/([1-9][0-9]{0,9})(?!\w)",
    re.ASCII | re.IGNORECASE,
)


def references(text: str, repo: str) -> Iterable[int]:
    """The numbers of that repository's issues a text refers to, in its order, at most `MOST_REFERENCES`.

    Source: https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
    """
    found: dict[int, None] = {}
    for reference in _REFERENCE.finditer(text):
        owner = reference.group(1) or reference.group(3)
        if owner is None or owner.casefold() == repo.casefold():
            found[int(reference.group(2) or reference.group(4))] = None
        if len(found) == MOST_REFERENCES:
            break
    return found


def _referenced(pull_request: Payload, repo: Payload) -> Iterable[IssueRef]:
    name = _text(repo.get("full_name"))
    if not name:
        return
    own = _number(pull_request.get("number"))
    text = f"{_text(pull_request.get('title'))}\n{_text(pull_request.get('body'))}"
    for number in references(text, name):
        if number != own:
            yield IssueRef(name, number, _number(repo.get("id")))


def _touches(payload: Payload, path: str) -> bool:
    """Whether a push to the default branch may have changed the file; GitHub lists at most 2,048 commits of a push."""
    branch = _text(_mapping(payload.get("repository")).get("default_branch"))
    if not branch or payload.get("ref") != f"refs/heads/{branch}" or payload.get("deleted") is True:
        return False
    commits = payload.get("commits")
    listed = [commit for commit in commits if isinstance(commit, Mapping)] if isinstance(commits, list) else []
    if payload.get("forced") is True or not listed or len(listed) >= 2048:
        return True  # what it left behind is not listed, so it has to be looked at
    return any(path in _strings(commit.get(how)) for commit in listed for how in ("added", "modified", "removed"))


def _strings(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> Payload:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    return max(value, 0) if isinstance(value, int) and not isinstance(value, bool) else 0
