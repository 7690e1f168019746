"""What can happen to an issue: every change writes its history and tells whoever listens.

The API, the pages and the seeds all go through here, so that a change looks the same wherever it was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from tassist.sandbox import render
from tassist.sandbox.auth import Actor
from tassist.sandbox.errors import GitHubError, entry, invalid
from tassist.sandbox.events import tell, tell_issue
from tassist.sandbox.labels import MAX_NAME, find_label, put_label, refuse_too_many
from tassist.sandbox.model import Comment, Issue, IssueEvent, Label, Milestone, Repository, User

if TYPE_CHECKING:
    from tassist.sandbox.box import Box

MAX_TITLE, MAX_BODY = 256, 65_536


def association(repo: Repository, user: User | None) -> str:
    """``author_association``."""
    if user is repo.owner:
        return "OWNER"
    if user is not None and user.id in repo.owner.members:
        return "MEMBER"
    if user is not None and user.id in repo.collaborators:
        return "COLLABORATOR"
    return "NONE"


def note(box: Box, by: Actor, issue: Issue, event: str, **fields: Any) -> IssueEvent:
    """Add an entry to the issue's history."""
    entry_ = IssueEvent(box.world.next_id("event"), event, by.user, box.clock.now(), by.via, **fields)
    issue.events.append(entry_)
    return entry_


def touch(box: Box, issue: Issue) -> None:
    """The issue changed just now."""
    box.world.changes += 1
    issue.updated_at = box.clock.now()


def refuse_text(title: str | None, body: str | None) -> None:
    """GitHub's limits for title and body.

    Raises:
        GitHubError: 422.
    """
    if title is not None and not title.strip():
        raise invalid("Issue", "title", "missing_field")
    if title is not None and len(title) > MAX_TITLE:
        raise invalid("Issue", "title", "custom", f"title is too long (maximum is {MAX_TITLE} characters)")
    if body is not None and len(body) > MAX_BODY:
        raise invalid("Issue", "body", "custom", f"body is too long (maximum is {MAX_BODY} characters)")


def refuse_labels(names: Iterable[str], held: Iterable[Label] = ()) -> list[str]:
    """The names without spaces around them, looked at before anything is changed.

    Raises:
        GitHubError: 422 where a name cannot be a label's, or where they are too many beside those ``held``.
    """
    wanted = [name.strip() for name in names]
    wrong = [name for name in wanted if not name or len(name) > MAX_NAME]
    if wrong:
        code = "missing_field" if not wrong[0] else "invalid"
        raise GitHubError(422, "Validation Failed", errors=[entry("Label", "name", code, value=wrong[0])])
    refuse_too_many(len({name.casefold() for name in [*wanted, *(label.name for label in held)]}))
    return wanted


def resolve_labels(box: Box, by: Actor, repo: Repository, names: Iterable[str]) -> list[Label]:
    """The labels of these names in order, each once; one that does not exist is created silently, colour ``ededed``."""
    found: dict[int, Label] = {}
    for name in names:
        label = find_label(repo, name)
        if label is None:
            label = put_label(box, repo, name)
            tell(box, repo, "label", "created", by, {"label": render.label(box.world, repo, label)})
        found[label.id] = label
    return list(found.values())


def open_issue(
    box: Box,
    by: Actor,
    repo: Repository,
    title: str,
    body: str | None = None,
    *,
    labels: Sequence[str] = (),
    milestone: Milestone | None = None,
    assignees: Sequence[User] = (),
) -> Issue:
    """Open an issue: one ``opened`` and one ``labeled`` for each label.

    Raises:
        GitHubError: 422 for a value GitHub refuses.
    """
    refuse_text(title, body)
    resolved = resolve_labels(box, by, repo, refuse_labels(labels))
    now = box.clock.now()
    issue = Issue(
        box.world.next_id("issue"),
        repo.next_issue,
        repo,
        title,
        body,
        by.user,
        now,
        now,
        association(repo, by.user),
        via=by.via,
    )
    repo.next_issue += 1
    repo.issues[issue.number] = issue
    issue.labels = resolved
    issue.milestone = milestone
    issue.assignees = list(assignees)
    tell_issue(box, issue, "opened", by, labels=box.world.settings.opened_has_labels)
    for label in resolved:
        _note_label(box, by, issue, label, "labeled")
    if milestone is not None:
        note(box, by, issue, "milestoned", milestone=milestone.title)
        tell_issue(box, issue, "milestoned", by, milestone=render.milestone(box.world, repo, milestone))
    for user in assignees:
        note(box, by, issue, "assigned", assignee=user)
        tell_issue(box, issue, "assigned", by, assignee=render.user(box.world, user))
    return issue


def _note_label(box: Box, by: Actor, issue: Issue, label: Label, event: str) -> None:
    note(box, by, issue, event, label=(label.name, label.color))
    tell_issue(box, issue, event, by, label=render.label(box.world, issue.repo, label))


def add_labels(box: Box, by: Actor, issue: Issue, names: Sequence[str]) -> None:
    """Add labels; those it has already change nothing.

    Raises:
        GitHubError: 422 for a name that cannot be a label's, or a hundred and first label.
    """
    resolved = resolve_labels(box, by, issue.repo, refuse_labels(names, issue.labels))
    fresh = [label for label in resolved if label not in issue.labels]
    for label in fresh:
        issue.labels.append(label)
        touch(box, issue)
        _note_label(box, by, issue, label, "labeled")


def remove_label(box: Box, by: Actor, issue: Issue, label: Label) -> None:
    """Take one label off; the caller has looked whether it is there."""
    issue.labels.remove(label)
    touch(box, issue)
    _note_label(box, by, issue, label, "unlabeled")


def replace_labels(box: Box, by: Actor, issue: Issue, names: Sequence[str]) -> None:
    """Make these its labels, exactly.

    Raises:
        GitHubError: 422; see `add_labels`.
    """
    wanted = resolve_labels(box, by, issue.repo, refuse_labels(names))
    for label in [label for label in issue.labels if label not in wanted]:
        remove_label(box, by, issue, label)
    for label in wanted:
        if label not in issue.labels:
            issue.labels.append(label)
            touch(box, issue)
            _note_label(box, by, issue, label, "labeled")


def set_milestone(box: Box, by: Actor, issue: Issue, milestone: Milestone | None) -> None:
    """Assign a milestone or take it away; a change from one to another is told as both."""
    before = issue.milestone
    if before is milestone:
        return
    if before is not None:
        issue.milestone = None
        touch(box, issue)
        note(box, by, issue, "demilestoned", milestone=before.title)
        tell_issue(box, issue, "demilestoned", by, milestone=render.milestone(box.world, issue.repo, before))
    if milestone is not None:
        issue.milestone = milestone
        touch(box, issue)
        note(box, by, issue, "milestoned", milestone=milestone.title)
        tell_issue(box, issue, "milestoned", by, milestone=render.milestone(box.world, issue.repo, milestone))


def edit_text(
    box: Box, by: Actor, issue: Issue, *, title: str | None = None, body: str | None = None, clear_body: bool = False
) -> None:
    """Change title or body, told as one ``edited`` with what was there before.

    Raises:
        GitHubError: 422 for a text GitHub refuses.
    """
    refuse_text(title, body)
    changes: dict[str, Any] = {}
    if title is not None and title != issue.title:
        changes["title"] = {"from": issue.title}
        note(box, by, issue, "renamed", rename=(issue.title, title))
        issue.title = title
    if (body is not None or clear_body) and body != issue.body:
        changes["body"] = {"from": issue.body or ""}
        issue.body = body
    if changes:
        touch(box, issue)
        tell_issue(box, issue, "edited", by, changes=changes)


def set_state(box: Box, by: Actor, issue: Issue, state: Literal["open", "closed"], reason: str | None = None) -> None:
    """Close or reopen; the reason is only heard where the state changes."""
    if state == issue.state:
        return
    issue.state = state
    touch(box, issue)
    if state == "closed":
        issue.state_reason = reason or "completed"
        issue.closed_at, issue.closed_by = issue.updated_at, by.user
        note(box, by, issue, "closed", state_reason=issue.state_reason)
        tell_issue(box, issue, "closed", by)
    else:
        issue.state_reason = "reopened"
        issue.closed_at = issue.closed_by = None
        note(box, by, issue, "reopened", state_reason="reopened")
        tell_issue(box, issue, "reopened", by)


def set_assignees(box: Box, by: Actor, issue: Issue, users: Sequence[User]) -> None:
    """Make these its assignees, exactly."""
    for user in [user for user in issue.assignees if user not in users]:
        issue.assignees.remove(user)
        touch(box, issue)
        note(box, by, issue, "unassigned", assignee=user)
        tell_issue(box, issue, "unassigned", by, assignee=render.user(box.world, user))
    for user in users:
        if user not in issue.assignees:
            issue.assignees.append(user)
            touch(box, issue)
            note(box, by, issue, "assigned", assignee=user)
            tell_issue(box, issue, "assigned", by, assignee=render.user(box.world, user))


def set_locked(box: Box, by: Actor, issue: Issue, *, locked: bool, reason: str | None = None) -> None:
    """Lock or unlock the conversation."""
    if issue.locked == locked:
        return
    issue.locked, issue.lock_reason = locked, reason if locked else None
    touch(box, issue)
    note(box, by, issue, "locked" if locked else "unlocked", lock_reason=issue.lock_reason)
    tell_issue(box, issue, "locked" if locked else "unlocked", by)


def set_pinned(box: Box, by: Actor, issue: Issue, *, pinned: bool) -> None:
    """Pin or unpin; only the pages of GitHub can do it, so only the box's own code calls this."""
    if issue.pinned == pinned:
        return
    issue.pinned = pinned
    word = "pinned" if pinned else "unpinned"
    note(box, by, issue, word)
    tell_issue(box, issue, word, by)


def delete_issue(box: Box, by: Actor, issue: Issue) -> None:
    """Delete it for good: 410 from now on."""
    _let_go(issue)
    del issue.repo.issues[issue.number]
    issue.repo.deleted_issues.add(issue.number)
    tell_issue(box, issue, "deleted", by)


def _let_go(issue: Issue) -> None:
    if issue.parent is not None:
        issue.parent.sub_issues.remove(issue)
        issue.parent = None
    for child in issue.sub_issues:
        child.parent = None
    issue.sub_issues.clear()


def transfer_issue(box: Box, by: Actor, issue: Issue, target: Repository) -> Issue:
    """Move it to another repository of the same owner; the old number redirects.

    Labels and milestones go along only where the target has ones of that name; history and comments go along.
    """
    source = issue.repo
    now = box.clock.now()
    moved = Issue(
        box.world.next_id("issue"),
        target.next_issue,
        target,
        issue.title,
        issue.body,
        issue.user,
        issue.created_at,
        now,
        issue.author_association,
        issue.state,
        issue.state_reason,
        issue.closed_at,
        issue.closed_by,
        assignees=list(issue.assignees),
        via=issue.via,
        comments=issue.comments,
        events=issue.events,
    )
    moved.labels = [found for label in issue.labels if (found := find_label(target, label.name)) is not None]
    titles = {milestone.title: milestone for milestone in target.milestones.values()}
    moved.milestone = titles.get(issue.milestone.title) if issue.milestone else None
    target.next_issue += 1
    target.issues[moved.number] = moved
    _let_go(issue)
    del source.issues[issue.number]
    source.moved_issues[issue.number] = moved
    touch(box, moved)
    changes = {
        "new_issue": render.issue(box.world, moved),
        "new_repository": render.repository(box.world, target),
    }
    tell_issue(box, issue, "transferred", by, changes=changes)
    note(box, by, moved, "transferred")
    from_ = {"old_issue": render.issue(box.world, issue), "old_repository": render.repository(box.world, source)}
    tell_issue(box, moved, "opened", by, changes=from_)
    return moved


def add_comment(box: Box, by: Actor, issue: Issue, body: str) -> Comment:
    """Comment on it.

    Raises:
        GitHubError: 422 for an empty or an overlong text.
    """
    _refuse_comment(body)
    now = box.clock.now()
    comment = Comment(box.world.next_id("comment"), by.user, body, now, now, association(issue.repo, by.user), by.via)
    issue.comments.append(comment)
    touch(box, issue)
    _tell_comment(box, by, issue, comment, "created")
    return comment


def _refuse_comment(body: str) -> None:
    if not body.strip():
        raise invalid("IssueComment", "body", "custom", "body cannot be blank")
    if len(body) > MAX_BODY:
        raise invalid("IssueComment", "body", "custom", f"body is too long (maximum is {MAX_BODY} characters)")


def edit_comment(box: Box, by: Actor, issue: Issue, comment: Comment, body: str) -> None:
    """Change a comment.

    Raises:
        GitHubError: 422 for an empty or an overlong text.
    """
    _refuse_comment(body)
    before, comment.body = comment.body, body
    comment.updated_at = box.clock.now()
    _tell_comment(box, by, issue, comment, "edited", changes={"body": {"from": before}})


def delete_comment(box: Box, by: Actor, issue: Issue, comment: Comment) -> None:
    """Delete a comment."""
    issue.comments.remove(comment)
    _tell_comment(box, by, issue, comment, "deleted")


def _tell_comment(box: Box, by: Actor, issue: Issue, comment: Comment, action: str, **extra: Any) -> None:
    payload = {
        "issue": render.issue(box.world, issue),
        "comment": render.comment(box.world, issue, comment),
        **extra,
    }
    tell(box, issue.repo, "issue_comment", action, by, payload)
