"""For every event and action the box can send: something that makes it happen."""

from __future__ import annotations

from collections.abc import Callable

from tassist.sandbox import app_registry, issue_changes
from tassist.sandbox.events import SENT
from tests.conformance.app_attempts import spare_installation
from tests.conformance.content_attempts import branch, commit, encoded, file, head
from tests.conformance.issue_attempts import family, issue_id
from tests.conformance.repository_attempts import spare_repository
from tests.conformance.stage import OTHER_REPO, OWNER, REPO, Stage

Provoke = Callable[[Stage], object]


def _edit(**fields: object) -> Provoke:
    def provoke(stage: Stage) -> object:
        return stage.want("PATCH", f"{stage.root}/issues/{_full_issue(stage)}", json=fields, who="alice")

    return provoke


def _full_issue(stage: Stage) -> int:
    """An issue that has everything an issue in a payload can show."""
    number = stage.issue(
        body="text",
        labels=[stage.label(description="x")],
        milestone=stage.milestone(due_on="2030-01-31T08:00:00Z"),
        assignees=["alice"],
    )
    stage.comment(number)
    return number


def _closed(stage: Stage) -> str:
    where = f"{stage.root}/issues/{_full_issue(stage)}"
    stage.want("PATCH", where, json={"state": "closed", "state_reason": "not_planned"})
    return where


def _locked(stage: Stage) -> str:
    where = f"{stage.root}/issues/{_full_issue(stage)}/lock"
    stage.want("PUT", where, json={"lock_reason": "resolved"})
    return where


def _pin(stage: Stage, *, again: bool) -> None:
    number = stage.issue()
    with stage.box.lock:
        issue = stage.box.issue(f"{OWNER}/{REPO}", number)
        issue_changes.set_pinned(stage.box, stage.box.by("alice"), issue, pinned=True)
        if again:
            issue_changes.set_pinned(stage.box, stage.box.by("alice"), issue, pinned=False)


def _transfer(stage: Stage) -> object:
    where = f"/sandbox{stage.root}/issues/{_full_issue(stage)}/transfer"
    return stage.want("POST", where, json={"repository": f"{OWNER}/{OTHER_REPO}"}, who="alice")


def _repository(**fields: object) -> Provoke:
    def provoke(stage: Stage) -> object:
        return stage.want("PATCH", f"/repos/{OWNER}/{spare_repository(stage)}", json=fields, who="alice")

    return provoke


def _repository_twice(first: dict[str, object], second: dict[str, object]) -> Provoke:
    def provoke(stage: Stage) -> None:
        where = f"/repos/{OWNER}/{spare_repository(stage)}"
        stage.want("PATCH", where, json=first, who="alice")
        stage.want("PATCH", where, json=second, who="alice")

    return provoke


def _transfer_repository(stage: Stage) -> object:
    return stage.want(
        "POST", f"/repos/{OWNER}/{spare_repository(stage)}/transfer", json={"new_owner": "alice"}, who="alice"
    )


def _select(stage: Stage) -> None:
    """Take a repository away from an installation and give it back."""
    stage.box.select_repositories(stage.installation, [REPO])
    stage.box.select_repositories(stage.installation, None)


def _suspend(stage: Stage) -> None:
    installation = spare_installation(stage)
    stage.box.suspend(installation)
    stage.box.unsuspend(installation)
    stage.box.uninstall(installation)


def _pull_request(stage: Stage) -> str:
    """A pull request's address among the issues; only a seed can bring one."""
    number = _full_issue(stage)
    stage.box.issue(f"{OWNER}/{REPO}", number).is_pull_request = True
    return f"{stage.root}/issues/{number}"


def _every_change_of_a_pull_request(stage: Stage) -> None:
    where, milestone = _pull_request(stage), stage.milestone()
    for method, tail, body in (
        ("PATCH", "", {"title": "another", "milestone": milestone, "labels": ["bug"], "assignees": []}),
        ("PATCH", "", {"milestone": None, "labels": [], "assignees": ["alice"]}),
        ("PATCH", "", {"state": "closed"}),
        ("PATCH", "", {"state": "open"}),
        ("PUT", "/lock", {"lock_reason": "resolved"}),
        ("DELETE", "/lock", None),
    ):
        stage.want(method, where + tail, json=body)


def _family(stage: Stage) -> None:
    """A sub-issue comes and goes."""
    parent, child = family(stage)
    where = f"{stage.root}/issues/{parent}/sub_issue"
    stage.want("DELETE", where, json={"sub_issue_id": issue_id(stage, child)})


def _push(stage: Stage) -> None:
    """A first commit, a second one that changes and removes, a branch that comes, is forced and goes."""
    where = f"{stage.root}/contents/{file(stage)}"
    sent = {"message": "Change", "content": encoded("other"), "sha": stage.want("GET", where)["sha"]}
    stage.want("PUT", where, json=sent, who="alice")
    stage.want("DELETE", where, json={"message": "Remove", "sha": stage.want("GET", where)["sha"]})
    name, parent = branch(stage), head(stage)
    stage.want("PATCH", f"{stage.root}/git/refs/heads/{name}", json={"sha": commit(stage), "force": True})
    stage.want("PATCH", f"{stage.root}/git/refs/heads/{name}", json={"sha": parent, "force": True})
    stage.want("DELETE", f"{stage.root}/git/refs/heads/{name}")


def _ping(stage: Stage) -> object:
    return stage.box.webhooks.ping(stage.box.app(stage.app.id))


def _accept(stage: Stage) -> None:
    """The account's owner accepts what the App asks for by now."""
    with stage.box.lock:
        app_registry.accept_permissions(stage.box, stage.box.installation(stage.installation))


PROVOCATIONS: dict[tuple[str, str | None], Provoke] = {
    ("issues", "opened"): lambda stage: stage.want("POST", f"{stage.root}/issues", json={"title": "x"}, who="alice"),
    ("issues", "edited"): _edit(title="another", body="other"),
    ("issues", "closed"): _closed,
    ("issues", "reopened"): lambda stage: stage.want("PATCH", _closed(stage), json={"state": "open"}),
    ("issues", "labeled"): lambda stage: stage.want(
        "POST", f"{stage.root}/issues/{_full_issue(stage)}/labels", json={"labels": ["bug"]}
    ),
    ("issues", "unlabeled"): lambda stage: stage.want("DELETE", f"{stage.root}/issues/{_full_issue(stage)}/labels"),
    ("issues", "milestoned"): _full_issue,
    ("issues", "demilestoned"): _edit(milestone=None),
    ("issues", "assigned"): _full_issue,
    ("issues", "unassigned"): _edit(assignees=[]),
    ("issues", "locked"): _locked,
    ("issues", "unlocked"): lambda stage: stage.want("DELETE", _locked(stage)),
    ("issues", "pinned"): lambda stage: _pin(stage, again=False),
    ("issues", "unpinned"): lambda stage: _pin(stage, again=True),
    ("issues", "deleted"): lambda stage: stage.want(
        "DELETE", f"/sandbox{stage.root}/issues/{_full_issue(stage)}", who="alice"
    ),
    ("issues", "transferred"): _transfer,
    ("issue_comment", "created"): Stage.comment,
    ("issue_comment", "edited"): lambda stage: stage.want(
        "PATCH", f"{stage.root}/issues/comments/{stage.comment()}", json={"body": "better"}
    ),
    ("issue_comment", "deleted"): lambda stage: stage.want(
        "DELETE", f"{stage.root}/issues/comments/{stage.comment()}", who="alice"
    ),
    ("label", "created"): Stage.label,
    ("label", "edited"): lambda stage: stage.want(
        "PATCH",
        f"{stage.root}/labels/{stage.label()}",
        json={"new_name": f"again {stage.next()}", "color": "000000", "description": "y"},
    ),
    ("label", "deleted"): lambda stage: stage.want("DELETE", f"{stage.root}/labels/{stage.label()}"),
    ("milestone", "created"): Stage.milestone,
    ("milestone", "edited"): lambda stage: stage.want(
        "PATCH",
        f"{stage.root}/milestones/{stage.milestone()}",
        json={"title": f"again {stage.next()}", "description": "y", "due_on": "2031-01-31T08:00:00Z"},
    ),
    ("milestone", "closed"): lambda stage: stage.want(
        "PATCH", f"{stage.root}/milestones/{stage.milestone()}", json={"state": "closed"}
    ),
    ("milestone", "opened"): lambda stage: stage.want(
        "PATCH", f"{stage.root}/milestones/{stage.milestone(state='closed')}", json={"state": "open"}
    ),
    ("milestone", "deleted"): lambda stage: stage.want("DELETE", f"{stage.root}/milestones/{stage.milestone()}"),
    ("repository", "created"): spare_repository,
    ("repository", "renamed"): lambda stage: _repository(name=f"renamed-{stage.next()}")(stage),
    ("repository", "edited"): _repository(description="x"),
    ("repository", "archived"): _repository(archived=True),
    ("repository", "unarchived"): _repository_twice({"archived": True}, {"archived": False}),
    ("repository", "privatized"): _repository(private=True),
    ("repository", "publicized"): _repository_twice({"private": True}, {"private": False}),
    ("repository", "transferred"): _transfer_repository,
    ("repository", "deleted"): lambda stage: stage.want(
        "DELETE", f"/repos/{OWNER}/{spare_repository(stage)}", who="alice"
    ),
    ("installation", "created"): spare_installation,
    ("installation", "suspend"): _suspend,
    ("installation", "unsuspend"): _suspend,
    ("installation", "deleted"): _suspend,
    ("installation_repositories", "added"): _select,
    ("installation_repositories", "removed"): _select,
    ("installation", "new_permissions_accepted"): _accept,
    ("ping", None): _ping,
    ("push", None): _push,
    **{("sub_issues", action): _family for action in SENT["sub_issues"]},
    **{("pull_request", action): _every_change_of_a_pull_request for action in SENT["pull_request"]},
}
