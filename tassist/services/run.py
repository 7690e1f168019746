"""What the engine would do about a recorded event, offline: nothing is asked of GitHub and nothing is written."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from engine.config import DEFAULT_FILE, Config, InvalidConfig, parse
from engine.decide import decide
from engine.draft import FactMissing
from engine.model import Fact, Issue, IssueRef, Label, Milestone, Repo, TimelineEvent
from engine.plan import Plan
from engine.problems import Problem, ProblemError
from engine.triggers import Asked, asked, trigger_of
from tassist.errors import os_problem
from tassist.github import translate
from tassist.github.wire import IssueWire, LabelWire, MilestoneWire, TimelineWire

MAX_BYTES = 25 * 1024 * 1024
"""GitHub sends no larger payload. Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads"""
_Wire = TypeVar("_Wire")


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it was recorded."""

    event: str
    payload: Mapping[str, Any]
    delivery_id: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan for one issue, and what had to be assumed because neither event nor state says it."""

    ref: IssueRef
    plan: Plan
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ran:
    """What the event asks for, and the plan for each of its issues."""

    recorded: Recorded
    asked: Asked
    planned: tuple[Planned, ...] = ()


def run(
    event_file: str, *, event: str = "", config_file: str = DEFAULT_FILE, state_file: str = "", now: datetime
) -> Ran:
    """Decide about every issue the recorded event refers to.

    Args:
        event_file: A payload as GitHub sent it, or an object with ``event`` (or ``headers``) and ``payload``; ``-`` for
            standard input.
        event: GitHub's name of the event, where the file does not say it.
        config_file: The configuration to decide by.
        state_file: What a look would find, in the shapes of GitHub's REST API: an object with any of ``issue``,
            ``labels`` and ``milestones`` (the repository's), ``timeline``, ``parent`` (or null). What is not there is
            assumed, and the answer says so.
        now: The time to decide at.

    Raises:
        ProblemError: A file cannot be read or is not what it should be.
    """
    recorded = read_event(event_file, event)
    config = parse(_bytes(config_file, "read the configuration"), file=config_file)
    state = _document(state_file, "the state") if state_file else {}
    manages = isinstance(config, Config) and config.pull_requests
    found = asked(recorded.event, recorded.payload, pull_requests=manages)
    planned = tuple(_plan(recorded, ref, config, state, now) for ref in found.issues)
    return Ran(recorded, found, planned)


def read_event(path: str, event: str = "") -> Recorded:
    """A recorded event: the payload alone, or wrapped with its name.

    Raises:
        ProblemError: It cannot be read, or nothing says which event it is.
    """
    document = _document(path, "the event")
    payload = document.get("payload", document)
    delivery_id = ""
    if isinstance(document.get("payload"), Mapping):
        headers = document.get("headers")
        named = {str(name).lower(): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
        event = event or str(document.get("event") or named.get("x-github-event") or "")
        delivery_id = str(document.get("delivery_id") or named.get("x-github-delivery") or "")
    if not isinstance(payload, Mapping):
        raise ProblemError(_unfit(path, "the payload is not an object"))
    event = event or guess_event(payload)
    if not event:
        raise ProblemError(
            Problem(
                "event-unnamed",
                f"{path} does not say which event it is",
                "GitHub names the event in a header, which a bare payload lacks",
                "name it, such as: --event issues",
            )
        )
    return Recorded(event, payload, delivery_id)


def guess_event(payload: Mapping[str, Any]) -> str:
    """The event a bare payload belongs to, by the keys only it has; empty where that does not tell."""
    for keys, event in _TELLING:
        if all(key in payload for key in keys):
            return event
    return ""


_TELLING: tuple[tuple[tuple[str, ...], str], ...] = (
    (("zen",), "ping"),
    (("comment", "issue"), "issue_comment"),
    (("sub_issue_id",), "sub_issues"),
    (("sub_issue", "parent_issue"), "sub_issues"),
    (("issue",), "issues"),
    (("review",), ""),
    (("comment",), ""),
    (("pull_request",), "pull_request"),
    (("ref", "commits"), "push"),
    (("label",), "label"),
    (("milestone",), "milestone"),
    (("repositories_added",), "installation_repositories"),
    (("action", "installation", "repositories"), "installation"),
)


def _plan(
    recorded: Recorded, ref: IssueRef, config: Config | InvalidConfig, state: Mapping[str, Any], now: datetime
) -> Planned:
    assumed: list[str] = []
    issue = _issue(recorded, ref, state, assumed)
    repo = _repo(recorded.payload, ref, state)
    trigger = trigger_of(recorded.event, recorded.payload, recorded.delivery_id)
    while True:
        try:
            return Planned(ref, decide(trigger, issue, repo, config, now), tuple(assumed))
        except FactMissing as missing:
            issue, repo, said = _assume(missing.fact, issue, repo, config, recorded)
            assumed.append(said)


def _issue(recorded: Recorded, ref: IssueRef, state: Mapping[str, Any], assumed: list[str]) -> Issue:
    """The issue as the state has it, else as the payload has it, else one of which only the number is known."""
    carried = [recorded.payload.get(key) for key in ("issue", "sub_issue", "parent_issue", "pull_request")]
    given = state.get("issue")
    wires = [given] if given is not None else carried
    wire = next((wire for wire in wires if isinstance(wire, Mapping) and wire.get("number") == ref.number), None)
    if wire is None:
        assumed.append("the issue is open and has no label: the event does not carry it")
        issue = Issue(ref)
    else:
        issue = replace(translate.issue(_wire(wire, IssueWire, "the issue"), ref), ref=ref)
        if wire is recorded.payload.get("pull_request"):
            issue = replace(issue, is_pull_request=True)
    if "timeline" in state:
        ourselves = translate.Ourselves(_app_id(state), str(state.get("app_slug") or ""))
        wires_ = _wire(state["timeline"], list[TimelineWire], "the timeline")
        events = tuple(event for entry in wires_ if (event := ourselves.event(entry)) is not None)
        issue = replace(issue, timeline=events)
    if "parent" in state:
        parent = state["parent"]
        read = (
            None if parent is None else translate.issue(_wire(parent, IssueWire, "the parent"), IssueRef(ref.repo, 0))
        )
        issue = replace(issue, parent=read, parent_read=True)
    return issue


def _repo(payload: Mapping[str, Any], ref: IssueRef, state: Mapping[str, Any]) -> Repo:
    about = payload.get("repository")
    known = about if isinstance(about, Mapping) else {}
    labels = milestones = None
    if "labels" in state:
        found = [translate.label(wire) for wire in _wire(state["labels"], list[LabelWire], "the labels")]
        labels = tuple(label for label in found if label is not None)
    if "milestones" in state:
        wires = _wire(state["milestones"], list[MilestoneWire], "the milestones")
        milestones = tuple(milestone for wire in wires if (milestone := translate.milestone(wire)) is not None)
    return Repo(
        ref.repo,
        ref.repo_id,
        archived=known.get("archived") is True,
        has_issues=known.get("has_issues") is not False,
        labels=labels,
        milestones=milestones,
    )


def _assume(
    fact: Fact, issue: Issue, repo: Repo, config: Config | InvalidConfig, recorded: Recorded
) -> tuple[Issue, Repo, str]:
    """The most ordinary world in which the fact is known, and in words what was made up."""
    assert isinstance(config, Config)
    match fact:
        case Fact.TIMELINE:
            return replace(issue, timeline=_likely_timeline(issue, recorded.payload)), repo, _ASSUMED[fact]
        case Fact.PARENT:
            return replace(issue, parent_read=True), repo, _ASSUMED[fact]
        case Fact.REPO_LABELS:
            names = [*issue.labels, *(spec.name for spec in config.labels), *(track.label for track in config.tracks)]
            if config.stale:
                names += [config.stale.stale_label, config.stale.escalated_label]
            known = {name.casefold(): Label(name) for name in reversed(names)}
            return issue, replace(repo, labels=tuple(known.values())), _ASSUMED[fact]
        case Fact.REPO_MILESTONES:
            titles = dict.fromkeys([spec.title for spec in config.milestones])
            titles |= dict.fromkeys(track.milestone for track in config.tracks if track.milestone)
            taken = {issue.milestone.title: issue.milestone} if issue.milestone else {}
            free = max((milestone.number for milestone in taken.values()), default=0) + 1
            made = {title: Milestone(number, title) for number, title in enumerate(titles, free)}
            return issue, replace(repo, milestones=tuple({**made, **taken}.values())), _ASSUMED[fact]


_ASSUMED = {
    Fact.TIMELINE: "the issue's labels were put on in the order in which they are listed, the event's own last",
    Fact.PARENT: "the issue has no parent",
    Fact.REPO_LABELS: "the repository has every label the configuration declares",
    Fact.REPO_MILESTONES: "the repository has every milestone the configuration declares, open",
}


def _likely_timeline(issue: Issue, payload: Mapping[str, Any]) -> tuple[TimelineEvent, ...]:
    start = issue.created_at or issue.updated_at
    if start is None:
        return ()
    label = payload.get("label")
    last = label.get("name") if payload.get("action") == "labeled" and isinstance(label, Mapping) else None
    names = sorted(issue.labels, key=lambda name: name == last)
    events = [TimelineEvent("labeled", start + timedelta(microseconds=at), label=name) for at, name in enumerate(names)]
    if issue.updated_at is not None and issue.updated_at > start:
        events.append(TimelineEvent("commented", issue.updated_at))
    return tuple(events)


def _app_id(state: Mapping[str, Any]) -> int:
    found = state.get("app_id")
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def _wire(value: object, shape: type[_Wire], what: str) -> _Wire:
    try:
        return msgspec.json.decode(msgspec.json.encode(value), type=shape)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise ProblemError(
            Problem(
                "not-githubs-shape",
                f"{what}: not in the shape of GitHub's REST API",
                str(error),
                "see https://docs.github.com/en/rest/issues",
            )
        ) from None


def _bytes(path: str, doing: str) -> bytes:
    try:
        if path == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ProblemError(replace(os_problem(error, doing=doing), family="yours")) from None


def _document(path: str, what: str) -> Mapping[str, Any]:
    raw = _bytes(path, f"read {what}")
    if len(raw) > MAX_BYTES:
        raise ProblemError(_unfit(path, f"it is larger than {MAX_BYTES} bytes"))
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ProblemError(_unfit(path, f"it is not JSON: {str(error)[:100]}")) from None
    if not isinstance(document, dict):
        raise ProblemError(_unfit(path, "it is not an object"))
    return document


def _unfit(path: str, why: str) -> Problem:
    return Problem("not-an-event-file", f"{path} cannot be used", why, "give the JSON that GitHub sent or answered")
