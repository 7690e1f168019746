"""What GitHub has against what is wanted, with GitHub in a box; and the whole command."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.problems import ProblemError
from tassist.config import settings
from tassist.doctor.check import State
from tassist.doctor.examine import examine
from tassist.errors import Secret
from tassist.sandbox import repositories
from tassist.secrets import GitHubApp, credentials_path, save
from tassist.services import doctor, switching
from tassist.services.doctor import drift
from tassist.services.doctor.app_side import AppSide
from tassist.services.not_taken import reason
from tassist.services.switching import kept
from tests.integration.switching.conftest import ngrok_agent
from tests.support import keys
from tests.support.drifting import World, drifting, registered


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """An App as the manifest makes it, installed in one organisation."""
    monkeypatch.chdir(tmp_path)
    async with drifting(tmp_path / "home") as found:
        yield found


async def test_everything_as_it_was_made_is_well(world: World) -> None:
    world.box.install(world.made.id, "octo")

    found = await world.looked()

    assert {name: finding.state for name, finding in found.items()} == {
        "app": State.OK, "permissions": State.OK, "installations": State.OK, "hook": State.OK, "tunnel": State.OK,
        "last-delivery": found["last-delivery"].state,
    }, found  # fmt: skip
    assert "owned by octo" in found["app"].said


async def test_h51_the_key_of_another_app_is_refused_with_its_fingerprint(world: World) -> None:
    world.keep(private_key=Secret(keys.pem(3)))

    found = await world.looked()

    assert found["app"].state == State.FAILED
    assert "SHA256:" in found["app"].why
    assert "MII" not in repr(found)


async def test_permissions_and_events_that_drifted_are_told_with_the_page(world: World) -> None:
    app = world.box.app(world.made.id)
    app.permissions["issues"] = "read"
    lacking = (await world.looked())["permissions"]
    app.permissions.update({"issues": "write", "administration": "write"})
    more = (await world.looked())["permissions"]
    del app.permissions["administration"]
    app.events = [event for event in app.events if event != "label"]
    deaf = (await world.looked())["permissions"]

    assert lacking.state == State.FAILED
    assert "/organizations/octo/settings/apps/task-assistant/permissions" in lacking.fix
    assert (more.state, "administration" in more.said) == (State.WARNING, True)
    assert (deaf.state, "label" in deaf.said) == (State.FAILED, True)


async def test_installations_wait_for_a_person_or_are_suspended(world: World) -> None:
    nowhere = (await world.looked())["installations"]
    installation = world.box.install(world.made.id, "octo")
    fine = (await world.looked())["installations"]
    world.box.installation(installation).permissions["issues"] = "read"
    pending = (await world.looked())["installations"]
    world.box.suspend(installation)
    suspended = (await world.looked())["installations"]

    assert (nowhere.state, fine.state, pending.state, suspended.state) == (
        State.WAITING, State.OK, State.WAITING, State.FAILED,
    )  # fmt: skip
    assert "/installations/new" in nowhere.fix


@pytest.mark.parametrize(
    ("chosen", "lacking"),
    [
        ("all", ""),
        ("Octo", ""),
        ("octo/App", ""),
        ("octo/app,octo/other,Acme,ann/own", "acme, ann/own, octo/other"),
        ("octo/gone", "octo/gone"),
    ],
)
async def test_a_chosen_repository_the_app_is_not_installed_on_is_named(
    world: World, chosen: str, lacking: str
) -> None:
    by = world.box.by("ann")
    with world.box.lock:
        for owner, name in (("octo", "app"), ("octo", "other"), ("ann", "own")):
            repositories.create_repository(world.box, by, world.box.user(owner), name, labels=False)
    world.box.install(world.made.id, "octo", ["app"])

    found = (await world.looked(TASSIST_REPOSITORIES=chosen))["installations"]

    assert found.state == (State.WARNING if lacking else State.OK), found
    assert not lacking or f"not installed there: {lacking}" in found.said


async def test_a_webhook_that_drifted_is_mended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    app = world.box.app(world.made.id)
    app.hook_insecure_ssl = "1"
    monkeypatch.setenv("TASSIST_HOME", str(world.home))

    before = (await world.looked())["hook"]
    said = await doctor.mend("hook")
    after = (await world.looked())["hook"]
    again = await doctor.mend("hook")

    assert (before.state, before.mendable) == (State.FAILED, True)
    assert "certificate is checked" in said
    assert app.hook_insecure_ssl == "0"
    assert after.state == State.OK
    assert again.startswith("nothing to do")


async def test_an_app_without_a_webhook_is_told(world: World) -> None:
    bare = registered(world.box, "Bare", hook_url="", pem=keys.pem(1))
    world.keep(app_id=bare.id, private_key=Secret(bare.pem))

    assert "no webhook" in (await world.looked())["hook"].said


async def test_a_delivery_that_was_not_taken_is_explained_by_githubs_own_log(world: World) -> None:
    await world.delivers_in_vain()

    found = (await world.looked())["last-delivery"]

    assert found.state == State.FAILED
    assert "a moment ago" in found.said
    assert found.why
    assert found.fix


async def test_a_webhook_that_was_left_away_from_production_is_put_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASSIST_HOME", str(world.home))
    production = world.box.app(world.made.id).hook_url
    held = switching.Kept(production, "https://x.ngrok-free.app/webhook", "dev", switching.Standing.HELD)
    kept.keep(world.home, held, now=datetime.now(UTC), before=production, why="tunnel")
    world.box.app(world.made.id).hook_url = held.url

    before = (await world.looked())["tunnel"]
    said = await doctor.mend("tunnel")
    after = (await world.looked())["tunnel"]

    assert (before.state, before.mendable, after.state) == (State.FAILED, True, State.OK)
    assert production in said
    assert world.box.app(world.made.id).hook_url == production


async def test_h79_a_tunnel_that_is_closed_or_that_keeps_payloads_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.box.app(world.made.id).hook_url = "https://abc.ngrok-free.app/webhook"
    monkeypatch.setenv("TASSIST_NGROK_AGENT", "http://127.0.0.1:9")
    closed = (await world.looked())["tunnel"]
    tunnels = [{"name": "a", "public_url": "https://abc.ngrok-free.app", "config": {"addr": "http://localhost:8080"}}]
    with ngrok_agent(tunnels) as api:
        monkeypatch.setenv("TASSIST_NGROK_AGENT", api)
        keeps = (await world.looked())["tunnel"]
        tunnels[0]["public_url"] = "https://new.ngrok-free.app"
        moved = (await world.looked())["tunnel"]

    assert (closed.state, keeps.state, moved.state) == (State.WARNING, State.WARNING, State.FAILED)
    assert "keeps every payload" in keeps.said
    assert "https://new.ngrok-free.app" in moved.why


async def test_where_deliveries_are_read_from_the_log_none_is_lost(world: World) -> None:
    with world.box.lock:
        world.box.webhooks.ping(world.box.app(world.made.id))
    assert await asyncio.to_thread(world.box.webhooks.wait_idle, 10)

    found = (await world.looked())["last-delivery"]

    assert found.state == State.OK
    assert "serve --poll reads it" in found.said


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        (308, "Permanent Redirect", "redirect"),
        (401, "Unauthorized", "secret"),
        (413, "Payload Too Large", "size"),
        (502, "Bad Gateway", "does not run"),
        (0, "timed out", "ten seconds"),
        (0, "SSL certificate problem", "certificate"),
        (0, "failed to connect", "connect"),
        (502, "failed to connect to host", "connect"),
    ],
)
def test_each_way_of_failing_has_its_words(code: int, status: str, said: str) -> None:
    from tassist.github.wire import DeliveryWire

    why, fix = reason(DeliveryWire(status_code=code, status=status))

    assert said in why
    assert fix


async def test_without_an_app_there_is_nothing_to_ask(tmp_path: Path) -> None:
    side = AppSide(settings.load({"home": str(tmp_path)}, env={"HOME": str(tmp_path)}, dotenv=None), tmp_path)

    found = await examine([(check, side) for check in drift.CHECKS])
    await side.close()

    assert {item.finding.state for item in found} == {State.SKIPPED}


def run(home: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The real command."""
    clean: Mapping[str, str] = {name: value for name, value in os.environ.items() if not name.startswith("TASSIST")}
    return subprocess.run(
        [sys.executable, "-c", "from tassist.entry import main; main()", "doctor", *args],
        capture_output=True,
        text=True,
        env={**clean, "TASSIST_HOME": str(home), **env},
        cwd=home.parent,
    )


async def test_the_command_says_it_in_words_and_as_json_and_its_exit_code_tells(world: World) -> None:
    checks = "folder,settings,credentials,private-key,github,clock,app,hook,installations"
    done = await asyncio.to_thread(run, world.home, "--only", checks, "--json", "--timeout", "20")
    document = json.loads(done.stdout)

    assert done.returncode == 8, done.stdout
    assert document["state"] == "waiting"
    states = {item["id"]: item["state"] for item in document["checks"]}
    assert states == dict.fromkeys(checks.split(","), "ok") | {"installations": "waiting"}
    assert keys.pem().splitlines()[1] not in done.stdout + done.stderr

    world.box.install(world.made.id, "octo")
    well = await asyncio.to_thread(run, world.home, "--only", checks, "--timeout", "20")
    assert well.returncode == 0, well.stdout
    assert "ok       App: GitHub knows the key" in well.stdout

    wrong = await asyncio.to_thread(run, world.home, "--only", "port", TASSIST_PORT=str(world.running.port))
    assert wrong.returncode == 3
    assert "  fix: stop it" in wrong.stdout


async def test_everything_unreachable_is_told_within_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A GitHub that takes connections and never answers: the checks end by their own deadline, all of them."""
    import socket

    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        home = tmp_path / "home"
        save(GitHubApp(1, Secret(keys.pem()), Secret("secret"), api_url=url), credentials_path(home))

        report = await doctor.diagnose(home=str(home), deadline_s=0.5)

    by_id = {item.id: item for item in report.found}
    assert {by_id[name].finding.state for name in ("github", "app", "hook", "permissions")} == {State.FAILED}
    assert "no answer within 0.5 s" in by_id["app"].finding.said
    assert all(item.seconds <= 3 for item in report.found)


async def test_a_check_there_is_not_is_named() -> None:
    with pytest.raises(ProblemError) as caught:
        await doctor.diagnose(only=["nonsense"])
    with pytest.raises(ProblemError):
        await doctor.mend("clock")

    assert "checks are: python" in caught.value.problems[0].fix


def test_each_check_has_an_id_of_its_own_and_words() -> None:
    checks = doctor.all_checks()

    assert len({check.id for check in checks}) == len(checks)
    assert all(check.title and len(check.explains) > 15 and bool(check.mend) == bool(check.mends) for check in checks)
