"""Clients that are not ours work against the box without knowing it: PyGithub and githubkit, in the GHES layout."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import github
import pytest
from github import Auth, Github, GithubIntegration
from githubkit import AppAuthStrategy, AppInstallationAuthStrategy, GitHub
from githubkit.cache import MemCacheStrategy
from githubkit.exception import RequestFailed

from tests.conformance.stage import OWNER, REPO, Stage, staged
from tests.support.conformance import API_VERSION

FULL_NAME = f"{OWNER}/{REPO}"


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as found:
        yield found


def many_issues(stage: Stage, count: int) -> None:
    """Open issues until the repository has that many open ones."""
    opened = len(all_open(stage))
    for _ in range(count - opened):
        stage.issue()


def all_open(stage: Stage) -> list[int]:
    """The numbers of all open issues, by following `Link`."""
    path: str | None = f"{stage.root}/issues?per_page=100"
    found: list[int] = []
    while path:
        answer = stage.ask("GET", path)
        found += [item["number"] for item in answer.json()]
        path = answer.links.get("next", {}).get("url")
    return found


# PyGithub


def pygithub(stage: Stage, auth: Any) -> Any:
    return Github(auth=auth, base_url=stage.api, retry=None, seconds_between_requests=0, seconds_between_writes=0)


@pytest.fixture
def as_pygithub(stage: Stage) -> Iterator[Any]:
    """PyGithub, signed in as the installation."""
    app = Auth.AppAuth(stage.app.id, stage.app.pem)
    integration = GithubIntegration(auth=app, base_url=stage.api, seconds_between_requests=0, seconds_between_writes=0)
    with contextlib.closing(integration):
        token = Auth.Token(integration.get_access_token(stage.installation).token)
        with contextlib.closing(pygithub(stage, token)) as client:
            yield client


def test_pygithub_signs_in_as_the_app_and_finds_its_installation(stage: Stage) -> None:
    app = Auth.AppAuth(stage.app.id, stage.app.pem)
    with contextlib.closing(GithubIntegration(auth=app, base_url=stage.api, seconds_between_requests=0)) as integration:
        assert integration.get_app().slug == stage.app.slug
        assert [found.id for found in integration.get_installations()] == [stage.installation]
        assert integration.get_repo_installation(OWNER, REPO).id == stage.installation
        token = integration.get_access_token(stage.installation, permissions={"issues": "read"})
        assert token.permissions == {"issues": "read", "metadata": "read"}
        assert token.expires_at.tzinfo is not None


def test_pygithub_opens_labels_milestones_comments_and_closes(stage: Stage, as_pygithub: Any) -> None:
    repo = as_pygithub.get_repo(FULL_NAME)
    milestone = repo.create_milestone("From PyGithub", state="open", description="x")
    label = repo.create_label("from pygithub", "0e8a16", "made by a public client")

    issue = repo.create_issue("Opened by PyGithub", body="Hello", labels=[label], milestone=milestone)
    issue.add_to_labels("bug")
    issue.remove_from_labels("from pygithub")
    comment = issue.create_comment("First")
    comment.edit("Second")
    issue.edit(title="Edited by PyGithub", state="closed", state_reason="not_planned")

    found = repo.get_issue(issue.number)
    assert found.title == "Edited by PyGithub"
    assert [label.name for label in found.labels] == ["bug"]
    assert found.milestone.number == milestone.number
    assert (found.state, found.state_reason) == ("closed", "not_planned")
    assert [comment.body for comment in found.get_comments()] == ["Second"]
    assert found.user.login == f"{stage.app.slug}[bot]"
    assert {"labeled", "unlabeled", "closed", "renamed"} <= {event.event for event in found.get_events()}
    assert "commented" in {event.event for event in found.get_timeline()}


def test_pygithub_pages_through_a_hundred_and_fifty_issues(stage: Stage, as_pygithub: Any) -> None:
    many_issues(stage, 150)

    repo = as_pygithub.get_repo(FULL_NAME)
    before = len(stage.box.requests)
    numbers = [issue.number for issue in repo.get_issues(state="open")]
    asked = len(stage.box.requests) - before

    assert len(numbers) == len(set(numbers)) == 150
    assert numbers == sorted(numbers, reverse=True)
    assert asked == 5, "thirty to a page, since nothing else was asked for"
    assert repo.get_issues(state="open").totalCount == 150


def test_pygithub_raises_typed_errors(stage: Stage, as_pygithub: Any) -> None:
    repo = as_pygithub.get_repo(FULL_NAME)

    with pytest.raises(github.UnknownObjectException) as missing:
        repo.get_issue(99999)
    assert missing.value.status == 404
    with pytest.raises(github.GithubException) as taken:
        repo.create_label("BUG", "d73a4a")
    assert taken.value.status == 422
    assert taken.value.data["errors"] == [{"resource": "Label", "code": "already_exists", "field": "name"}]
    narrowed = pygithub(stage, Auth.Token(stage.mint(permissions={"issues": "read"})))
    with contextlib.closing(narrowed), pytest.raises(github.GithubException) as refused:
        narrowed.get_repo(FULL_NAME).get_issue(stage.issue()).add_to_labels("bug")
    assert refused.value.status == 403
    assert refused.value.data["message"] == "Resource not accessible by integration"
    forged = pygithub(stage, Auth.Token("ghs_unknown"))
    with contextlib.closing(forged), pytest.raises(github.BadCredentialsException):
        forged.get_repo(FULL_NAME)


# githubkit


@contextlib.contextmanager
def githubkit(stage: Stage, auth: Any) -> Iterator[Any]:
    """A githubkit client; it parses every answer into the models of GitHub's description.

    Its cache of tokens is shared by a whole process unless it is given one of its own.
    """
    cache = MemCacheStrategy()
    with GitHub(
        auth, base_url=stage.api, auto_retry=False, http_cache=False, trust_env=False, cache_strategy=cache
    ) as client:
        yield client


@pytest.fixture
def as_githubkit(stage: Stage) -> Iterator[Any]:
    """githubkit, signed in as the installation."""
    with githubkit(stage, AppInstallationAuthStrategy(stage.app.id, stage.app.pem, stage.installation)) as client:
        yield client


def test_githubkit_signs_in_as_the_app(stage: Stage) -> None:
    with githubkit(stage, AppAuthStrategy(stage.app.id, stage.app.pem)) as client:
        apps = client.rest(API_VERSION).apps
        assert apps.get_authenticated().parsed_data.slug == stage.app.slug
        assert [found.id for found in apps.list_installations().parsed_data] == [stage.installation]
        assert apps.get_repo_installation(OWNER, REPO).parsed_data.id == stage.installation
        assert apps.get_webhook_config_for_app().parsed_data.content_type == "json"


def test_githubkit_opens_labels_milestones_comments_and_closes(stage: Stage, as_githubkit: Any) -> None:
    issues = as_githubkit.rest(API_VERSION).issues
    milestone = issues.create_milestone(OWNER, REPO, title="From githubkit").parsed_data
    issues.create_label(OWNER, REPO, name="from githubkit", color="0e8a16")

    number = issues.create(
        OWNER, REPO, title="Opened by githubkit", labels=["from githubkit"], milestone=milestone.number
    ).parsed_data.number
    issues.add_labels(OWNER, REPO, number, labels=["bug"])
    issues.remove_label(OWNER, REPO, number, "from githubkit")
    comment = issues.create_comment(OWNER, REPO, number, body="First").parsed_data
    issues.update_comment(OWNER, REPO, comment.id, body="Second")
    issues.update(OWNER, REPO, number, state="closed", state_reason="completed")

    found = issues.get(OWNER, REPO, number).parsed_data
    assert [label.name for label in found.labels] == ["bug"]
    assert found.milestone.title == "From githubkit"
    assert (found.state, found.state_reason) == ("closed", "completed")
    assert [comment.body for comment in issues.list_comments(OWNER, REPO, number).parsed_data] == ["Second"]
    assert found.performed_via_github_app.id == stage.app.id
    assert len(issues.list_events_for_timeline(OWNER, REPO, number).parsed_data) >= 6


def test_githubkit_pages_through_a_hundred_and_fifty_issues(stage: Stage, as_githubkit: Any) -> None:
    many_issues(stage, 150)

    listing = as_githubkit.rest(API_VERSION).issues.list_for_repo
    pages = as_githubkit.rest.paginate(listing, owner=OWNER, repo=REPO, state="open", per_page=100)
    numbers = [issue.number for issue in pages]

    assert len(numbers) == len(set(numbers)) == 150


def test_githubkit_reads_errors_as_the_description_types_them(stage: Stage, as_githubkit: Any) -> None:
    issues = as_githubkit.rest(API_VERSION).issues

    with pytest.raises(RequestFailed) as missing:
        issues.get(OWNER, REPO, 99999)
    assert missing.value.response.status_code == 404
    assert missing.value.response.parsed_data.message == "Not Found"
    with pytest.raises(RequestFailed) as taken:
        issues.create_label(OWNER, REPO, name="BUG", color="d73a4a")
    assert taken.value.response.parsed_data.errors[0].code == "already_exists"
    number = stage.issue()
    narrowed = AppInstallationAuthStrategy(
        stage.app.id, stage.app.pem, stage.installation, permissions={"issues": "read"}
    )
    with githubkit(stage, narrowed) as client, pytest.raises(RequestFailed) as refused:
        client.rest(API_VERSION).issues.update(OWNER, REPO, number, labels=["bug"])
    assert refused.value.response.status_code == 403
    assert refused.value.response.parsed_data.message == "Resource not accessible by integration"
