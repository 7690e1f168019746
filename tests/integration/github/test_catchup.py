"""What was missed is found in the App's delivery log of GitHub in a box, whatever happened in between."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from tassist.github import catchup
from tassist.github.catchup import Survey
from tassist.sandbox import issue_changes, labels
from tests.integration.github.conftest import Octo
from tests.support.scripted import Asked, Reply, Scripted


@dataclass
class Hook:
    """The App's server: stores what it takes, and can be away."""

    server: Scripted
    stored: set[str] = field(default_factory=set)
    status: int = 202

    async def known(self, guids: Sequence[str]) -> set[str]:
        """Which of them it has."""
        assert len(set(guids)) == len(guids)
        return self.stored & set(guids)


@pytest.fixture
async def hook(octo: Octo) -> AsyncIterator[Hook]:
    """Taking deliveries; ``status`` is what it answers."""

    def answer(asked: Asked) -> Reply:
        if taking.status < 300:
            taking.stored.add(asked.headers["x-github-delivery"])
        return Reply(taking.status)

    taking = Hook(Scripted(by=answer))
    async with taking.server.running():
        await octo.connection.api.set_hook_config(url=f"{taking.server.url}/webhook")
        assert await octo.box.webhooks.idle()
        taking.stored = {delivery.guid for delivery in octo.box.webhooks.log}
        yield taking


async def survey(
    octo: Octo, hook: Hook, since: datetime | None, retention: timedelta = catchup.RETENTION_CLOUD
) -> Survey:
    assert await octo.box.webhooks.idle()
    return await catchup.survey(
        octo.connection.api, hook.known, since=since, now=octo.box.clock.now(), retention=retention
    )


def change(octo: Octo, times: int = 1) -> None:
    """So many relevant deliveries."""
    issue = octo.box.issue("octo/app", 1)
    with octo.box.lock:
        for n in range(times):
            if n % 2:
                issue_changes.remove_label(octo.box, octo.by, issue, octo.repo.labels["phase-1"])
            else:
                issue_changes.add_labels(octo.box, octo.by, issue, ["phase-1"])
        if times % 2:
            issue_changes.remove_label(octo.box, octo.by, issue, octo.repo.labels["phase-1"])


async def test_what_arrived_is_not_missed(octo: Octo, hook: Hook) -> None:
    start = octo.box.clock.now()
    change(octo, 4)

    found = await survey(octo, hook, start)

    assert (found.absent, found.gap) == ((), None)
    assert found.read >= 4


async def test_only_what_matters_is_fetched(octo: Octo, hook: Hook) -> None:
    change(octo, 2)
    assert await octo.box.webhooks.idle()
    last = octo.box.clock.now()
    hook.status = 503
    octo.box.clock.advance(9 * 3600 + 12 * 60)
    change(octo, 2)
    with octo.box.lock:
        for n in range(3):
            labels.create_label(octo.box, octo.by, octo.repo, f"new {n}", "ffffff", None)

    found = await survey(octo, hook, last)
    octo.box.requests.clear()
    fetched = [one async for one in catchup.fetch(octo.connection.api, found.relevant)]

    assert found.sentence() == "away 9 h 12 min: 5 missed, 2 relevant"
    assert [json.loads(one.body)["action"] for one in fetched] == ["labeled", "unlabeled"]
    assert json.loads(fetched[0].body)["issue"]["number"] == 1
    assert [(one.absent.event, one.absent.repository_id, one.problem) for one in fetched] == [
        ("issues", octo.repo.id, None)
    ] * 2
    assert len(octo.box.requests) == 2


async def test_a_body_is_the_payload_that_was_sent(octo: Octo, hook: Hook) -> None:
    hook.status = 500
    octo.opened("Ünïcode 😀 \\u0000", body="x" * 1000)
    found = await survey(octo, hook, octo.box.clock.now())

    fetched = {one.absent.guid: one.body async for one in catchup.fetch(octo.connection.api, found.relevant)}

    sent = {asked.headers["x-github-delivery"]: asked.json for asked in hook.server.asked}
    assert fetched
    assert {guid: json.loads(body) for guid, body in fetched.items()} == sent


async def test_a_redelivery_that_arrived_is_not_missed(octo: Octo, hook: Hook) -> None:
    start = octo.box.clock.now()
    hook.status = 503
    octo.opened("missed at first")
    first = await survey(octo, hook, start)
    assert len(first.absent) == 1
    hook.status = 202
    await octo.connection.api.redeliver(first.absent[0].attempt_id)

    found = await survey(octo, hook, start)

    assert found.absent == ()


async def test_several_failed_attempts_are_one_delivery(octo: Octo, hook: Hook) -> None:
    start = octo.box.clock.now()
    hook.status = 503
    octo.opened("missed")
    first = (await survey(octo, hook, start)).absent[0]
    for _ in range(2):
        octo.box.clock.advance(60)
        await octo.connection.api.redeliver(first.attempt_id)
        assert await octo.box.webhooks.idle()

    (found,) = (await survey(octo, hook, start)).absent

    assert (found.guid, found.attempts, found.answered) == (first.guid, 3, False)
    assert found.delivered_at == first.delivered_at
    assert found.attempt_id > first.attempt_id


async def test_one_that_failed_between_two_that_arrived_is_found(octo: Octo, hook: Hook) -> None:
    start = octo.box.clock.now()
    change(octo, 2)
    assert await octo.box.webhooks.idle()
    hook.status = 503
    octo.opened("in between")
    assert await octo.box.webhooks.idle()
    hook.status = 202
    change(octo, 2)

    found = await survey(octo, hook, start)

    assert [one.event for one in found.relevant] == ["issues"]
    again = await survey(octo, hook, found.until)
    assert [one.guid for one in again.absent] == [one.guid for one in found.absent], (
        "within the overlap it is seen again"
    )


async def test_what_another_server_answered_is_missed_here_and_said_to_be(octo: Octo, hook: Hook) -> None:
    start = octo.box.clock.now()
    octo.opened("answered, and then the store was lost")
    assert await octo.box.webhooks.idle(60)
    hook.stored.clear()

    found = await survey(octo, hook, start)

    assert [one.answered for one in found.relevant if one.event == "issues"] == [True]


async def test_h25_more_than_a_page_is_read_but_not_more_than_needed(octo: Octo, hook: Hook) -> None:
    change(octo, 150)
    assert await octo.box.webhooks.idle(60)
    octo.box.clock.advance(3600)
    last = octo.box.clock.now()
    hook.status = 503
    octo.box.clock.advance(3600)
    change(octo, 230)
    assert await octo.box.webhooks.idle(60)
    octo.box.requests.clear()

    found = await survey(octo, hook, last)

    assert len(found.relevant) == 230
    assert found.read == 300
    asked = [
        request.path for request in octo.box.requests if request.status == 200
    ]  # a 401 told that GitHub's clock moved
    assert asked == ["/app/hook/deliveries"] * 3


@pytest.mark.parametrize(
    ("hours", "retention", "gap_hours"),
    [(1, 72, 0), (71, 72, 0), (73, 72, 1), (8 * 24, 72, 120), (8 * 24, 168, 24), (6 * 24, 168, 0)],
)
async def test_h25_what_lies_before_the_log_is_a_gap_and_is_named(
    octo: Octo, hook: Hook, hours: int, retention: int, gap_hours: int
) -> None:
    octo.box.settings.retention_days = retention // 24
    last = octo.box.clock.freeze()
    hook.status = 503
    octo.opened("right after")
    assert await octo.box.webhooks.idle()
    octo.box.clock.advance(hours * 3600)
    change(octo, 1)

    found = await survey(octo, hook, last, retention=timedelta(hours=retention))

    assert len(found.relevant) == (3 if hours < retention else 2)
    if gap_hours:
        assert found.gap is not None
        assert found.gap.end - found.gap.begin == timedelta(hours=gap_hours)
        assert "every open issue is looked at" in found.sentence()
    else:
        assert found.gap is None


async def test_the_first_survey_looks_back_a_day(octo: Octo, hook: Hook) -> None:
    octo.box.clock.freeze()
    hook.status = 503
    octo.opened("two days ago")
    assert await octo.box.webhooks.idle()
    octo.box.clock.advance(47 * 3600)
    octo.opened("an hour ago")
    assert await octo.box.webhooks.idle()
    octo.box.clock.advance(3600)

    found = await survey(octo, hook, None)

    assert len(found.relevant) == 1
    assert found.gap is None


async def test_a_body_github_forgot_is_said_to_be_gone_and_the_others_come(octo: Octo, hook: Hook) -> None:
    start = octo.box.clock.now()
    hook.status = 503
    change(octo, 2)
    found = await survey(octo, hook, start)
    octo.box.faults.answer(404, {"message": "Not Found"}, path="/app/hook/deliveries/*")

    fetched = [one async for one in catchup.fetch(octo.connection.api, found.relevant)]

    assert [one.problem is None for one in fetched] == [False, True]
    assert fetched[0].body == b""


STRANGE = {
    "nothing in it": {},
    "no id": {"guid": "g", "delivered_at": "2026-01-01T00:00:00Z"},
    "no guid": {"id": 1, "delivered_at": "2026-01-01T00:00:00Z"},
    "no time": {"id": 1, "guid": "g"},
    "a time that is none": {"id": 1, "guid": "g", "delivered_at": "soon"},
    "all null": dict.fromkeys(("id", "guid", "delivered_at", "event", "action", "status", "installation_id")),
}


@pytest.mark.parametrize("case", STRANGE)
async def test_h17_an_attempt_that_says_nothing_is_left_out(octo: Octo, hook: Hook, case: str) -> None:
    octo.box.faults.answer(200, [STRANGE[case]], path="/app/hook/deliveries")

    assert (await survey(octo, hook, None)).absent == ()
