"""A running service notices what another process put into its journal."""

from __future__ import annotations

import asyncio

from tassist.services.deliveries import replay
from tassist.store.journal import Journal
from tassist.store.model import LaneKey
from tests.support.service import Outside, deliver, wait_for


def test_a_running_service_looks_where_another_process_asks_for_it(world: Outside) -> None:
    issue = world.issue()
    with world.service(), Journal.open(world.home) as beside:
        wait_for(lambda: beside.meta("away.here"), "the start to be through")
        asyncio.run(
            beside.open_lane(
                LaneKey(world.repo.id, issue.number),
                repo=world.repo.full_name,
                installation_id=world.installation_id,
                now=world.box.clock.now(),
            )
        )

        wait_for(lambda: len(world.writes()) == 3, "the look")
        wait_for(lambda: not beside.repos(), "the lane to be closed", timeout_s=10)


def test_a_replay_beside_a_running_service_is_done_by_it(world: Outside) -> None:
    issue = world.issue()
    with world.service() as server:
        assert deliver(server.url, world.payload(issue), delivery_id="again") == 202
        with Journal.open(world.home) as beside:
            wait_for(lambda: beside.find("again")[0].state == "done", "the first run")
            before = beside.find("again")[0].run_id

            replay(world.home, "again")

            wait_for(lambda: beside.find("again")[0].state == "done", "the replay", timeout_s=10)
            assert beside.find("again")[0].run_id != before
