"""Trouble on request, and limits that bite where they are switched on."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.integration.sandbox.conftest import World

REPO = "/repos/acme-demo/storefront"


def test_h42_every_broken_answer_comes_once_and_then_all_is_well(world: World) -> None:
    faults = world.box.faults
    with world.as_installation() as github:
        faults.server_error(502)
        assert github.get(f"{REPO}/issues/1").json() == {"message": "Server Error"}
        faults.server_error(503, html=True)
        page = github.get(f"{REPO}/issues/1")
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        faults.html()
        assert github.get(f"{REPO}/issues/1").text.startswith("<html>")
        faults.empty()
        empty = github.get(f"{REPO}/issues/1")
        assert (empty.status_code, empty.content) == (200, b"")
        faults.truncate()
        with pytest.raises(httpx.RemoteProtocolError, match="peer closed"):
            github.get(f"{REPO}/issues/1")
        faults.reset()
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            github.get(f"{REPO}/issues/1")
        assert github.get(f"{REPO}/issues/1").json()["number"] == 1


def test_h44_an_answer_may_come_piece_by_piece(world: World) -> None:
    with world.as_installation() as github:
        world.box.faults.drip(0.4)
        with github.stream("GET", f"{REPO}/issues/1") as answer:
            pieces = list(answer.iter_raw())

    assert len(pieces) > 1
    assert b'"number":1,' in b"".join(pieces)


def test_h48_a_fresh_token_may_be_unknown_for_a_moment(world: World) -> None:
    with world.as_installation() as github:
        world.box.faults.unauthorized(count=2)
        codes = [github.get(f"{REPO}/issues/1").status_code for _ in range(3)]

    assert codes == [401, 401, 200]


def test_a_bug_of_the_box_is_a_500_and_is_kept(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.box.issue("acme-demo/storefront", 1).labels.append(None)  # type: ignore[arg-type]  # breaks the box on purpose
    with world.as_installation() as github:
        answer = github.get(f"{REPO}/issues/1")

    assert (answer.status_code, answer.json()["message"]) == (500, "Server Error")
    assert [type(bug) for bug in world.box.bugs] == [AttributeError]
    assert "the box could not answer" in caplog.text
    world.box.bugs.clear()


def test_h21_before_a_reset_nothing_and_before_a_lost_answer_everything_was_done(world: World) -> None:
    which: dict[str, Any] = {"method": "POST", "path": "/repos/*/labels"}
    with world.as_installation() as github:
        for fault, labels in ((world.box.faults.reset, []), (world.box.faults.lose_answer, ["bug"])):
            fault(**which)
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                github.post(f"{REPO}/issues/14/labels", json={"labels": ["bug"]})
            assert [label["name"] for label in github.get(f"{REPO}/issues/14/labels").json()] == labels


def test_a_fault_strikes_its_method_and_path_only_by_name_or_by_id(world: World) -> None:
    number = world.box.repository("acme-demo/storefront").id
    fault = world.box.faults.server_error(500, method="write", path="/repos/acme-demo/storefront/*", count=None, skip=1)
    with world.as_installation() as github:
        codes = [
            github.get(f"{REPO}/issues/14").status_code,
            github.patch(f"{REPO}/issues/14", json={}).status_code,
            github.patch(f"{REPO}/issues/14", json={}).status_code,
            github.patch(f"/repositories/{number}/issues/14", json={}).status_code,
            github.post("/repos/acme-demo/tools/issues/1/labels", json={"labels": []}).status_code,
        ]
        world.box.faults.remove(fault)
        codes.append(github.patch(f"{REPO}/issues/14", json={}).status_code)

    assert codes == [200, 200, 500, 500, 200, 200]
    assert fault.struck == 2


def test_chances_are_repeatable_by_their_seed(world: World) -> None:
    def pattern() -> list[int]:
        world.box.faults.clear()
        world.box.faults.seed(11)
        world.box.faults.server_error(500, count=None, probability=0.5)
        with world.client() as github:
            return [github.get("/meta").status_code for _ in range(12)]

    first = pattern()
    assert first == pattern()
    assert set(first) == {200, 500}


@pytest.mark.parametrize(
    ("kind", "message", "header"),
    [
        ("rate-primary", "API rate limit exceeded", ("x-ratelimit-remaining", "0")),
        ("secondary", "You have exceeded a secondary rate limit", ("retry-after", "60")),
        ("secondary-without-retry-after", "You have exceeded a secondary rate limit", ("retry-after", None)),
        ("archived", "Repository was archived so is read-only.", ("retry-after", None)),
        ("suspended", "This installation has been suspended", ("retry-after", None)),
        ("blocked", "Repository access blocked", ("retry-after", None)),
        ("permission", "Resource not accessible by integration", ("retry-after", None)),
    ],
)
def test_h40_every_kind_of_403(world: World, kind: str, message: str, header: tuple[str, str | None]) -> None:
    with world.as_installation() as github:
        world.box.faults.forbidden(kind)
        answer = github.get(f"{REPO}/issues/1")

    assert answer.status_code == 403
    assert answer.json()["message"].startswith(message)
    assert answer.headers.get(header[0]) == header[1]


@pytest.mark.parametrize("retry_after", ["120", "Wed, 21 Oct 2026 07:28:00 GMT", "0", "-5", "1000000000", None])
def test_h41_a_429_carries_the_header_exactly_as_asked_for(world: World, retry_after: str | None) -> None:
    with world.as_installation() as github:
        world.box.faults.too_many(retry_after)
        answer = github.get(f"{REPO}/issues/1")

    assert answer.status_code == 429
    assert answer.headers.get("retry-after") == retry_after


def test_h38_a_replica_that_lags_shows_404_for_what_is_new_and_the_old_state_for_what_changed(world: World) -> None:
    with world.as_installation() as github:
        world.box.faults.replica_lag(reads=2)
        made = github.post(f"{REPO}/issues", json={"title": "New"}).json()["url"]
        new = [github.get(made).status_code for _ in range(3)]
        github.post(f"{REPO}/issues/14/labels", json={"labels": ["bug"]})
        changed = [len(github.get(f"{REPO}/issues/14").json()["labels"]) for _ in range(3)]

    assert new == [404, 404, 200]
    assert changed == [0, 0, 1]


def test_h38_a_lag_in_seconds_ends_by_the_boxs_clock(world: World) -> None:
    with world.as_installation() as github:
        world.box.faults.replica_lag(seconds=5)
        github.patch(f"{REPO}/issues/14", json={"title": "Later"})
        early = github.get(f"{REPO}/issues/14").json()["title"]
        world.box.clock.advance(5)
        late = github.get(f"{REPO}/issues/14").json()["title"]

    assert (early, late) == ("Customers want to change the delivery address", "Later")


def test_h39_new_labels_may_be_answered_issue_not_found(world: World) -> None:
    with world.as_installation() as github:
        world.box.faults.issue_not_found()
        answer = github.post(f"{REPO}/issues/14/labels", json={"labels": ["bug"]})
        again = github.post(f"{REPO}/issues/14/labels", json={"labels": ["bug"]})

    assert (answer.status_code, answer.json()["message"]) == (422, "Issue not found")
    assert again.status_code == 200


def test_the_primary_limit_bites_until_the_hour_is_over(world: World) -> None:
    world.box.settings.primary_limit = 5
    with world.as_installation() as github, world.as_person("mira") as other:
        codes = [github.get(f"{REPO}/issues/1").status_code for _ in range(6)]
        refused = github.get(f"{REPO}/issues/1")
        free = github.get("/rate_limit")
        elsewhere = other.get(f"{REPO}/issues/1")
    world.box.clock.advance(3601)
    with world.as_installation() as github:
        again = github.get(f"{REPO}/issues/1")

    assert codes == [200] * 5 + [403]
    assert refused.json()["message"] == f"API rate limit exceeded for installation ID {world.installation_id}."
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert free.json()["resources"]["core"]["remaining"] == 0
    assert elsewhere.status_code == 200
    assert (again.status_code, again.headers["x-ratelimit-used"]) == (200, "1")


def test_secondary_limits_count_points_and_content_by_the_minute(world: World) -> None:
    with world.as_installation() as github:
        world.box.settings.points_per_minute = 11
        codes = [github.patch(f"{REPO}/issues/14", json={}).status_code for _ in range(3)]
        one_more_read = github.get(f"{REPO}/issues/14")
        world.box.settings.points_per_minute = None
        world.box.settings.content_per_minute = 2
        made = [github.post(f"{REPO}/issues", json={"title": "x"}) for _ in range(3)]
        world.box.clock.advance(61)
        again = github.post(f"{REPO}/issues", json={"title": "x"})

    assert codes == [200, 200, 403]
    assert one_more_read.status_code == 200
    assert [answer.status_code for answer in made] == [201, 201, 403]
    assert made[2].headers["retry-after"] == "60"
    assert again.status_code == 201
    assert world.box.limits.refused == 2


def test_too_many_requests_at_the_same_time_are_refused(world: World) -> None:
    world.box.settings.concurrent = 2
    unfinished = b"POST /api/v3/markdown HTTP/1.1\r\nHost: box\r\nContent-Length: 9\r\n\r\nhalf"
    with world.client() as github:
        free = github.get("/meta").status_code
        with contextlib.ExitStack() as stack:
            for _ in range(2):
                line = stack.enter_context(socket.create_connection(("127.0.0.1", world.running.port)))
                line.sendall(unfinished)
            refused = until(lambda: github.get("/meta"), 403)
        again = until(lambda: github.get("/meta"), 200)

    assert free == 200
    assert refused.json()["message"].startswith("You have exceeded a secondary rate limit")
    assert again.status_code == 200


def until(ask: Callable[[], httpx.Response], status: int) -> httpx.Response:
    """Ask again until the answer has the status; the box learns of a connection a moment later than its maker."""
    deadline = time.monotonic() + 10
    while (answer := ask()).status_code != status:
        assert time.monotonic() < deadline, f"still {answer.status_code}"
    return answer
