"""Puts a checked seed into a box, without telling anybody: it has always been so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tassist.sandbox import git_store
from tassist.sandbox.auth import person
from tassist.sandbox.issue_changes import association
from tassist.sandbox.labels import find_label, put_label, standard_labels
from tassist.sandbox.milestones import put_milestone
from tassist.sandbox.model import Comment, Issue, IssueEvent, Repository, User, Variable, Workflow
from tassist.sandbox.seeds.reading import Seed, moment

if TYPE_CHECKING:
    from tassist.sandbox.box import Box

At = Callable[[str], datetime]


def plant(box: Box, seed: Seed) -> None:
    """Make everything the seed names; accounts that are only mentioned are made too."""
    world = box.world
    shift = timedelta(days=(box.clock.now() - seed.as_of).days) if seed.as_of else timedelta(0)

    def at(text: str) -> datetime:
        """A time of the seed, moved with it; what is due stays where the seed's own files say it is."""
        return moment(text) + shift

    for entry in seed.users:
        world.person(entry["login"]).name = entry.get("name")
    for entry in seed.organizations:
        found = world.user(entry["login"]) or world.add_user(entry["login"], "Organization")
        found.name = entry.get("name")
        for login in entry.get("owners", ()):
            found.members[world.person(login).id] = "admin"
        for login in entry.get("members", ()):
            found.members[world.person(login).id] = "write"
    world.settings.demo_user = seed.demo_user
    for entry in seed.repositories:
        _repository(box, entry, at)


def _repository(box: Box, entry: dict[str, Any], at: At) -> None:
    world = box.world
    issues = sorted(entry.get("issues", ()), key=lambda issue: int(issue["number"]))
    owner, now = world.person(entry["owner"]), box.clock.now()
    created = min((at(issue["created_at"]) for issue in issues), default=now)
    repo = Repository(
        world.next_id("repository"),
        owner,
        entry["name"],
        created,
        created,
        created,
        private=bool(entry.get("private")),
        description=entry.get("description"),
    )
    world.put_repository(repo)
    if entry.get("standard_labels", True):
        standard_labels(box, repo)
    for label in entry.get("labels", ()):
        known = find_label(repo, label["name"])
        if known is None:
            known = put_label(box, repo, label["name"])
        known.color = label.get("color", known.color).lower()
        known.description = label.get("description", known.description)
    by = person(owner)
    for item in entry.get("milestones", ()):
        due = item.get("due_on")
        put_milestone(
            box,
            by,
            repo,
            item["title"],
            state="closed" if item.get("state") == "closed" else "open",
            description=item.get("description"),
            due_on=moment(due) if due else None,
        )
    for name, value in entry.get("variables", {}).items():
        repo.variables[name.upper()] = Variable(name.upper(), str(value), created, created)
    for path, text in entry.get("files", {}).items():
        content = "\n".join(text) + "\n" if isinstance(text, list) else text
        git_store.commit_file(repo, path, content.encode(), f"Add {path}", owner, created)
    for item in entry.get("workflows", ()):
        workflow = Workflow(world.next_id("workflow"), item["name"], item["path"], created, created)
        repo.workflows[workflow.id] = workflow
    for issue in issues:
        _issue(box, repo, issue, at)
    for issue in issues:
        if issue.get("parent") in repo.issues:
            above, child = repo.issues[issue["parent"]], repo.issues[issue["number"]]
            child.parent = above
            above.sub_issues.append(child)
    repo.next_issue = max(repo.issues, default=0) + 1
    repo.updated_at = max((issue.updated_at for issue in repo.issues.values()), default=created)


def _issue(box: Box, repo: Repository, entry: dict[str, Any], at: At) -> None:
    world = box.world
    author = world.person(entry["author"]) if entry.get("author") else _first_person(repo, box)
    created = at(entry["created_at"])
    issue = Issue(
        world.next_id("issue"),
        entry["number"],
        repo,
        entry["title"],
        entry.get("body"),
        author,
        created,
        at(entry.get("updated_at") or entry["created_at"]),
        association(repo, author),
        is_pull_request=bool(entry.get("pull_request")),
        locked=bool(entry.get("locked")),
    )
    repo.issues[issue.number] = issue
    for name in entry.get("labels", ()):
        issue.labels.append(find_label(repo, name) or put_label(box, repo, name))
    issue.assignees = [world.person(login) for login in entry.get("assignees", ())]
    title = entry.get("milestone")
    if title:
        issue.milestone = next((item for item in repo.milestones.values() if item.title == title), None)
        if issue.milestone is None:
            issue.milestone = put_milestone(box, person(repo.owner), repo, title)
    for item in entry.get("history", ()):
        _event(box, issue, item, author, at)
    for item in entry.get("comments", ()):
        who = world.person(item["author"]) if item.get("author") else author
        written = at(item["at"])
        comment = Comment(world.next_id("comment"), who, item["body"], written, written, association(repo, who))
        issue.comments.append(comment)
    if entry.get("state") == "closed":
        closed = at(entry.get("closed_at") or entry.get("updated_at") or entry["created_at"])
        issue.state, issue.closed_at, issue.closed_by = "closed", closed, author
        issue.state_reason = None if issue.is_pull_request else entry.get("state_reason", "completed")
    _complete(box, issue, author)
    moments = [issue.created_at, *(event.created_at for event in issue.events)]
    moments += [comment.created_at for comment in issue.comments]
    issue.updated_at = at(entry["updated_at"]) if entry.get("updated_at") else max(moments)


def _first_person(repo: Repository, box: Box) -> User:
    return repo.owner if repo.owner.type == "User" else box.world.demo_user()


def _event(box: Box, issue: Issue, entry: dict[str, Any], author: User, at: At) -> None:
    who = box.world.person(entry["by"]) if entry.get("by") else author
    event = IssueEvent(box.world.next_id("event"), entry["event"], who, at(entry["at"]))
    if entry.get("label"):
        label = find_label(issue.repo, entry["label"]) or put_label(box, issue.repo, entry["label"])
        event.label = (label.name, label.color)
    event.milestone = entry.get("milestone")
    if entry.get("from") and entry.get("to"):
        event.rename = (entry["from"], entry["to"])
    issue.events.append(event)


def _complete(box: Box, issue: Issue, author: User) -> None:
    """Add the events that its state implies and its history does not tell, at its beginning or its end."""

    def add(event: str, at: datetime, **fields: Any) -> None:
        issue.events.append(IssueEvent(box.world.next_id("event"), event, author, at, **fields))

    told = {event.label[0] for event in issue.events if event.event == "labeled" and event.label}
    for label in issue.labels:
        if label.name not in told:
            add("labeled", issue.created_at, label=(label.name, label.color))
    milestones = {event.milestone for event in issue.events if event.event == "milestoned"}
    if issue.milestone is not None and issue.milestone.title not in milestones:
        add("milestoned", issue.created_at, milestone=issue.milestone.title)
    if issue.closed_at is not None and not any(event.event == "closed" for event in issue.events):
        add("closed", issue.closed_at, state_reason=issue.state_reason)
    issue.events.sort(key=lambda event: event.created_at)
