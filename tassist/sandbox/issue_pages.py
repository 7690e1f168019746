"""Repositories and issues to look at and to click on."""

from __future__ import annotations

from urllib.parse import quote

from tassist.sandbox import issue_changes as changes
from tassist.sandbox.api import Reply
from tassist.sandbox.clock import stamp
from tassist.sandbox.errors import GitHubError, archived, not_found
from tassist.sandbox.html import form, hidden, label_mark, select, text
from tassist.sandbox.labels import find_label
from tassist.sandbox.model import Comment, Issue, IssueEvent, Repository
from tassist.sandbox.page_call import PageCall, redirect
from tassist.sandbox.timeline import history

_PAGE = 50
_WORDS = {
    "labeled": "added",
    "unlabeled": "removed",
    "milestoned": "added to milestone",
    "demilestoned": "removed from milestone",
    "closed": "closed this",
    "reopened": "reopened this",
    "renamed": "renamed this to",
    "assigned": "assigned",
    "unassigned": "unassigned",
    "sub_issue_added": "added sub-issue",
    "sub_issue_removed": "removed sub-issue",
    "parent_issue_added": "added parent",
    "parent_issue_removed": "removed parent",
}


def answer(call: PageCall) -> Reply | None:
    """The page of ``/``, ``/OWNER/NAME`` and below; ``None`` for other addresses."""
    match call.segments:
        case [""]:
            return _repositories(call)
        case [owner, name] | [owner, name, "issues"]:
            repo = _repository(call, owner, name)
            return _open(call, repo) if call.is_post else _issues(call, repo)
        case [owner, name, "issues" | "pull", number]:
            issue = _issue(_repository(call, owner, name), number)
            return _issue_page(call, issue) if not call.is_post else None
        case [owner, name, "issues", number, verb] if call.is_post:
            return _act(call, _issue(_repository(call, owner, name), number), verb)
        case _:
            return None


def _repository(call: PageCall, owner: str, name: str) -> Repository:
    repo = call.world.repository(owner, name) or call.world.former(owner, name)
    if repo is None or call.world.role(call.by.user, repo) is None:
        raise not_found()
    return repo


def _issue(repo: Repository, number: str) -> Issue:
    found = int(number) if number.isascii() and number.isdigit() and len(number) < 12 else 0
    if found in repo.deleted_issues:
        raise GitHubError(410, "This issue was deleted")
    if found not in repo.issues:
        raise not_found()
    return repo.issues[found]


def _path(repo: Repository) -> str:
    return f"/{quote(repo.full_name)}/issues"


def _repositories(call: PageCall) -> Reply:
    rows = "".join(
        f'<li><a href="{text(_path(repo))}">{text(repo.full_name)}</a>'
        f'<div class="soft">{text(repo.description or "")} · {_count(repo)}'
        f"{' · private' if repo.private else ''}{' · archived' if repo.archived else ''}</div></li>"
        for repo in call.world.repositories.values()
        if call.world.role(call.by.user, repo) is not None
    )
    apps = "".join(
        f'<li><a href="/apps/{text(app.slug)}">{text(app.name)}</a><div class="soft">{text(app.hook_url)}</div></li>'
        for app in call.world.apps.values()
    )
    body = "<h1>Repositories</h1>" + (f'<ul class="rows">{rows}</ul>' if rows else "<p>There are none.</p>")
    body += f'<h1>Apps</h1><ul class="rows">{apps}</ul>' if apps else ""
    return call.show("GitHub in a box", body)


def _count(repo: Repository) -> str:
    opened = sum(issue.state == "open" for issue in repo.issues.values())
    return f"{opened} open, {len(repo.issues) - opened} closed"


def _issues(call: PageCall, repo: Repository) -> Reply:
    state = call.field("state") or "open"
    page = max(int(call.field("page")) if call.field("page").isdigit() and len(call.field("page")) < 6 else 1, 1)
    found = [issue for issue in repo.issues.values() if state in {"all", issue.state}]
    found.sort(key=lambda issue: issue.number, reverse=True)
    rows = "".join(_row(repo, issue) for issue in found[(page - 1) * _PAGE : page * _PAGE])
    tabs = " · ".join(f'<a href="?state={word}">{word}</a>' for word in ("open", "closed", "all"))
    more = f'<p><a href="?state={text(state)}&amp;page={page + 1}">older</a></p>' if len(found) > page * _PAGE else ""
    body = f'<h1>{text(repo.full_name)} <small>{_count(repo)}</small></h1><p class="soft">{tabs}</p>'
    body += f'<ul class="rows">{rows}</ul>{more}' if rows else "<p>There are no issues here.</p>"
    if not repo.archived:
        fields = '<label for="title">Title</label><input type="text" id="title" name="title" required maxlength="256">'
        fields += '<label for="body">Text</label><textarea id="body" name="body" rows="4"></textarea>'
        fields += '<label for="labels">Labels, separated by commas</label>'
        fields += '<input type="text" id="labels" name="labels">'
        body += f'<h1>New issue</h1><div class="card">{form(_path(repo), fields, "Open issue", main=True)}</div>'
    return call.show(f"Issues · {repo.full_name}", body)


def _row(repo: Repository, issue: Issue) -> str:
    marks = "".join(label_mark(label.name) for label in issue.labels)
    kind = "pull request" if issue.is_pull_request else issue.state
    milestone = f" · {text(issue.milestone.title)}" if issue.milestone else ""
    who = text(issue.user.login if issue.user else "ghost")
    return (
        f'<li><a href="{text(_path(repo))}/{issue.number}">{text(issue.title)}</a> {marks}'
        f'<div class="soft">#{issue.number} · {kind} · {who}{milestone}</div></li>'
    )


def _open(call: PageCall, repo: Repository) -> Reply:
    if repo.archived:
        raise archived()
    names = [name for name in (part.strip() for part in call.field("labels").split(",")) if name]
    issue = changes.open_issue(call.box, call.by, repo, call.field("title"), call.field("body") or None, labels=names)
    return redirect(f"{_path(repo)}/{issue.number}")


def _issue_page(call: PageCall, issue: Issue) -> Reply:
    repo = issue.repo
    path = f"{_path(repo)}/{issue.number}"
    entries = "".join(_entry(entry) for entry in history(issue))
    who = text(issue.user.login if issue.user else "ghost")
    left = f'<div class="card"><div class="soft">{who} · {stamp(issue.created_at)}</div>'
    left += f"<pre>{text(issue.body or 'No description.')}</pre></div>{entries}"
    if not repo.archived:
        left += _conversation_forms(issue, path)
    body = f'<p class="soft"><a href="{text(_path(repo))}">{text(repo.full_name)}</a></p>'
    body += f'<h1>{text(issue.title)} <small>#{issue.number}</small></h1><p><span class="state {issue.state}">'
    body += f'{issue.state}</span></p><div class="columns"><div>{left}</div><div>{_side(issue, path)}</div></div>'
    return call.show(f"{issue.title} · #{issue.number}", body)


def _conversation_forms(issue: Issue, path: str) -> str:
    comment = '<label for="comment">Comment</label><textarea id="comment" name="body" rows="4" required></textarea>'
    edit = '<label for="title">Title</label><input type="text" id="title" name="title" required maxlength="256"'
    edit += f' value="{text(issue.title)}"><label for="body">Text</label>'
    edit += f'<textarea id="body" name="body" rows="4">{text(issue.body or "")}</textarea>'
    verb, word = ("close", "Close issue") if issue.state == "open" else ("reopen", "Reopen issue")
    edit_form = form(f"{path}/edit", edit, "Save")
    return (
        form(f"{path}/comment", comment, "Comment", main=True)
        + form(f"{path}/{verb}", "", word)
        + f"<details><summary>Edit</summary>{edit_form}</details>"
    )


def _side(issue: Issue, path: str) -> str:
    repo = issue.repo
    held = "".join(
        f"<div>{label_mark(label.name)} "
        + form(f"{path}/unlabel", hidden("name", label.name), f"remove {label.name}", css="inline")
        + "</div>"
        for label in issue.labels
    )
    free = sorted((label.name for label in repo.labels.values() if label not in issue.labels), key=str.casefold)
    choice = select("name", [(name, name) for name in free])
    milestones = [("", "none")] + [
        (str(item.number), f"{item.title}{'' if item.state == 'open' else ' (closed)'}")
        for item in repo.milestones.values()
    ]
    chosen = str(issue.milestone.number) if issue.milestone else ""
    if repo.archived:
        return f"<strong>Labels</strong>{held}"
    none = '<p class="soft">None yet.</p>'
    return (
        f"<strong>Labels</strong>{held or none}"
        + (form(f"{path}/label", choice, "Add label") if free else "")
        + f"<strong>Milestone</strong>{form(f'{path}/milestone', select('number', milestones, chosen), 'Set milestone')}"
    )


def _entry(entry: IssueEvent | Comment) -> str:
    if isinstance(entry, Comment):
        who = text(entry.user.login if entry.user else "ghost")
        head = f'<div class="soft">{who} commented · {stamp(entry.created_at)}</div>'
        return f'<div class="card">{head}<pre>{text(entry.body)}</pre></div>'
    who = text(entry.actor.login if entry.actor else "ghost")
    subject = ""
    if entry.label is not None:
        subject = label_mark(entry.label[0])
    elif entry.milestone is not None:
        subject = f"<strong>{text(entry.milestone)}</strong>"
    elif entry.rename is not None:
        subject = f"<strong>{text(entry.rename[1])}</strong>"
    elif entry.assignee is not None:
        subject = f"<strong>{text(entry.assignee.login)}</strong>"
    elif entry.other is not None:
        subject = f"<strong>#{entry.other.number}</strong>"
    word = _WORDS.get(entry.event, entry.event)
    return f'<p class="soft">{who} {text(word)} {subject} · {stamp(entry.created_at)}</p>'


def _act(call: PageCall, issue: Issue, verb: str) -> Reply:
    if issue.repo.archived:
        raise archived()
    box, by = call.box, call.by
    if verb == "comment":
        changes.add_comment(box, by, issue, call.field("body"))
    elif verb == "label":
        changes.add_labels(box, by, issue, [call.field("name")])
    elif verb == "unlabel":
        label = find_label(issue.repo, call.field("name"))
        if label is not None and label in issue.labels:
            changes.remove_label(box, by, issue, label)
    elif verb == "milestone":
        number = call.field("number")
        changes.set_milestone(box, by, issue, issue.repo.milestones.get(int(number)) if number.isdigit() else None)
    elif verb in {"close", "reopen"}:
        changes.set_state(box, by, issue, "closed" if verb == "close" else "open")
    elif verb == "edit":
        text_ = call.field("body")
        changes.edit_text(box, by, issue, title=call.field("title"), body=text_ or None, clear_body=True)
    else:
        raise not_found()
    return redirect(f"{_path(issue.repo)}/{issue.number}")
