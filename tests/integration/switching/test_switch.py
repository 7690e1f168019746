"""The webhook changes with a proof, and production is back whatever happens in between."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable

import pytest

from engine.problems import ProblemError
from tassist.clock import SystemClock
from tassist.services import switching
from tassist.services.switching import kept
from tests.integration.switching.conftest import World, receiver

PRODUCTION = "https://production.invalid/webhook"


async def until(condition: Callable[[], object], what: str, timeout_s: float = 30.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)
    assert condition(), what


async def switched(world: World, mode: str, url: str = "", **options: object) -> switching.Switched:
    return await switching.switch(
        world.api, world.home, "dev" if mode == "dev" else "prod", clock=SystemClock(), url=url, **options  # type: ignore[arg-type]
    )  # fmt: skip


async def test_to_development_and_back_each_proved_by_a_delivery(world: World) -> None:
    await asyncio.to_thread(world.ping)
    with receiver() as here, receiver() as there:
        world.hook = there.url
        dev = await switched(world, "dev", here.url)
        status = await switching.status(world.api, world.home)
        prod = await switched(world, "prod")

    assert (dev.before, dev.after) == (there.url, here.url)
    assert "ping" in dev.proof
    assert here.paths == ["/webhook"]
    assert (status.mode, status.production, status.elsewhere, status.left) == ("dev", there.url, False, False)
    assert prod.after == world.hook == there.url
    assert there.paths == ["/webhook"]
    after = await switching.status(world.api, world.home)
    assert after.mode == "prod"
    assert [each.why for each in after.past] == ["switch dev", "switch prod"]


async def test_without_a_proof_the_old_address_is_back(world: World) -> None:
    await asyncio.to_thread(world.ping)
    with receiver(500) as broken, pytest.raises(ProblemError) as caught:
        await switched(world, "dev", broken.url)

    assert caught.value.problems[0].code == "switch-not-proved"
    assert world.hook == PRODUCTION
    status = await switching.status(world.api, world.home)
    assert (status.left, status.production) == (False, PRODUCTION)


async def test_where_nothing_was_ever_sent_nothing_is_changed_unless_no_proof_is_wanted(world: World) -> None:
    with receiver() as here:
        with pytest.raises(ProblemError) as caught:
            await switched(world, "dev", here.url)
        assert world.hook == PRODUCTION
        await switched(world, "dev", here.url, prove=False)

    assert caught.value.problems[0].family == "waiting"
    assert world.hook == here.url


async def test_an_address_somebody_else_set_is_not_replaced_unasked(world: World) -> None:
    with receiver() as here:
        await switched(world, "dev", here.url, prove=False)
        world.hook = "https://elsewhere.example.com/webhook"

        status = await switching.status(world.api, world.home)
        with pytest.raises(ProblemError) as caught:
            await switched(world, "prod", prove=False)
        await switched(world, "prod", prove=False, force=True)

    assert status.elsewhere
    assert caught.value.problems[0].code == "switch-changed-elsewhere"
    assert world.hook == PRODUCTION


async def test_production_has_to_be_known(world: World) -> None:
    with pytest.raises(ProblemError) as caught:
        await switched(world, "prod")

    assert "--url" in caught.value.problems[0].fix


@pytest.mark.parametrize("url", ["https://user:canary@host/x", "ftp://host", "not an address", "https://host/x#part"])
async def test_h69_a_misleading_address_is_refused(world: World, url: str) -> None:
    with pytest.raises(ProblemError) as caught:
        await switched(world, "dev", url)

    assert "canary" not in str(caught.value)
    assert world.hook == PRODUCTION


async def test_two_do_not_switch_at_once(world: World) -> None:
    with kept.held(world.home), pytest.raises(ProblemError) as caught:
        await switched(world, "dev", "https://a.example.com", prove=False)

    assert caught.value.problems[0].code == "switch-held"


async def test_killed_in_the_middle_the_next_start_restores_production(world: World) -> None:
    await asyncio.to_thread(world.ping)
    with receiver() as here:
        here.hold.clear()
        process = world.start("switch", "dev", "--url", here.url)
        await until(lambda: here.paths, "the delivery under way")
        process.kill()
        await asyncio.to_thread(process.communicate)
        assert world.hook == here.url

        code, out, _ = await asyncio.to_thread(world.run, "switch", "status", "--json")
        found = json.loads(out)
        here.hold.set()
        said = await switching.restore_left(world.api, world.home, clock=SystemClock())

    assert (code, found["left"], found["webhook"]) == (3, True, here.url)
    assert world.hook == PRODUCTION
    assert PRODUCTION in said


async def test_ctrl_c_in_the_middle_restores_production(world: World) -> None:
    await asyncio.to_thread(world.ping)
    with receiver() as here:
        here.hold.clear()
        process = world.start("switch", "dev", "--url", here.url)
        await until(lambda: here.paths, "the delivery under way")
        process.send_signal(signal.SIGINT)
        _, err = await asyncio.to_thread(process.communicate)

        assert process.returncode == 130, err
        assert "Traceback" not in err
        assert world.hook == PRODUCTION


async def test_what_was_left_and_changed_by_somebody_else_is_left_alone(world: World) -> None:
    await asyncio.to_thread(world.ping)
    with receiver() as here:
        here.hold.clear()
        process = world.start("switch", "dev", "--url", here.url)
        await until(lambda: here.paths, "the delivery under way")
        process.kill()
        await asyncio.to_thread(process.communicate)
        world.hook = "https://elsewhere.example.com/webhook"

        said = await switching.restore_left(world.api, world.home, clock=SystemClock())

    assert "somebody else" in said
    assert world.hook == "https://elsewhere.example.com/webhook"


async def test_the_command_says_what_it_did(world: World) -> None:
    await asyncio.to_thread(world.ping)
    with receiver() as here:
        code, out, err = await asyncio.to_thread(world.run, "switch", "dev", "--url", here.url)
        assert code == 0, err
        assert f"webhook        {here.url}" in out
        assert "proof          ping" in out
        code, out, err = await asyncio.to_thread(world.run, "switch", "prod", "--no-proof", "--json")

    assert json.loads(out) == {"before": here.url, "after": PRODUCTION, "proof": None}
    assert code == 0
    code, out, _ = await asyncio.to_thread(world.run, "switch", "status")
    assert (code, "mode           prod" in out) == (0, True)
