"""Turns the words of a case into an issue, a repository and a trigger, and applies effects to them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from engine.model import Issue, IssueRef, Label, Milestone, Repo, TimelineEvent, Trigger, fold
from engine.plan import (
    AddLabels,
    CloseIssue,
    CreateLabel,
    CreateMilestone,
    Effect,
    PostComment,
    RemoveLabels,
    SetMilestone,
)

REPO = "octo-org/octo-repo"
APP_ID = 41898282
_AGO = re.compile(r"(\d+) (minute|hour|day)s? (ago|ahead)")
_UNIT = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_CLOSED = " (closed)"
_EVENT = re.compile(r"(?P<event>[a-z_]+)(?: (?!by )(?P<what>.*?))?(?: by (?P<actor>[A-Za-z0-9\[\]-]+))?")
_WITH_LABEL = frozenset({"labeled", "unlabeled"})
_WITH_MILESTONE = frozenset({"milestoned", "demilestoned"})


class WrongWordsError(ValueError):
    """A case says something this vocabulary does not have; the message says what and what is allowed."""


def moment(words: str, now: datetime) -> datetime:
    """``3 days ago``, ``1 hour ahead``, ``now``, or RFC 3339."""
    if words == "now":
        return now
    found = _AGO.fullmatch(words)
    if found:
        span = int(found[1]) * _UNIT[found[2]]
        return now - span if found[3] == "ago" else now + span
    try:
        return datetime.fromisoformat(words).astimezone(UTC)
    except ValueError:
        raise WrongWordsError(f"{words!r} is no time: write `3 days ago`, `now` or 2026-03-02T12:00:00Z") from None


def milestones(words: Sequence[object]) -> tuple[Milestone, ...]:
    """``Sprint 4`` or ``Sprint 3 (closed)``, numbered from 1 in the order given."""
    found = []
    for number, entry in enumerate(words, start=1):
        title = _text(entry, "a milestone")
        closed = title.endswith(_CLOSED)
        found.append(Milestone(number, title.removesuffix(_CLOSED), "closed" if closed else "open"))
    return tuple(found)


def repository(words: Mapping[str, object]) -> Repo:
    """The repository as it is now; ``labels`` and ``milestones`` may be ``unread``."""
    _known(words, {"labels", "milestones", "archived", "has_issues"}, "repository")
    labels, titles = words.get("labels", ()), words.get("milestones", ())
    return Repo(
        REPO,
        id=1296269,
        archived=bool(words.get("archived", False)),
        has_issues=bool(words.get("has_issues", True)),
        labels=None
        if labels == "unread"
        else tuple(Label(_text(name, "a label"), id=100 + number) for number, name in enumerate(_list(labels))),
        milestones=None if titles == "unread" else milestones(_list(titles)),
    )


def timeline(words: Sequence[object], now: datetime) -> tuple[TimelineEvent, ...]:
    """Entries ``3 days ago: labeled track/sprint by octocat``, oldest first; ``by app`` is this App itself."""
    return tuple(_event(when, what, now) for entry in words for when, what in _mapping(entry, "timeline").items())


def _event(when: str, what: object, now: datetime) -> TimelineEvent:
    text = _text(what, "a timeline entry")
    found = _EVENT.fullmatch(text)
    if found is None:
        raise WrongWordsError(f"{text!r} is no timeline entry: write `labeled NAME by WHO` or `commented`")
    event, subject, actor = found["event"], found["what"] or "", found["actor"] or "octocat"
    by_app = actor == "app"
    return TimelineEvent(
        event,
        moment(when, now),
        label=subject if event in _WITH_LABEL else "",
        milestone=subject if event in _WITH_MILESTONE else "",
        actor="task-assistant[bot]" if by_app else actor,
        by_app=by_app,
    )


def issue(words: Mapping[str, object], repo: Repo, now: datetime) -> Issue:
    """The issue as it is now.

    Its milestone is looked up in the repository by title; one that is not there is an error of the case.
    Without a timeline the labels were put on in the order listed, a second apart, when the issue was opened.
    ``timeline: unread`` and ``parent: unread`` say that the fact was not read; without them both were read.
    """
    known = {"number", "title", "body", "state", "state_reason", "labels", "milestone", "created", "updated", "closed"}
    _known(words, known | {"author", "pull_request", "locked", "timeline", "parent"}, "issue")
    parent = words.get("parent")
    labels = tuple(_text(name, "a label") for name in _list(words.get("labels", ())))
    milestone = _own_milestone(words.get("milestone"), repo)
    state = words.get("state", "open")
    if state not in {"open", "closed"}:
        raise WrongWordsError(f"{state!r} is no state of an issue: write open or closed")
    created = moment(_text(words.get("created", "10 days ago"), "created"), now)
    events = words.get("timeline")
    if events == "unread":
        history: tuple[TimelineEvent, ...] | None = None
    elif events is None:
        history = _as_opened(labels, milestone, created)
    else:
        history = timeline(_list(events), now)
    return Issue(
        IssueRef(REPO, int(_text(words.get("number", 7), "number")), repo.id),
        title=_text(words.get("title", "An issue"), "title"),
        body=_text(words.get("body", ""), "body"),
        state="open" if state == "open" else "closed",
        state_reason=None if words.get("state_reason") is None else _text(words["state_reason"], "state_reason"),
        labels=labels,
        milestone=milestone,
        created_at=created,
        updated_at=moment(_text(words["updated"], "updated"), now)
        if "updated" in words
        else max((event.at for event in history or ()), default=created),
        closed_at=moment(_text(words["closed"], "closed"), now) if "closed" in words else None,
        author=_text(words.get("author", "octocat"), "author"),
        is_pull_request=bool(words.get("pull_request", False)),
        locked=bool(words.get("locked", False)),
        timeline=history,
        parent=None if parent is None or parent == "unread" else issue(_mapping(parent, "parent"), repo, now),
        parent_read=parent != "unread",
    )


def _as_opened(labels: Sequence[str], milestone: Milestone | None, created: datetime) -> tuple[TimelineEvent, ...]:
    put_on = [
        TimelineEvent("labeled", created + timedelta(seconds=place), label=name, actor="octocat")
        for place, name in enumerate(labels)
    ]
    if milestone is not None:
        last = created + timedelta(seconds=len(labels))
        put_on.append(TimelineEvent("milestoned", last, milestone=milestone.title, actor="octocat"))
    return tuple(put_on)


def _own_milestone(title: object, repo: Repo) -> Milestone | None:
    if title is None:
        return None
    wanted = _text(title, "milestone")
    found = repo.milestone(wanted) if repo.milestones is not None else Milestone(99, wanted)
    if found is None:
        raise WrongWordsError(f"the issue has the milestone {wanted!r}, which the repository of the case does not have")
    return found


def trigger(words: str) -> Trigger:
    """``sweep``, ``manual``, or ``issues.labeled``, with ``by app`` where this App itself was the sender."""
    text, by, sender = words.partition(" by ")
    by_app = bool(by) and sender == "app"
    if text == "sweep":
        return Trigger("sweep")
    if text == "manual":
        return Trigger("manual", sender="octocat")
    event, _, action = text.partition(".")
    return Trigger(
        "delivery",
        event=event,
        action=action,
        delivery_id="72d3162e-cc78-11e3-81ab-4c9367dc0958",
        sender="task-assistant[bot]" if by_app else (sender or "octocat"),
        sender_id=APP_ID if by_app else 583231,
        by_app=by_app,
    )


def applied(effects: Sequence[Effect], before: Issue, repo: Repo, now: datetime) -> tuple[Issue, Repo]:
    """The world after the effects, as GitHub would leave it: labels without regard to case, its timeline longer."""
    now_issue = before
    for effect in effects:
        match effect:
            case AddLabels(names=names):
                new = tuple(name for name in names if not now_issue.has_label(name))
                now_issue = _happened(replace(now_issue, labels=(*now_issue.labels, *new)), "labeled", new, now)
            case RemoveLabels(names=names):
                gone = {fold(name) for name in names}
                left = tuple(name for name in now_issue.labels if fold(name) not in gone)
                now_issue = _happened(replace(now_issue, labels=left), "unlabeled", names, now)
            case SetMilestone(title=title, number=number):
                found = next((m for m in repo.milestones or () if m.number == number or m.title == title), None)
                chosen = found or Milestone(number or 1, title)
                now_issue = _happened(replace(now_issue, milestone=chosen), "milestoned", (title,), now)
            case CreateLabel(name=name, description=description, color=color):
                made = Label(name, description, color or "ededed", id=900 + len(repo.labels or ()))
                repo = replace(repo, labels=(*(repo.labels or ()), made))
            case CreateMilestone(title=title, description=description):
                number = 1 + max((m.number for m in repo.milestones or ()), default=0)
                repo = replace(
                    repo, milestones=(*(repo.milestones or ()), Milestone(number, title, "open", description))
                )
            case PostComment():
                now_issue = _happened(now_issue, "commented", ("",), now)
            case CloseIssue(reason=reason):
                closed = replace(now_issue, state="closed", state_reason=reason, closed_at=now)
                now_issue = _happened(closed, "closed", ("",), now)
    return now_issue, repo


def _happened(after: Issue, event: str, subjects: Sequence[str], now: datetime) -> Issue:
    if after.timeline is None:
        return replace(after, updated_at=now)
    entries = tuple(
        TimelineEvent(
            event,
            now,
            label=subject if event in _WITH_LABEL else "",
            milestone=subject if event in _WITH_MILESTONE else "",
            actor="task-assistant[bot]",
            by_app=True,
        )
        for subject in subjects
    )
    return replace(after, updated_at=now, timeline=(*after.timeline, *entries))


def _text(value: object, what: str) -> str:
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    raise WrongWordsError(f"{what} is {value!r}, which is no text")


def _list(value: object) -> Sequence[object]:
    if isinstance(value, list | tuple):
        return value
    raise WrongWordsError(f"{value!r} is no list")


def _mapping(value: object, what: str) -> Mapping[str, object]:
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return value
    raise WrongWordsError(f"{what} is {value!r}, which is no mapping")


def _known(words: Mapping[str, object], allowed: set[str], what: str) -> None:
    unknown = sorted(set(words) - allowed)
    if unknown:
        raise WrongWordsError(f"{what} has {unknown[0]!r}; it takes {', '.join(sorted(allowed))}")
