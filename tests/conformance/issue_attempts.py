"""Attempts at issues, their labels, comments, history and sub-issues."""

from __future__ import annotations

from typing import Any

from tests.conformance.attempts import MAKERS, Attempt
from tests.conformance.stage import OWNER, Stage

ISSUES = "/repos/{owner}/{repo}/issues"
ISSUE = f"{ISSUES}/{{number}}"


def busy_issue(stage: Stage) -> int:
    """An issue with a history of every kind an API caller can cause."""
    milestone, label = stage.milestone(), stage.label()
    number = stage.issue(labels=[label], milestone=milestone, assignees=["alice"])
    one = f"{stage.root}/issues/{number}"
    stage.comment(number)
    stage.want("PATCH", one, json={"title": "Another title", "milestone": None, "assignees": []})
    stage.want("PATCH", one, json={"state": "closed", "state_reason": "not_planned"})
    stage.want("PATCH", one, json={"state": "open"})
    stage.want("DELETE", f"{one}/labels/{label}")
    stage.want("PUT", f"{one}/lock", json={"lock_reason": "resolved"})
    stage.want("DELETE", f"{one}/lock")
    return number


def labelled_issue(stage: Stage) -> int:
    """An issue with two labels."""
    return stage.issue(labels=[stage.label(), stage.label()])


def deleted_issue(stage: Stage) -> int:
    """The number of an issue that was deleted."""
    number = stage.issue()
    stage.want("DELETE", f"/sandbox{stage.root}/issues/{number}", who="alice")
    return number


def transferred_issue(stage: Stage) -> int:
    """The number, here, of an issue that lives in another repository now."""
    number = stage.issue()
    stage.want(
        "POST", f"/sandbox{stage.root}/issues/{number}/transfer", who="alice", json={"repository": f"{OWNER}/depot"}
    )
    return number


def _labels_of_new_issue(stage: Stage) -> dict[str, Any]:
    return {"labels": [stage.label()]}


def _hundred(_: Stage) -> dict[str, Any]:
    return {"labels": [f"one of too many {number}" for number in range(101)]}


def _milestone_with_labels(stage: Stage) -> int:
    milestone = stage.milestone()
    stage.issue(milestone=milestone, labels=["bug", "question"])
    return milestone


MAKERS["number"], MAKERS["comment"] = Stage.issue, Stage.comment

ATTEMPTS = [
    Attempt(f"GET {ISSUES}", 200, "a first page", query="per_page=2"),
    Attempt(
        f"GET {ISSUES}", 200, "all states, sorted, filtered", query="state=all&sort=updated&direction=asc&labels=bug"
    ),
    Attempt(f"GET {ISSUES}", 422, "an unknown state", query="state=ajar"),
    Attempt(f"GET {ISSUES}", 422, "a milestone that is no number", query="milestone=v1"),
    Attempt(
        f"POST {ISSUES}",
        201,
        "with everything",
        body=lambda stage: {
            "title": "Ünïcödé ✓",
            "body": "line\nline",
            "labels": [stage.label(), {"name": stage.label()}],
            "milestone": stage.milestone(),
            "assignees": ["alice"],
        },
    ),
    Attempt(f"POST {ISSUES}", 201, "by a person", body={"title": "By a person"}, who="alice"),
    Attempt(f"POST {ISSUES}", 422, "without a title", body={"body": "x"}),
    Attempt(f"POST {ISSUES}", 422, "an empty title", body={"title": ""}),
    Attempt(f"POST {ISSUES}", 422, "a title of 257 characters", body={"title": "x" * 257}),
    Attempt(f"POST {ISSUES}", 422, "a milestone by its title", body={"title": "x", "milestone": "M1"}),
    Attempt(f"POST {ISSUES}", 422, "an unknown assignee", body={"title": "x", "assignees": ["nobody-of-that-name"]}),
    Attempt(f"POST {ISSUES}", 422, "a hundred and one labels", body=lambda stage: {"title": "x", **_hundred(stage)}),
    Attempt(f"GET {ISSUE}", 200, "one with a past", at={"number": busy_issue}),
    Attempt(f"GET {ISSUE}", 404, "a number never used", at={"number": 99999}),
    Attempt(f"GET {ISSUE}", 410, "deleted", at={"number": deleted_issue}),
    Attempt(f"GET {ISSUE}", 301, "transferred", at={"number": transferred_issue}),
    Attempt(
        f"PATCH {ISSUE}",
        200,
        "everything at once",
        body=lambda stage: {
            "title": "New",
            "body": None,
            "state": "closed",
            "state_reason": "duplicate",
            "labels": [stage.label()],
            "milestone": stage.milestone(),
            "assignees": ["alice"],
        },
    ),
    Attempt(f"PATCH {ISSUE}", 422, "an unknown state", body={"state": "ajar"}),
    Attempt(f"PATCH {ISSUE}", 422, "a milestone that does not exist", body={"milestone": 99999}),
    Attempt(f"PATCH {ISSUE}", 422, "a hundred and one labels", body=_hundred),
    Attempt(f"PATCH {ISSUE}", 410, "deleted", body={"title": "x"}, at={"number": deleted_issue}),
    Attempt(f"PATCH {ISSUE}", 307, "transferred", body={"title": "x"}, at={"number": transferred_issue}),
    Attempt(f"PUT {ISSUE}/lock", 204, "with a reason", body={"lock_reason": "too heated"}),
    Attempt(f"PUT {ISSUE}/lock", 422, "an unknown reason", body={"lock_reason": "bored"}),
    Attempt(f"PUT {ISSUE}/lock", 410, "deleted", at={"number": deleted_issue}),
    Attempt(f"DELETE {ISSUE}/lock", 204, "an open lock"),
    # labels of an issue
    Attempt(f"GET {ISSUE}/labels", 200, "two", at={"number": labelled_issue}, query="per_page=1"),
    Attempt(f"GET {ISSUE}/labels", 410, "deleted", at={"number": deleted_issue}),
    Attempt(f"POST {ISSUE}/labels", 200, "names", body=_labels_of_new_issue),
    Attempt(f"POST {ISSUE}/labels", 200, "objects", body=lambda stage: {"labels": [{"name": stage.label()}]}),
    Attempt(f"POST {ISSUE}/labels", 200, "a bare list", body=lambda stage: [stage.label()]),
    Attempt(f"POST {ISSUE}/labels", 422, "no list at all", body={"labels": 7}),
    Attempt(f"POST {ISSUE}/labels", 422, "a hundred and one", body=_hundred),
    Attempt(f"POST {ISSUE}/labels", 410, "deleted", body=_labels_of_new_issue, at={"number": deleted_issue}),
    Attempt(f"PUT {ISSUE}/labels", 200, "others", body=_labels_of_new_issue, at={"number": labelled_issue}),
    Attempt(f"PUT {ISSUE}/labels", 422, "no list at all", body={"labels": "bug"}),
    Attempt(f"DELETE {ISSUE}/labels", 204, "all of them", at={"number": labelled_issue}),
    Attempt(f"DELETE {ISSUE}/labels", 410, "deleted", at={"number": deleted_issue}),
    Attempt(
        f"DELETE {ISSUE}/labels/{{name}}",
        200,
        "one of two",
        at={"number": lambda stage: stage.issue(labels=["bug", "help wanted"]), "name": "help wanted"},
    ),
    Attempt(f"DELETE {ISSUE}/labels/{{name}}", 404, "one it does not have", at={"name": "bug"}),
    Attempt(f"DELETE {ISSUE}/labels/{{name}}", 410, "deleted", at={"number": deleted_issue, "name": "bug"}),
    # assignees
    Attempt(f"POST {ISSUE}/assignees", 201, "a member", body={"assignees": ["alice"]}),
    Attempt(f"DELETE {ISSUE}/assignees", 200, "a member", body={"assignees": ["alice"]}),
    # comments
    Attempt(f"GET {ISSUE}/comments", 200, "of one issue", at={"number": busy_issue}),
    Attempt(f"GET {ISSUE}/comments", 410, "deleted", at={"number": deleted_issue}),
    Attempt(f"POST {ISSUE}/comments", 201, "text", body={"body": "Hello"}),
    Attempt(f"POST {ISSUE}/comments", 422, "without text", body={}),
    Attempt(f"POST {ISSUE}/comments", 422, "a number for text", body={"body": 7}),
    Attempt(f"POST {ISSUE}/comments", 410, "deleted", body={"body": "x"}, at={"number": deleted_issue}),
    Attempt(f"GET {ISSUES}/comments", 200, "of all issues", query="direction=desc"),
    Attempt(f"GET {ISSUES}/comments/{{comment}}", 200, "one"),
    Attempt(f"GET {ISSUES}/comments/{{comment}}", 404, "an unknown id", at={"comment": 1}),
    Attempt(f"PATCH {ISSUES}/comments/{{comment}}", 200, "another text", body={"body": "Better"}),
    Attempt(f"PATCH {ISSUES}/comments/{{comment}}", 422, "without text", body={}),
    Attempt(f"DELETE {ISSUES}/comments/{{comment}}", 204, "one"),
    # history
    Attempt(f"GET {ISSUE}/timeline", 200, "every kind of entry", at={"number": busy_issue}, query="per_page=100"),
    Attempt(f"GET {ISSUE}/timeline", 410, "deleted", at={"number": deleted_issue}),
    Attempt(f"GET {ISSUE}/events", 200, "every kind of entry", at={"number": busy_issue}, query="per_page=100"),
    Attempt(f"GET {ISSUE}/events", 410, "deleted", at={"number": deleted_issue}),
    Attempt(f"GET {ISSUES}/events", 200, "of all issues", before=busy_issue, query="per_page=100"),
    Attempt(
        f"GET {ISSUES}/events/{{event}}",
        200,
        "one",
        at={"event": lambda stage: stage.want("GET", f"{stage.root}/issues/{busy_issue(stage)}/events")[0]["id"]},
    ),
    Attempt(f"GET {ISSUES}/events/{{event}}", 404, "an unknown id", at={"event": 1}),
]

# what GitHub does on its pages and in GraphQL only

ATTEMPTS += [
    Attempt(f"DELETE /sandbox{ISSUE}", 204, "one", who="alice"),
    Attempt(f"DELETE /sandbox{ISSUE}", 410, "deleted already", at={"number": deleted_issue}, who="alice"),
    Attempt(
        f"POST /sandbox{ISSUE}/transfer", 201, "to a neighbour", body={"repository": f"{OWNER}/depot"}, who="alice"
    ),
    Attempt(f"POST /sandbox{ISSUE}/transfer", 404, "to nowhere", body={"repository": f"{OWNER}/nowhere"}, who="alice"),
]

LABELS = "/repos/{owner}/{repo}/labels"
MAKERS |= {f"{LABELS}/{{name}} name": Stage.label}

ATTEMPTS += [
    Attempt(f"GET {LABELS}", 200, "a page", query="per_page=2"),
    Attempt(
        f"POST {LABELS}", 201, "with a colour", body={"name": "a fresh label", "color": "D73A4A", "description": "x"}
    ),
    Attempt(f"POST {LABELS}", 422, "taken, in other letters", body={"name": "BUG", "color": "d73a4a"}),
    Attempt(f"POST {LABELS}", 422, "a name of 51 characters", body={"name": "x" * 51, "color": "d73a4a"}),
    Attempt(f"POST {LABELS}", 422, "a colour with a hash", body={"name": "hash", "color": "#d73a4a"}),
    Attempt(f"POST {LABELS}", 422, "a description of 101", body={"name": "long", "description": "x" * 101}),
    Attempt(f"POST {LABELS}", 422, "no name", body={"color": "d73a4a"}),
    Attempt(f"GET {LABELS}/{{name}}", 200, "one"),
    Attempt(f"GET {LABELS}/{{name}}", 404, "an unknown one", at={"name": "no such label"}),
    Attempt(
        f"PATCH {LABELS}/{{name}}", 200, "another name", body=lambda stage: {"new_name": f"renamed {stage.next()}"}
    ),
    Attempt(f"PATCH {LABELS}/{{name}}", 422, "a name that is taken", body={"new_name": "bug"}),
    Attempt(f"PATCH {LABELS}/{{name}}", 404, "an unknown one", body={"color": "000000"}, at={"name": "no such label"}),
    Attempt(f"DELETE {LABELS}/{{name}}", 204, "one"),
    Attempt(f"DELETE {LABELS}/{{name}}", 404, "an unknown one", at={"name": "no such label"}),
]

MILESTONES = "/repos/{owner}/{repo}/milestones"
MILESTONE = f"{MILESTONES}/{{milestone}}"
MAKERS |= {"milestone": Stage.milestone}

ATTEMPTS += [
    Attempt(f"GET {MILESTONES}", 200, "a page", before=Stage.milestone, query="state=all&per_page=1"),
    Attempt(
        f"POST {MILESTONES}",
        201,
        "with everything",
        body=lambda stage: {
            "title": f"Phase {stage.next()}",
            "state": "closed",
            "description": "x",
            "due_on": "2030-01-31T08:00:00Z",
        },
    ),
    Attempt(f"POST {MILESTONES}", 422, "without a title", body={"description": "x"}),
    Attempt(
        f"POST {MILESTONES}",
        422,
        "a title that is taken",
        before=lambda stage: stage.ask("POST", f"{stage.root}/milestones", json={"title": "Taken"}),
        body={"title": "Taken"},
    ),
    Attempt(f"POST {MILESTONES}", 422, "a date that is none", body={"title": "Dated", "due_on": "tomorrow"}),
    Attempt(f"GET {MILESTONE}", 200, "one"),
    Attempt(f"GET {MILESTONE}", 404, "an unknown number", at={"milestone": 99999}),
    Attempt(f"PATCH {MILESTONE}", 200, "closed", body={"state": "closed", "due_on": "2030-01-31T08:00:00Z"}),
    Attempt(f"PATCH {MILESTONE}", 404, "an unknown number", body={"state": "closed"}, at={"milestone": 99999}),
    Attempt(f"PATCH {MILESTONE}", 422, "an unknown state", body={"state": "ajar"}),
    Attempt(f"DELETE {MILESTONE}", 204, "one"),
    Attempt(f"DELETE {MILESTONE}", 404, "an unknown number", at={"milestone": 99999}),
    Attempt(
        f"GET {MILESTONE}/labels",
        200,
        "of its issues",
        at={"milestone": _milestone_with_labels},
    ),
]


# sub-issues


def issue_id(stage: Stage, number: int) -> int:
    """An issue's id, which sub-issues are named by."""
    found: int = stage.want("GET", f"{stage.root}/issues/{number}")["id"]
    return found


def family(stage: Stage) -> tuple[int, int]:
    """A parent and its only sub-issue, by number."""
    parent, child = stage.issue(), stage.issue()
    stage.want("POST", f"{stage.root}/issues/{parent}/sub_issues", json={"sub_issue_id": issue_id(stage, child)})
    return parent, child


def _with_family(stage: Stage) -> None:
    """Remember a parent and two children, so that address and body name the same ones."""
    parent, first = family(stage)
    second = stage.issue()
    stage.want("POST", f"{stage.root}/issues/{parent}/sub_issues", json={"sub_issue_id": issue_id(stage, second)})
    stage.kept = {"parent": parent, "first": issue_id(stage, first), "second": issue_id(stage, second)}


ATTEMPTS += [
    Attempt(f"GET {ISSUE}/sub_issues", 200, "one", at={"number": lambda stage: family(stage)[0]}),
    Attempt(f"GET {ISSUE}/sub_issues", 410, "of a deleted issue", at={"number": deleted_issue}),
    Attempt(
        f"POST {ISSUE}/sub_issues", 201, "one", body=lambda stage: {"sub_issue_id": issue_id(stage, stage.issue())}
    ),
    Attempt(
        f"POST {ISSUE}/sub_issues",
        422,
        "one that has a parent",
        body=lambda stage: {"sub_issue_id": issue_id(stage, family(stage)[1])},
    ),
    Attempt(f"POST {ISSUE}/sub_issues", 404, "an unknown id", body={"sub_issue_id": 1}),
    Attempt(f"POST {ISSUE}/sub_issues", 422, "no id", body={}),
    Attempt(
        f"DELETE {ISSUE}/sub_issue",
        200,
        "one",
        before=_with_family,
        at={"number": lambda stage: stage.kept["parent"]},
        body=lambda stage: {"sub_issue_id": stage.kept["first"]},
    ),
    Attempt(f"DELETE {ISSUE}/sub_issue", 404, "an unknown id", body={"sub_issue_id": 1}),
    Attempt(
        f"PATCH {ISSUE}/sub_issues/priority",
        200,
        "behind the other",
        before=_with_family,
        at={"number": lambda stage: stage.kept["parent"]},
        body=lambda stage: {"sub_issue_id": stage.kept["first"], "after_id": stage.kept["second"]},
    ),
    Attempt(
        f"PATCH {ISSUE}/sub_issues/priority",
        422,
        "beside a stranger",
        before=_with_family,
        at={"number": lambda stage: stage.kept["parent"]},
        body=lambda stage: {"sub_issue_id": stage.kept["first"], "after_id": 1},
    ),
    Attempt(f"GET {ISSUE}/parent", 200, "one", at={"number": lambda stage: family(stage)[1]}),
    Attempt(f"GET {ISSUE}/parent", 404, "none"),
]
