"""Issues over the API: list, open, read, edit, lock, and the labels and assignees of one.

Source: https://docs.github.com/en/rest/issues/issues
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal, cast

from tassist.sandbox import issue_changes as changes
from tassist.sandbox import render
from tassist.sandbox.calls import Answer, Body, Call, route
from tassist.sandbox.errors import GitHubError, entry, invalid, must_have, not_found, unprocessable, validation
from tassist.sandbox.labels import find_label
from tassist.sandbox.model import ROLES, Issue, Milestone, Repository, User
from tassist.sandbox.paging import paged

_READ, _WRITE = "issues|pull_requests:read", "issues|pull_requests:write"
_ISSUE = "/repos/{owner}/{repo}/issues/{number}"


def _may_triage(call: Call) -> bool:
    """Whether the caller may set labels, milestone and assignees; others' are dropped without a word."""
    if call.actor.kind == "installation":
        return True
    role = call.world.role(call.actor.user, call.repo)
    return role is not None and ROLES.index(role) >= ROLES.index("triage")


def _drops(call: Call, field: str) -> bool:
    """Whether this box answers 200 to a change of the field and does not do it (hostile case 46)."""
    if not _may_triage(call):
        return True
    if field == "labels" and call.world.settings.drop_label_changes:
        return True
    installation = call.actor.installation
    return installation is not None and field in installation.silently_drops


def _require_issues(repo: Repository) -> None:
    if not repo.has_issues:
        raise GitHubError(410, "Issues has been disabled in this repository.")


def _since(call: Call) -> datetime | None:
    text = call.query.get("since")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise unprocessable("Validation Failed", errors=[entry("Issue", "since", "invalid")]) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def matching(call: Call, issues: Iterable[Issue]) -> list[Issue]:
    """The issues that the query asks for, sorted as it says: newest first unless told otherwise."""
    query = call.query
    state = query.get("state", "open")
    if state not in {"open", "closed", "all"}:
        raise validation([entry("Issue", "state", "invalid", value=state)])
    labels = [name.strip().casefold() for name in query.get("labels", "").split(",") if name.strip()]
    since, milestone = _since(call), query.get("milestone")
    if milestone is not None and milestone not in {"*", "none"} and not milestone.isdigit():
        raise validation([entry("Issue", "milestone", "invalid", value=milestone)])
    creator, assignee = query.get("creator"), query.get("assignee")
    found = []
    for issue in issues:
        if state not in {"all", issue.state} or (since is not None and issue.updated_at < since):
            continue
        if labels and not {label.name.casefold() for label in issue.labels}.issuperset(labels):
            continue
        if milestone is not None and not _of_milestone(issue, milestone):
            continue
        if creator is not None and (issue.user is None or issue.user.login.casefold() != creator.casefold()):
            continue
        if assignee is not None and not _assigned(issue, assignee):
            continue
        found.append(issue)
    sort = query.get("sort", "created")
    if sort == "updated":
        found.sort(key=lambda issue: (issue.updated_at, issue.id))
    elif sort == "comments":
        found.sort(key=lambda issue: (len(issue.comments), issue.id))
    else:
        found.sort(key=lambda issue: (issue.created_at, issue.number))
    if query.get("direction", "desc") != "asc":
        found.reverse()
    return found


def _of_milestone(issue: Issue, wanted: str) -> bool:
    if wanted == "*":
        return issue.milestone is not None
    if wanted == "none":
        return issue.milestone is None
    return issue.milestone is not None and issue.milestone.number == int(wanted)


def _assigned(issue: Issue, wanted: str) -> bool:
    if wanted in {"*", "none"}:
        return bool(issue.assignees) == (wanted == "*")
    return any(user.login.casefold() == wanted.casefold() for user in issue.assignees)


def _milestone(repo: Repository, body: Body) -> Milestone | None:
    """The milestone of that number; a title is refused, as at GitHub."""
    value = body.fields.get("milestone")
    if value is None:
        return None
    text = str(value)
    number = int(text) if not isinstance(value, bool) and text.isascii() and text.isdigit() and len(text) < 12 else 0
    if number not in repo.milestones:
        raise invalid("Issue", "milestone", "invalid", value=value)
    return repo.milestones[number]


def label_names(values: list[Any]) -> list[str]:
    """Names from an array of strings or of objects with ``name``."""
    names = []
    for value in values:
        name = value.get("name") if isinstance(value, dict) else value
        if not isinstance(name, str):
            raise unprocessable(f"Invalid request.\n\nFor 'properties/labels', {str(value)[:60]} is not a string.")
        names.append(name)
    return names


def _people(call: Call, body: Body) -> list[User]:
    """The assignees; a login that may not be assigned is refused."""
    logins = body.items("assignees")
    if logins is None:
        single = body.text("assignee") if "assignee" in body else None
        logins = [single] if single else []
    found = []
    for login in logins:
        user = call.world.user(login) if isinstance(login, str) else None
        if user is None or user.type == "Organization":
            raise invalid("Issue", "assignees", "invalid", value=login)
        found.append(user)
    return found


def _shown(call: Call, issue: Issue) -> dict[str, Any]:
    return render.issue(call.world, issue, full=True)


@route("GET", "/repos/{owner}/{repo}/issues", needs=_READ)
def _list(call: Call) -> Answer:
    _require_issues(call.repo)
    found = matching(call, call.repo.issues.values())
    return paged(call, found, lambda issue: render.issue(call.world, issue))


@route("POST", "/repos/{owner}/{repo}/issues", needs="issues:write", content=True)
def _open(call: Call) -> Answer:
    _require_issues(call.repo)
    body, triage = call.body(), _may_triage(call)
    if "title" not in body:
        raise unprocessable('Invalid request.\n\n"title" wasn\'t supplied.')
    title = body.fields["title"]
    if isinstance(title, int) and not isinstance(title, bool):
        title = str(title)
    if not isinstance(title, str):
        body.must("title")
    issue = changes.open_issue(
        call.box,
        call.actor,
        call.repo,
        title,
        body.text("body"),
        labels=label_names(body.items("labels") or []) if triage and not _drops(call, "labels") else (),
        milestone=_milestone(call.repo, body) if triage else None,
        assignees=_people(call, body) if triage else (),
    )
    shown = _shown(call, issue)
    return Answer(shown, 201, {"Location": shown["url"]})


@route("GET", _ISSUE, needs=_READ)
def _get(call: Call) -> Answer:
    if not call.repo.has_issues and call.number("number") in call.repo.issues:
        raise GitHubError(410, "Issues has been disabled in this repository.")
    return Answer(_shown(call, call.issue()))


@route("PATCH", _ISSUE, needs=_WRITE)
def _edit(call: Call) -> Answer:
    box, by, issue, body = call.box, call.actor, call.issue(), call.body()
    _require_issues(call.repo)
    triage = _may_triage(call)
    if not triage and by.user is not issue.user:
        raise must_have("admin")
    title, text = body.text("title", nullable=False), body.text("body")
    state = cast("Literal['open', 'closed'] | None", body.choice("state", ("open", "closed")))
    reason = body.choice("state_reason", ("completed", "not_planned", "duplicate", "reopened"))
    milestone, labels = _milestone(call.repo, body), body.items("labels")
    names = label_names(labels) if labels is not None else None
    people = _people(call, body) if "assignees" in body or "assignee" in body else None
    if names is not None:
        changes.refuse_labels(names)
    changes.edit_text(box, by, issue, title=title, body=text, clear_body="body" in body)
    if names is not None and not _drops(call, "labels"):
        changes.replace_labels(box, by, issue, names)
    if "milestone" in body and not _drops(call, "milestone"):
        changes.set_milestone(box, by, issue, milestone)
    if people is not None and not _drops(call, "assignees"):
        changes.set_assignees(box, by, issue, people)
    if state is not None and not _drops_state(call):
        changes.set_state(box, by, issue, state, reason)
    return Answer(_shown(call, issue))


def _drops_state(call: Call) -> bool:
    installation = call.actor.installation
    return installation is not None and "state" in installation.silently_drops


@route("PUT", f"{_ISSUE}/lock", needs=_WRITE, role="write")
def _lock(call: Call) -> Answer:
    reason = call.body().choice("lock_reason", ("off-topic", "too heated", "resolved", "spam"))
    changes.set_locked(call.box, call.actor, call.issue(), locked=True, reason=reason)
    return Answer(status=204)


@route("DELETE", f"{_ISSUE}/lock", needs=_WRITE, role="write")
def _unlock(call: Call) -> Answer:
    changes.set_locked(call.box, call.actor, call.issue(), locked=False)
    return Answer(status=204)


# labels of an issue


def _labels_answer(call: Call, issue: Issue) -> Answer:
    return Answer([render.label(call.world, call.repo, label) for label in issue.labels])


def _names_sent(call: Call) -> list[str]:
    """``{"labels": […]}``, or the array itself, as GitHub takes both."""
    raw = call.raw.strip()
    if raw.startswith(b"["):
        wrapped = Call(
            call.box, call.method, call.path, call.params, call.query, call.headers,
            b'{"labels":' + raw + b"}", call.actor, call.request_id,
        )  # fmt: skip
        return label_names(wrapped.body().items("labels", required=True) or [])
    return label_names(call.body().items("labels", required=True) or [])


@route("GET", f"{_ISSUE}/labels", needs=_READ)
def _list_labels(call: Call) -> Answer:
    return paged(call, call.issue().labels, lambda label: render.label(call.world, call.repo, label))


@route("POST", f"{_ISSUE}/labels", needs=_WRITE, role="triage")
def _add_labels(call: Call) -> Answer:
    issue = call.issue()
    changes.add_labels(call.box, call.actor, issue, _names_sent(call))
    return _labels_answer(call, issue)


@route("PUT", f"{_ISSUE}/labels", needs=_WRITE, role="triage")
def _set_labels(call: Call) -> Answer:
    issue = call.issue()
    changes.replace_labels(call.box, call.actor, issue, _names_sent(call))
    return _labels_answer(call, issue)


@route("DELETE", f"{_ISSUE}/labels", needs=_WRITE, role="triage")
def _clear_labels(call: Call) -> Answer:
    changes.replace_labels(call.box, call.actor, call.issue(), [])
    return Answer(status=204)


@route("DELETE", f"{_ISSUE}/labels/{{name}}", needs=_WRITE, role="triage")
def _remove_label(call: Call) -> Answer:
    issue, label = call.issue(), find_label(call.repo, call.params["name"])
    if label is None or label not in issue.labels:
        raise GitHubError(
            404, "Label does not exist", docs="https://docs.github.com/rest/issues/labels#remove-a-label-from-an-issue"
        )
    changes.remove_label(call.box, call.actor, issue, label)
    return _labels_answer(call, issue)


# assignees of an issue


@route("POST", f"{_ISSUE}/assignees", needs=_WRITE, role="triage")
def _assign(call: Call) -> Answer:
    issue = call.issue()
    fresh = [user for user in _people(call, call.body()) if user not in issue.assignees]
    changes.set_assignees(call.box, call.actor, issue, issue.assignees + fresh)
    return Answer(_shown(call, issue), 201)


@route("DELETE", f"{_ISSUE}/assignees", needs=_WRITE, role="triage")
def _unassign(call: Call) -> Answer:
    issue, leaving = call.issue(), _people(call, call.body())
    changes.set_assignees(call.box, call.actor, issue, [user for user in issue.assignees if user not in leaving])
    return Answer(_shown(call, issue))


# Deleting and transferring exist only in GitHub's GraphQL API and on its pages; the box offers them to its own code
# and, for a script outside the process, under an address that GitHub does not have.


@route("DELETE", "/sandbox/repos/{owner}/{repo}/issues/{number}", role="admin", needs="administration:write")
def _delete(call: Call) -> Answer:
    changes.delete_issue(call.box, call.actor, call.issue())
    return Answer(status=204)


@route("POST", "/sandbox/repos/{owner}/{repo}/issues/{number}/transfer", role="admin", needs="administration:write")
def _transfer(call: Call) -> Answer:
    owner, _, name = call.body().must("repository").partition("/")
    target = call.world.repository(owner, name)
    if target is None:
        raise not_found()
    return Answer(_shown(call, changes.transfer_issue(call.box, call.actor, call.issue(), target)), 201)
