"""What came while the service was away is read from GitHub's log, said, and handled once; what the log forgot is swept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tassist.sandbox import labels
from tassist.sandbox.webhooks import Delivery
from tassist.services.demo.process import ServerProcess
from tassist.store.journal import Journal
from tests.support.service import Outside, deliver, wait_for

HOUR = 3600.0
NO_LIMITS = {"TASSIST_API_LIMITS": "off", "TASSIST_LOG_RETENTION_DAYS": "3"}


@contextmanager
def here(world: Outside) -> Iterator[ServerProcess]:
    """A service to which the App's hook points, and which has caught up."""
    with Journal.open(world.home) as journal, world.service(**NO_LIMITS) as server:
        before = journal.meta("away.read")
        with world.box.lock:
            app = world.box.app(world.app.id)
            app.hook_url, app.hook_active = f"{server.url}/webhook", True
        wait_for(lambda: journal.meta("away.read") != before, "the log to be read")
        yield server


def go_away(world: Outside, hours: float) -> None:
    """Time passes; GitHub forgets what is older than three days."""
    assert world.box.webhooks.wait_idle()
    world.box.clock.advance(hours * HOUR + 2)  # GitHub tells the time in whole seconds
    keep = world.box.clock.now() - timedelta(days=3)
    log = world.box.webhooks.log
    log[:] = [one for one in log if (one.delivered_at or one.queued_at) >= keep]


def said(world: Outside, *actions: str) -> list[dict[str, object]]:
    """Those lines of the service's log."""
    lines = map(json.loads, (world.home / "server.log").read_text().splitlines())
    return [line for line in lines if line["action"] in actions]


def bodies_fetched(world: Outside) -> int:
    return sum(request.route == "/app/hook/deliveries/{delivery}" for request in world.box.requests)


def missed(world: Outside) -> list[Delivery]:
    return [one for one in world.box.webhooks.log if not one.ok]


@pytest.mark.parametrize(("hours", "words"), [(1, "1 h"), (71, "2 d 23 h")])
def test_h25_within_the_log_what_was_missed_is_read_from_it(world: Outside, hours: int, words: str) -> None:
    with here(world) as server:
        server.stop()
    issue = world.issue()
    with world.box.lock:
        for n in range(120):  # nothing for the rules, but more than a page of the log
            labels.put_label(world.box, world.repo, f"noise-{n}", "ededed")
            world.box.webhooks.queue(
                world.box.app(world.app.id),
                "label",
                {"action": "created", "label": {"name": f"noise-{n}"}, "repository": {"id": world.repo.id}},
            )
    go_away(world, hours)
    relevant = {one.guid for one in missed(world) if one.event == "issues"}
    assert len(missed(world)) > 100
    assert relevant

    with here(world):
        wait_for(lambda: len(world.writes()) == 3, "what was missed to be handled")
        wait_for(lambda: not {"stored", "waiting"} & set(world.states().values()), "the deliveries to be done")

    (line,) = said(world, "away", "away-gap")
    assert line["action"] == "away"
    assert str(line["message"]).startswith(f"away {words}")
    assert str(line["message"]).endswith(f": {len(missed(world))} missed, {len(relevant)} relevant")
    assert relevant <= {guid for guid, state in world.states().items() if state in {"done", "ignored"}}
    assert bodies_fetched(world) == len(relevant), "bodies of the others are never fetched"
    assert "track/main" in {label.name for label in issue.labels}
    with Journal.open(world.home) as journal:
        assert journal.sweeps.unfinished() == []


@pytest.mark.parametrize(("hours", "words"), [(73.1, "3 d 1 h"), (8 * 24.1, "8 d")])
def test_h25_beyond_the_log_every_open_issue_is_looked_at_and_the_gap_is_named(
    world: Outside, hours: float, words: str
) -> None:
    with here(world) as server:
        server.stop()
    issue = world.issue()  # its delivery will have left the log
    go_away(world, hours)
    assert missed(world) == []

    with here(world), Journal.open(world.home) as journal:
        wait_for(lambda: len(world.writes()) == 3, "the sweep")
        wait_for(lambda: not journal.sweeps.unfinished(), "the sweep to be through")
        # A service that ends keeps what no sink has yet for its next start.
        wait_for(world.records, "the record to be in its file")

    (line,) = said(world, "away", "away-gap")
    assert (line["action"], line["level"]) == ("away-gap", "warning")
    assert str(line["message"]).startswith(f"away {words}")
    assert "every open issue is looked at" in str(line["message"])
    assert "track/main" in {label.name for label in issue.labels}
    (record,) = world.records()
    assert record["trigger"]["kind"] == "sweep"


def test_a_delivery_read_from_the_log_and_redelivered_later_is_one_run(world: Outside) -> None:
    with here(world) as server:
        server.stop()
    world.issue()
    go_away(world, 1)
    found = missed(world)[0]

    with here(world) as server:
        wait_for(lambda: world.states().get(found.guid) in {"done", "ignored"}, "it to be handled")
        wait_for(lambda: not {"stored", "waiting"} & set(world.states().values()), "the rest")
        runs = len(world.records())
        with world.box.lock:
            world.box.webhooks.redeliver(found)
        assert world.box.webhooks.wait_idle()
        wait_for(lambda: sum(row.duplicates for row in world.deliveries()) >= 1, "the redelivery to be known")
        server.stop()

    assert len(world.records()) == runs
    assert [row for row in world.deliveries() if "~" in row.delivery_id] == []


def test_deliveries_are_taken_while_github_cannot_be_asked(world: Outside) -> None:
    issue = world.issue()
    # Nobody listens there: the log cannot be read, and nothing can be looked at.
    with world.service(GITHUB_API_URL="http://127.0.0.1:9/api/v3") as server:
        assert deliver(server.url, world.payload(issue), delivery_id="taken") == 202
        wait_for(lambda: said(world, "log-not-read"), "it to say so")

    with here(world):
        wait_for(lambda: len(world.writes()) == 3, "the look")


def test_a_service_killed_while_it_catches_up_goes_on_where_it_was(world: Outside) -> None:
    with here(world) as server:
        server.stop()
    issues = [world.issue() for _ in range(3)]
    go_away(world, 2)
    relevant = {one.guid for one in missed(world) if one.event == "issues"}
    with Journal.open(world.home) as journal:
        before = journal.meta("away.read")
        with world.service(crash_at="caught-one", **NO_LIMITS) as server:
            wait_for(lambda: not server.alive(), "it to die after the first body")
        assert journal.meta("away.read") == before, "the place in the log moves when everything is stored"

    with here(world):
        wait_for(lambda: relevant <= set(world.states()), "the rest to be stored")
        wait_for(lambda: len(world.writes()) == 9, "the looks")

    assert all("track/main" in {label.name for label in issue.labels} for issue in issues)
    assert len(world.deliveries()) == len({row.delivery_id for row in world.deliveries()})


def nobody_yet(world: Outside, *, hours: float) -> set[str]:
    """Issues that were opened so long ago, when the App was there and no service of it; what GitHub could not deliver."""
    with world.box.lock:
        app = world.box.app(world.app.id)
        app.hook_url, app.hook_active = "http://127.0.0.1:9/webhook", True
    for _ in range(3):
        world.issue()
    assert world.box.webhooks.wait_idle()
    for one in world.box.webhooks.log:
        assert one.delivered_at is not None
        one.queued_at -= timedelta(hours=hours)
        one.delivered_at -= timedelta(hours=hours)
    return {one.guid for one in missed(world) if one.event == "issues"}


def test_a_first_catching_up_that_was_broken_off_by_a_crash_is_done_by_the_next_start(world: Outside) -> None:
    relevant = nobody_yet(world, hours=2)
    with world.service(crash_at="caught-one", **NO_LIMITS) as server:
        wait_for(lambda: not server.alive(), "it to die after the first body")
    assert len(relevant & set(world.states())) == 1 < len(relevant)

    with here(world):
        wait_for(lambda: relevant <= set(world.states()), "the rest to be stored")
        wait_for(lambda: len(world.writes()) == 9, "the looks")


def test_a_delivery_that_came_before_the_log_was_ever_read_hides_nothing_that_was_missed_before(world: Outside) -> None:
    relevant = nobody_yet(world, hours=2)
    # Nobody listens there: the log cannot be read.
    with world.service(GITHUB_API_URL="http://127.0.0.1:9/api/v3") as server:
        assert deliver(server.url, world.payload(1), delivery_id="taken") == 202
        wait_for(lambda: said(world, "log-not-read"), "it to say so")

    with here(world):
        wait_for(lambda: relevant <= set(world.states()), "what was missed to be stored")
        wait_for(lambda: len(world.writes()) == 9, "the looks")
