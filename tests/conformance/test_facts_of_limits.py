"""Rate limits, conditional requests and trouble on request."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from tests.conformance.stage import Stage


def budget(answer: httpx.Response) -> tuple[int, int, int]:
    """Limit, remaining and used."""
    headers = answer.headers
    return tuple(int(headers[f"x-ratelimit-{name}"]) for name in ("limit", "remaining", "used"))  # type: ignore[return-value]


# conditional requests


def test_an_unchanged_answer_is_304_without_a_body_and_costs_nothing(fresh: Stage) -> None:
    where = f"{fresh.root}/issues/{fresh.issue()}"
    first = fresh.ask("GET", where)

    again = fresh.ask("GET", where, headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert budget(again) == budget(first)


def test_a_changed_answer_is_200_again_with_another_etag(fresh: Stage) -> None:
    where = f"{fresh.root}/issues/{fresh.issue()}"
    first = fresh.ask("GET", where)
    fresh.want("PATCH", where, json={"title": "changed"})

    again = fresh.ask("GET", where, headers={"If-None-Match": first.headers["etag"]})

    assert again.status_code == 200
    assert again.headers["etag"] != first.headers["etag"]
    assert budget(again)[2] == budget(first)[2] + 2


def test_any_of_several_etags_will_do(stage: Stage) -> None:
    etag = stage.ask("GET", stage.root).headers["etag"]

    assert stage.ask("GET", stage.root, headers={"If-None-Match": f'"other", {etag}'}).status_code == 304
    assert stage.ask("GET", stage.root, headers={"If-None-Match": '"other"'}).status_code == 200


# the primary limit


def test_each_request_counts_and_the_headers_say_so(fresh: Stage) -> None:
    first, second = fresh.ask("GET", fresh.root), fresh.ask("GET", fresh.root)

    assert budget(first)[0] == 5000
    assert budget(second)[2] == budget(first)[2] + 1
    assert budget(second)[1] == budget(first)[1] - 1
    assert first.headers["x-ratelimit-resource"] == "core"
    reset = int(first.headers["x-ratelimit-reset"]) - fresh.box.clock.now().timestamp()
    assert 3500 < reset <= 3600


def test_asking_for_the_rate_limit_is_free(fresh: Stage) -> None:
    before = fresh.want("GET", "/rate_limit")["rate"]

    assert fresh.want("GET", "/rate_limit")["rate"]["used"] == before["used"]
    fresh.ask("GET", fresh.root)
    assert fresh.want("GET", "/rate_limit")["rate"]["used"] == before["used"] + 1


@pytest.mark.parametrize("status", [403, 429])
def test_h40_h41_a_used_up_primary_limit_bites_until_its_reset(fresh: Stage, status: int) -> None:
    fresh.ask("GET", fresh.root)
    fresh.box.settings.primary_limit = 8
    fresh.box.settings.primary_status = status

    statuses = [fresh.ask("GET", fresh.root).status_code for _ in range(12)]
    refused = fresh.ask("GET", fresh.root)

    assert statuses[0] == 200
    assert statuses[-1] == status
    assert refused.json()["message"].startswith("API rate limit exceeded for installation ID")
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert "retry-after" not in refused.headers
    wait = int(refused.headers["x-ratelimit-reset"]) - fresh.box.clock.now().timestamp()
    fresh.box.clock.advance(wait + 1)
    fresh.tokens.clear()
    assert fresh.ask("GET", fresh.root).status_code == 200


def test_each_callers_budget_is_its_own(fresh: Stage) -> None:
    fresh.box.settings.primary_limit = 3
    while fresh.ask("GET", fresh.root, who="alice").status_code == 200:
        pass

    assert fresh.ask("GET", fresh.root, who="bob").status_code == 200


def test_nobody_has_sixty_an_hour(stage: Stage) -> None:
    assert budget(stage.ask("GET", stage.root, who="anonymous"))[0] == 60


# the secondary limits


@pytest.mark.parametrize("status", [403, 429])
def test_h40_too_many_points_in_a_minute_are_a_secondary_limit(fresh: Stage, status: int) -> None:
    number = fresh.issue()
    fresh.box.settings.points_per_minute = 30
    fresh.box.settings.secondary_status = status
    where = f"{fresh.root}/issues/{number}"

    writes = [fresh.ask("PATCH", where, json={"title": f"{index}"}).status_code for index in range(8)]
    refused = fresh.ask("PATCH", where, json={"title": "x"})

    assert writes == [200] * 6 + [status] * 2, "a write is five points"
    assert "secondary rate limit" in refused.json()["message"]
    assert refused.headers["retry-after"] == "60"
    assert int(refused.headers["x-ratelimit-remaining"]) > 0
    fresh.box.clock.advance(61)
    assert fresh.ask("PATCH", where, json={"title": "x"}).status_code == 200


def test_a_secondary_limit_may_come_without_retry_after(fresh: Stage) -> None:
    fresh.ask("GET", fresh.root)
    fresh.box.settings.points_per_minute, fresh.box.settings.retry_after_s = 0, None

    refused = fresh.ask("GET", fresh.root)

    assert refused.status_code == 403
    assert "retry-after" not in refused.headers


def test_creating_content_has_a_limit_of_its_own(fresh: Stage) -> None:
    number = fresh.issue()
    fresh.box.settings.content_per_minute = 3
    where = f"{fresh.root}/issues/{number}/comments"

    statuses = [fresh.ask("POST", where, json={"body": "x"}).status_code for _ in range(4)]

    assert statuses[-1] == 403
    assert 201 in statuses
    assert fresh.ask("GET", where).status_code == 200, "reading goes on"


def test_too_many_requests_at_once_are_a_secondary_limit(fresh: Stage) -> None:
    fresh.ask("GET", fresh.root)
    fresh.box.settings.concurrent = 2
    fresh.box.faults.latency(0.3, count=None)
    statuses: list[int] = []

    def ask() -> None:
        statuses.append(fresh.ask("GET", fresh.root).status_code)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 403 in statuses
    assert 200 in statuses


# trouble on request


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_h42_a_server_error_does_nothing_and_passes(fresh: Stage, status: int) -> None:
    before = len(fresh.want("GET", f"{fresh.root}/issues"))
    fresh.box.faults.server_error(status, count=2, method="POST")

    statuses = [fresh.ask("POST", f"{fresh.root}/issues", json={"title": "x"}).status_code for _ in range(3)]

    assert statuses == [status, status, 201]
    assert len(fresh.want("GET", f"{fresh.root}/issues")) == before + 1


def test_h42_a_page_in_place_of_json(fresh: Stage) -> None:
    fresh.ask("GET", fresh.root)
    fresh.box.faults.html()
    page = fresh.ask("GET", fresh.root)
    fresh.box.faults.server_error(502, html=True)
    unicorn = fresh.ask("GET", fresh.root)

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.text.startswith("<html>")
    assert (unicorn.status_code, unicorn.headers["content-type"]) == (502, "text/html; charset=utf-8")


def test_h42_an_empty_answer(fresh: Stage) -> None:
    fresh.ask("GET", fresh.root)
    fresh.box.faults.empty()

    answer = fresh.ask("GET", fresh.root)

    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("kind", ["reset", "lose_answer", "truncate"])
def test_h44_a_connection_that_breaks(fresh: Stage, kind: str) -> None:
    before = len(fresh.want("GET", f"{fresh.root}/issues?per_page=100"))
    getattr(fresh.box.faults, kind)(method="POST")

    with pytest.raises(httpx.TransportError):
        fresh.ask("POST", f"{fresh.root}/issues", json={"title": "x"})

    after = len(fresh.want("GET", f"{fresh.root}/issues?per_page=100"))
    assert after == before + (kind != "reset"), "a reset comes before anything is done, the others after"


def test_h44_an_answer_that_takes_its_time(fresh: Stage) -> None:
    fresh.ask("GET", fresh.root)
    fresh.box.faults.latency(5)

    with pytest.raises(httpx.ReadTimeout):
        fresh.ask("GET", fresh.root, timeout=0.2)
    assert fresh.ask("GET", fresh.root).status_code == 200


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("rate-primary", "API rate limit exceeded"),
        ("secondary", "secondary rate limit"),
        ("secondary-without-retry-after", "secondary rate limit"),
        ("archived", "Repository was archived so is read-only."),
        ("suspended", "This installation has been suspended"),
        ("blocked", "Repository access blocked"),
        ("permission", "Resource not accessible by integration"),
    ],
)
def test_h40_each_kind_of_403_is_told_by_its_words(fresh: Stage, kind: str, words: str) -> None:
    fresh.ask("GET", fresh.root)
    fresh.box.faults.forbidden(kind)

    answer = fresh.ask("GET", fresh.root)

    assert answer.status_code == 403
    assert words in answer.json()["message"]
    assert ("retry-after" in answer.headers) == (kind == "secondary")
    assert (answer.headers.get("x-ratelimit-remaining") == "0") == (kind == "rate-primary")
    assert fresh.ask("GET", fresh.root).status_code == 200


@pytest.mark.parametrize("text", ["120", "Wed, 21 Oct 2026 07:28:00 GMT", "0", "-1", "1000000000", "soon", None])
def test_h41_retry_after_comes_exactly_as_given(fresh: Stage, text: str | None) -> None:
    fresh.ask("GET", fresh.root)
    fresh.box.faults.too_many(text)

    answer = fresh.ask("GET", fresh.root)

    assert (answer.status_code, answer.headers.get("retry-after")) == (429, text)


def test_h38_a_replica_that_lags_does_not_know_what_is_new(fresh: Stage) -> None:
    fresh.box.faults.replica_lag(reads=2)
    number = fresh.issue()
    where = f"{fresh.root}/issues/{number}"

    assert [fresh.ask("GET", where).status_code for _ in range(3)] == [404, 404, 200]


def test_h38_a_replica_that_lags_shows_what_was(fresh: Stage) -> None:
    number = fresh.issue(title="before")
    where = f"{fresh.root}/issues/{number}"
    fresh.box.faults.replica_lag(seconds=5)
    fresh.want("PATCH", where, json={"title": "after"})

    assert fresh.want("GET", where)["title"] == "before"
    fresh.box.clock.advance(6)
    assert fresh.want("GET", where)["title"] == "after"


def test_h39_issue_not_found_after_an_event(fresh: Stage) -> None:
    number = fresh.issue()
    fresh.box.faults.issue_not_found()

    first = fresh.ask("POST", f"{fresh.root}/issues/{number}/labels", json={"labels": ["bug"]})

    assert (first.status_code, first.json()["message"]) == (422, "Issue not found")
    assert fresh.ask("POST", f"{fresh.root}/issues/{number}/labels", json={"labels": ["bug"]}).status_code == 200


def test_h46_label_changes_dropped_with_200(fresh: Stage) -> None:
    number = fresh.issue(labels=["bug"])
    fresh.box.settings.drop_label_changes = True

    answer = fresh.ask("PATCH", f"{fresh.root}/issues/{number}", json={"labels": ["question"]})

    assert answer.status_code == 200
    assert [label["name"] for label in fresh.want("GET", f"{fresh.root}/issues/{number}")["labels"]] == ["bug"]


def test_faults_strike_only_what_they_are_meant_for_and_are_counted(fresh: Stage) -> None:
    number = fresh.issue()
    fault = fresh.box.faults.server_error(500, count=None, method="POST", path="/repos/*/issues/*/labels")

    def labels() -> Any:
        return fresh.ask("POST", f"{fresh.root}/issues/{number}/labels", json={"labels": ["bug"]}).status_code

    assert labels() == 500
    assert fresh.ask("POST", f"{fresh.root}/issues/{number}/comments", json={"body": "x"}).status_code == 201
    assert fresh.ask("GET", f"{fresh.root}/issues/{number}/labels").status_code == 200
    assert labels() == 500
    assert fault.struck == 2
    fresh.box.faults.clear()
    assert labels() == 200
