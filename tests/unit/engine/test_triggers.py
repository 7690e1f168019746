"""What each event asks for; every event and action GitHub publishes is in the list."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from engine.github_events import ACTIONS_BY_EVENT
from engine.model import IssueRef, Trigger
from engine.triggers import (
    MOST_REFERENCES,
    asked,
    everything_published,
    is_published,
    issues_of,
    references,
    relevance,
    trigger_of,
)

REPO = {"id": 5, "full_name": "acme/shop", "default_branch": "main"}


def payload(**fields: Any) -> dict[str, Any]:
    return {"repository": REPO, **fields}


def described() -> dict[str, set[str]]:
    """Events and actions of the generated models, read from their source: importing them takes seconds."""
    spec = find_spec("githubkit_schemas")
    assert (spec is not None and spec.origin is None) or spec is not None
    found: dict[str, set[str]] = {}
    for root in spec.submodule_search_locations or ():
        for module in sorted(Path(root).glob("v*/webhooks/[a-z]*.py")):
            actions = found.setdefault(module.stem, set())
            for node in ast.walk(ast.parse(module.read_text())):
                if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "action_types":
                    assert isinstance(node.value, ast.Dict)
                    actions.update(str(key.value) for key in node.value.keys if isinstance(key, ast.Constant))
    return found


def test_every_event_and_action_of_githubs_description_is_listed() -> None:
    known = described()

    assert len(known) > 70
    for event, actions in known.items():
        assert event in ACTIONS_BY_EVENT
        assert actions <= set(ACTIONS_BY_EVENT[event]), event


def test_every_published_event_and_action_has_an_answer_in_words() -> None:
    answers = everything_published()

    assert len(answers) == sum(max(len(actions), 1) for actions in ACTIONS_BY_EVENT.values())
    assert len({(answer.event, answer.action) for answer in answers}) == len(answers)
    for answer in answers:
        assert answer.published
        assert answer.why.endswith(".")


@pytest.mark.parametrize(
    ("event", "action", "scope"),
    [
        ("issues", "opened", "issues"),
        ("issues", "labeled", "issues"),
        ("issues", "typed", "issues"),
        ("issues", "deleted", "nothing"),
        ("issues", "transferred", "nothing"),
        ("issue_comment", "deleted", "issues"),
        ("sub_issues", "parent_issue_added", "issues"),
        ("pull_request", "opened", "issues"),
        ("pull_request", "labeled", "nothing"),
        ("label", "created", "nothing"),
        ("label", "edited", "repository"),
        ("label", "deleted", "repository"),
        ("milestone", "closed", "repository"),
        ("push", "", "repository"),
        ("repository", "renamed", "installation"),
        ("repository", "archived", "installation"),
        ("repository", "unarchived", "repository"),
        ("repository", "privatized", "nothing"),
        ("installation", "deleted", "installation"),
        ("installation_repositories", "added", "installation"),
        ("installation_target", "renamed", "installation"),
        ("issue_dependencies", "blocked_by_added", "nothing"),
        ("star", "created", "nothing"),
    ],
)
def test_what_an_event_asks_for(event: str, action: str, scope: str) -> None:
    found = relevance(event, action)

    assert (found.scope, found.published) == (scope, True)


def test_h13_ping_and_unknown_events_and_actions_are_recorded_and_nothing_is_done() -> None:
    assert relevance("ping").scope == "nothing"
    assert relevance("ping").published
    for event, action in (("moon_landing", ""), ("issues", "teleported"), ("star", ""), ("", "")):
        found = asked(event, {"action": action, "issue": {"number": 1}, "repository": REPO})
        assert (found.relevance.scope, found.relevance.published, found.issues) == ("nothing", False, ())
        assert "recorded" in found.reason


def test_an_event_without_actions_is_published_whatever_its_action_says() -> None:
    assert is_published("repository_dispatch", "anything")
    assert not is_published("watch", "anything")


def test_an_issue_and_a_comment_name_their_issue() -> None:
    for event in ("issues", "issue_comment"):
        assert issues_of(event, payload(issue={"number": 7})) == (IssueRef("acme/shop", 7, 5),)


def test_a_pull_request_is_an_issue_only_where_that_is_configured() -> None:
    comment = payload(action="created", issue={"number": 7, "pull_request": {"url": "x"}})
    opened = payload(action="labeled", pull_request={"number": 9, "title": "t", "body": "closes #3"})

    assert asked("issue_comment", comment).issues == ()
    assert "no issue that is managed" in asked("issue_comment", comment).reason
    assert asked("issue_comment", comment, pull_requests=True).issues == (IssueRef("acme/shop", 7, 5),)
    assert asked("pull_request", opened).issues == ()
    assert asked("pull_request", opened, pull_requests=True).issues == (
        IssueRef("acme/shop", 9, 5),
        IssueRef("acme/shop", 3, 5),
    )


def test_a_pull_request_names_the_issues_its_title_and_body_refer_to() -> None:
    body = "Fixes #3, closes acme/SHOP#4 and other/repo#5.\nSee https://github.com/acme/shop/issues/6, GH-8, #9 and #3."
    found = asked("pull_request", payload(action="opened", pull_request={"number": 9, "title": "#2", "body": body}))

    assert [ref.number for ref in found.issues] == [2, 3, 4, 6, 8]
    assert found.reason == "The pull request refers to issues."


@pytest.mark.parametrize(
    "text", ["a#1", "x/y/z#1", "&#39;", "#0", "#01", "#1a", "##2", "#12345678901", "foo.#7", "GH-", ""]
)
def test_what_only_looks_like_a_reference_is_none(text: str) -> None:
    assert list(references(text, "acme/shop")) == []


def test_references_are_bounded_and_each_counts_once() -> None:
    crowd = " ".join(f"#{number}" for number in range(1, 500))

    assert len(list(references(crowd + crowd, "acme/shop"))) == MOST_REFERENCES
    assert list(references("#7 #7 (#8)", "acme/shop")) == [7, 8]


def test_a_sub_issue_and_its_parent_are_both_looked_at_in_their_own_repositories() -> None:
    found = issues_of(
        "sub_issues",
        payload(
            sub_issue={"number": 2, "repository_url": "https://api.github.com/repos/acme/shop"},
            parent_issue={"number": 1, "repository_url": "https://api.github.com/repos/acme/plans"},
            parent_issue_repo={"id": 6, "full_name": "acme/plans"},
        ),
    )

    assert found == (IssueRef("acme/plans", 1, 6), IssueRef("acme/shop", 2, 5))


def test_other_events_name_no_issue() -> None:
    assert issues_of("milestone", payload(milestone={"number": 7}, issue={"number": 7})) == ()


def test_a_parent_in_a_repository_only_its_address_names_is_found() -> None:
    parent = {"number": 1, "repository_url": "https://api.github.com/repos/acme/plans"}

    assert issues_of("sub_issues", payload(parent_issue=parent)) == (IssueRef("acme/plans", 1, 0),)


@pytest.mark.parametrize("nothing", [None, 0, -1, True, "7", [], {}, 1.5])
def test_h17_nulls_and_missing_fields_are_no_errors(nothing: Any) -> None:
    for event in ACTIONS_BY_EVENT:
        for fields in (
            {},
            {"issue": nothing, "pull_request": nothing, "sender": nothing, "parent_issue": nothing},
            {"issue": {"number": nothing}, "pull_request": {"number": nothing, "title": nothing, "body": nothing}},
            {"action": nothing, "repository": nothing, "commits": nothing, "changes": nothing},
            {"action": "edited", "repository": {"full_name": nothing, "id": nothing}, "issue": {"number": 7}},
        ):
            assert asked(event, fields).issues == ()
            assert trigger_of(event, fields).sender_id in {0, 1}


def commits(*paths: str) -> list[Any]:
    return [{"added": [], "modified": list(paths), "removed": []}]


@pytest.mark.parametrize(
    ("fields", "scope"),
    [
        ({"ref": "refs/heads/main", "commits": commits(".github/task-assistant.yml")}, "repository"),
        ({"ref": "refs/heads/main", "commits": [{"removed": [".github/task-assistant.yml"]}]}, "repository"),
        ({"ref": "refs/heads/main", "commits": [{"added": [".github/task-assistant.yml"]}]}, "repository"),
        ({"ref": "refs/heads/main", "commits": commits("README.md")}, "nothing"),
        ({"ref": "refs/heads/main", "commits": commits("README.md"), "forced": True}, "repository"),
        ({"ref": "refs/heads/main", "commits": []}, "repository"),
        ({"ref": "refs/heads/main", "commits": commits("README.md") * 2048}, "repository"),
        ({"ref": "refs/heads/other", "commits": commits(".github/task-assistant.yml")}, "nothing"),
        ({"ref": "refs/heads/main", "deleted": True, "commits": []}, "nothing"),
        ({"ref": "refs/heads/main", "commits": [None, {"added": None}]}, "nothing"),
    ],
)
def test_a_push_matters_when_it_may_have_changed_the_configuration(fields: dict[str, Any], scope: str) -> None:
    assert asked("push", payload(**fields)).relevance.scope == scope


def test_an_edited_repository_matters_when_its_default_branch_is_another() -> None:
    edited = payload(action="edited", changes={"default_branch": {"from": "master"}})

    assert asked("repository", edited).relevance.scope == "repository"
    assert asked("repository", payload(action="edited", changes={"homepage": {}})).relevance.scope == "nothing"


def test_the_trigger_knows_the_apps_own_hand_by_its_user_id() -> None:
    fields = payload(action="labeled", sender={"id": 99, "login": "shop-bot[bot]"})

    assert trigger_of("issues", fields, "guid", app_user_id=99) == Trigger(
        "delivery", "issues", "labeled", "guid", "shop-bot[bot]", 99, by_app=True
    )
    assert not trigger_of("issues", fields, "guid", app_user_id=98).by_app
    assert not trigger_of("issues", payload(sender=None)).by_app


def test_a_pull_request_counts_as_an_issue_only_where_that_is_asked() -> None:
    pull = {"number": 9, "title": "Mend", "body": "Closes #7"}
    found = payload(pull_request=pull)
    seen = payload(issue={"number": 9, "pull_request": {}})

    assert issues_of("pull_request", found) == (IssueRef("acme/shop", 7, 5),)
    assert issues_of("pull_request", found, pull_requests=True) == (
        IssueRef("acme/shop", 9, 5),
        IssueRef("acme/shop", 7, 5),
    )
    assert issues_of("issues", seen) == ()
    assert issues_of("issues", seen, pull_requests=True) == (IssueRef("acme/shop", 9, 5),)
    assert issues_of("sub_issues", payload(sub_issue={"number": 9, "pull_request": {}})) == ()


def test_an_event_without_actions_is_published_without_one_and_is_itself_whatever_the_payload_calls_it() -> None:
    assert {(each.event, each.action) for each in everything_published()} >= {("push", ""), ("ping", "")}
    assert relevance("push", "forged").scope == "repository"
    assert relevance("push").action == ""
    assert not is_published("issues")
    assert trigger_of("ping", {}) == Trigger("delivery", "ping")
    assert not trigger_of("ping", {"sender": {"id": 1}}).by_app


def test_what_no_rule_looks_at_says_so() -> None:
    found = relevance("star", "created")

    assert (found.scope, found.why, found.published) == ("nothing", "No rule looks at this event.", True)


@pytest.mark.parametrize("commits", [None, "none", 3])
def test_a_push_whose_commits_are_not_listed_is_looked_at(commits: object) -> None:
    pushed = payload(ref="refs/heads/main", commits=commits)

    assert asked("push", pushed).relevance.scope == "repository"


@pytest.mark.parametrize("number", [0, -5, True, "7", None])
def test_what_is_no_number_of_an_issue_names_none(number: object) -> None:
    assert issues_of("issues", payload(issue={"number": number})) == ()
