"""Home and its lines: where the webhook leads and whether it drifted, from GitHub in a box; limits, from the real store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.widgets import OptionList

from tassist.config import settings
from tassist.services import hook, switching
from tassist.services.hook import Hook, look
from tassist.services.overview import overview
from tassist.services.overview_words import figures, in_words, standing
from tassist.services.switching import kept
from tassist.services.tail import tail
from tassist.tui.app import TassistApp
from tassist.tui.widgets.pairs import Pairs
from tassist.tui.widgets.panels import Says
from tassist.tui.widgets.rows import Rows
from tests.integration.switching.conftest import ngrok_agent
from tests.support.console import (
    HOSTILE,
    NOW,
    Filled,
    StillClock,
    assert_harmless,
    console,
    hostile,
    settled,
    troubled,
    typical,
)
from tests.support.drifting import World, drifting

NO_AGENT = "http://127.0.0.1:9"


@pytest.fixture
async def world(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """An App in a box, and a journal beside its credentials; a busy machine may take its time to answer."""
    monkeypatch.setattr(hook, "DEADLINE_S", 60.0)
    Filled(home).close()
    async with drifting(home) as found:
        yield found


def asked(world: World, agent: str = NO_AGENT) -> Hook:
    """What GitHub says, as the console asks it."""
    loaded = settings.load(
        {"home": str(world.home)}, env={"HOME": str(world.home), "TASSIST_NGROK_AGENT": agent}, dotenv=None
    )
    return asyncio.run(look(loaded, world.home, now=NOW))


async def looked(world: World, agent: str = NO_AGENT) -> Hook:
    return await asyncio.to_thread(asked, world, agent)


def drift_of(hook: Hook) -> list[tuple[str, str]]:
    return [(item.id, str(item.finding.state)) for item in hook.drift]


def attention(app: TassistApp) -> dict[str, str]:
    rows = app.screen.query_one("#home-attention", Rows).rows
    return {row.cells[0]: row.mark for row in rows}


def told(app: TassistApp) -> dict[str, str]:
    return dict(app.screen.query_one("#home-state", Pairs).pairs)


# --- what is found ----------------------------------------------------------------------------------------------------


async def test_a_webhook_as_it_was_set_has_not_drifted(world: World) -> None:
    world.box.app(world.made.id).hook_url = "https://prod.example.com/webhook"

    hook = await looked(world)

    assert drift_of(hook) == [("last-delivery", "waiting")]
    assert dict(hook.told) == {
        "webhook": "leads to https://prod.example.com/webhook",
        "tunnel": "no tunnel is used",
        "last sent": "GitHub has sent nothing yet",
    }


@pytest.mark.parametrize(
    ("change", "check", "state", "said"),
    [
        ({"hook_insecure_ssl": "1"}, "hook", "failed", "does not check the webhook's certificate"),
        ({"hook_url": ""}, "hook", "failed", "no webhook"),
        ({"hook_content_type": "form"}, "hook", "warning", "come as forms"),
        ({"hook_url": "https://abc.ngrok-free.app/webhook"}, "tunnel", "warning", "no ngrok agent is running"),
        ({"hook_url": "https://elsewhere.example.com/webhook"}, "tunnel", "warning", "somebody else has pointed"),
    ],
    ids=["certificate", "none", "forms", "closed-tunnel", "somebody-else"],
)
async def test_each_drift_is_named_with_what_to_do_on_home_and_in_lines(
    world: World, change: dict[str, str], check: str, state: str, said: str
) -> None:
    app_there = world.box.app(world.made.id)
    if "elsewhere" in change.get("hook_url", ""):
        ours = switching.Kept(app_there.hook_url, "https://dev.example.com/webhook", "dev", switching.Standing.SET)
        kept.keep(world.home, ours, now=datetime.now(UTC), before=app_there.hook_url, why="switch")
    for name, value in change.items():
        setattr(app_there, name, value)

    assert (check, state) in drift_of(await looked(world))

    app = console(world.home, TASSIST_NGROK_AGENT=NO_AGENT)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app)
        shown = next(what for what in attention(app) if said in what)
        assert attention(app)[shown] == ("bad" if state == "failed" else "wait")
        rows = app.screen.query_one("#home-attention", Rows)
        while rows.rows[rows.cursor].cells[0] != shown:
            await pilot.press("down")
        assert rows.rows[rows.cursor].cells[1], "what to do"
        await pilot.press("enter")
        await settled(app)
        assert app.current_mode == "health"
        listed = app.screen.query_one("#checks", OptionList)
        assert listed.highlighted is not None
        assert listed.get_option_at_index(listed.highlighted).id == check

    lines = await asyncio.to_thread(lambda: list(lines_of(world)))
    head = "error" if state == "failed" else "waiting"
    assert any(line.startswith(f"{head}: ") and said in line for line in lines), lines


def lines_of(world: World) -> list[str]:
    filled = Filled(world.home)
    with filled.journal as journal:
        return list(
            tail(journal, world.home, StillClock(), follow=False, rest=lambda: False, hook=lambda: asked(world))
        )


async def test_a_tunnel_whose_address_changed_is_an_error(world: World) -> None:
    world.box.app(world.made.id).hook_url = "https://old.ngrok-free.app/webhook"
    tunnels = [{"name": "a", "public_url": "https://new.ngrok-free.app", "config": {"addr": "http://localhost:8080"}}]
    with ngrok_agent(tunnels) as agent:
        hook = await looked(world, agent)

    assert drift_of(hook)[0] == ("tunnel", "failed")


async def test_a_delivery_github_could_not_hand_over_is_an_error_on_home(world: World) -> None:
    await world.delivers_in_vain()
    app = console(world.home, TASSIST_NGROK_AGENT=NO_AGENT)
    async with app.run_test(size=(120, 40)):
        await settled(app)

        assert attention(app)[next(what for what in attention(app) if "was not taken" in what)] == "bad"
        assert "was not taken" in told(app)["last sent"]


async def test_what_drifts_while_home_is_open_is_seen_when_asked_again(world: World) -> None:
    app = console(world.home, TASSIST_NGROK_AGENT=NO_AGENT)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app)
        assert told(app)["webhook"] == "leads nowhere, on purpose: tassist serve --poll asks instead"
        assert not any("certificate" in what for what in attention(app))
        world.box.app(world.made.id).hook_insecure_ssl = "1"
        await pilot.press("h")
        await settled(app)
        assert any("certificate" in what for what in attention(app))

        world.box.app(world.made.id).hook_insecure_ssl = "0"
        await pilot.press("h")
        await settled(app)
        assert not any("certificate" in what for what in attention(app))


async def test_a_github_that_does_not_answer_is_told_once_and_keeps_home_whole(world: World, home: Path) -> None:
    world.keep(api_url="http://127.0.0.1:9")
    hook = await looked(world)

    assert len(list(hook.told)) == len(list(hook.drift)) == 1
    assert "webhook" in dict(hook.told)
    app = console(home, TASSIST_NGROK_AGENT=NO_AGENT)
    async with app.run_test():
        await settled(app)
        assert sum("Webhook: " in what for what in attention(app)) == 1
        assert "queue" in told(app)


async def test_without_an_app_there_is_no_drift(home: Path) -> None:
    typical(home)
    app = console(home)
    async with app.run_test():
        await settled(app)

        assert told(app)["webhook"] == "there is no App yet; tassist setup makes one"
        assert list(attention(app).values()) == ["bad", "wait"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_h71_a_hostile_address_of_the_webhook_is_harmless(world: World, text: str) -> None:
    world.box.app(world.made.id).hook_url = f"https://evil.example.com/{text[:200]}"
    app = console(world.home, TASSIST_NGROK_AGENT=NO_AGENT)
    async with app.run_test(size=(80, 24)):
        await settled(app)

        assert "evil.example.com" in told(app)["webhook"]
        assert_harmless(app)


# --- limits -----------------------------------------------------------------------------------------------------------


def limited(home: Path) -> None:
    """Of three installations: one near its limit, one that wrote a little, one that is suspended."""
    filled = Filled(home)
    filled.at = NOW.replace(hour=11, minute=30)
    filled.delivery(1, writes=450, installation=5, repo_id=7)
    filled.delivery(2, writes=12, installation=6, repo_id=8, repo="octo/app")
    filled.account(5, "acme")
    filled.account(6, "octo")
    filled.account(9, "gone-quiet", state="suspended")
    filled.close()


async def test_the_limit_of_each_installation_is_shown_the_fullest_first(home: Path) -> None:
    limited(home)
    app = console(home)
    async with app.run_test(size=(120, 40)):
        await settled(app)
        shown = [value for name, value in app.screen.query_one("#home-state", Pairs).pairs if name == "writes/h"]

        assert shown == ["█████████░ acme: 450 of 500", "░░░░░░░░░░ octo: 12 of 500"]
        assert attention(app)["acme has used 450 of 500 writes"] == "wait"
        assert attention(app)["suspended: gone-quiet"] == "bad"
        assert not any("octo" in what for what in attention(app))


async def test_where_the_settings_set_no_limit_none_is_near(home: Path) -> None:
    limited(home)
    app = console(home, TASSIST_API_LIMITS="off")
    async with app.run_test(size=(120, 40)):
        await settled(app)

        assert told(app)["writes/h"] == "octo: 12, no limit is set"
        assert not any("has used" in what for what in attention(app))


async def test_in_a_narrow_terminal_what_to_do_about_the_chosen_one_stands_below(home: Path) -> None:
    troubled(home)
    app = console(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        below = app.screen.query_one("#home-fix", Says)
        assert "replay them once the cause is mended" in str(below.content)
        await pilot.press("down")
        await settled(app)
        assert "start the service: tassist serve" in str(below.content)
        assert below.region.height == 1


async def test_writes_of_more_than_an_hour_ago_do_not_count(home: Path) -> None:
    filled = Filled(home)
    filled.delivery(1, writes=450)
    filled.close()
    app = console(home)
    async with app.run_test():
        await settled(app)

        assert told(app)["writes/h"] == "none of 500 for each installation"


async def test_more_installations_than_one_reads_are_counted(home: Path) -> None:
    filled = Filled(home)
    filled.at = NOW.replace(hour=11, minute=30)
    for number in range(1, 16):
        filled.delivery(number, writes=number, installation=100 + number, repo_id=number)
    filled.close()
    app = console(home)
    async with app.run_test(size=(120, 40)):
        await settled(app)
        shown = [value for name, value in app.screen.query_one("#home-state", Pairs).pairs if name == "writes/h"]

        assert len(shown) == 13
        assert shown[0].endswith("installation 115: 15 of 500")
        assert shown[-1].startswith("and 3 more")


# --- the same in lines ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fill", [typical, troubled, limited, hostile])
async def test_the_lines_say_every_fact_of_home(home: Path, fill: object) -> None:
    assert callable(fill)
    fill(home)
    app = console(home)
    async with app.run_test(size=(120, 60)):
        await settled(app)
        shown = [*app.screen.query_one("#home-state", Pairs).pairs, *app.screen.query_one("#home-figures", Pairs).pairs]
        wants = [row.cells for row in app.screen.query_one("#home-attention", Rows).rows]
        last = [row.key for row in app.screen.query_one("#home-deliveries", Rows).rows]
        hook = app.screen.hook  # type: ignore[attr-defined]  # Home's
    filled = Filled(home)
    with filled.journal as journal:
        lines = list(
            tail(journal, home, StillClock(), last=len(last), follow=False, rest=lambda: False, hook=lambda: hook)
        )
    facts = [line.removeprefix("last 24 hours, ") for line in lines]

    for name, value in shown:
        if name:
            said = value.lstrip("█░ ")
            assert f"{name}: {said}" in facts, (name, value)
    for what, fix in wants:
        assert any(what in line and fix in line for line in lines), what
    drawn = next(value for name, value in shown if not name)
    hours = next(line for line in facts if line.startswith("by the hour until now: ")).split(": ")[1].split()
    assert [bool(int(hour)) for hour in hours] == [char != " " for char in drawn.strip("|")]
    assert len([line for line in lines if line[2:3] == ":" and line[5:6] == ":"]) == len(last)


def test_every_fact_of_either_face_comes_from_the_one_list(home: Path) -> None:
    limited(home)
    filled = Filled(home)
    with filled.journal as journal:
        found = replace(overview(journal, home, NOW), hook=Hook((), NOW))
    lines = in_words(found)

    assert all(f"{fact.name}: {fact.said}" in lines for fact in standing(found))
    assert all(f"last 24 hours, {fact.name}: {fact.said}" in lines for fact in figures(found))
