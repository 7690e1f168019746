"""Each step looks before it acts, does no harm twice, and proves what it did."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.problems import Problem, ProblemError
from setup_wizard.app_steps import NOWHERE, KeepSecrets, SetWebhook
from setup_wizard.finish_steps import Install, ProveHealth, SeeDelivery
from setup_wizard.known import Known
from setup_wizard.outcome import Applied, Waiting
from setup_wizard.ports import Hook, Installed
from setup_wizard.questions import QUESTION_BY_ID
from setup_wizard.register_step import RegisterApp
from tests.unit.setup_wizard.world import APP, Fake, FakeGitHub, FakeProbe, FakeService

NEW = {
    "github": "https://github.com",
    "app": "new",
    "app_name": "Tidy",
    "create_with": "browser",
    "webhook": "poll",
    "keep_secrets_in": "file",
}
EXISTING = {"github": "https://github.com", "app": "existing", "app_id": "7", "private_key_file": "/k.pem"}
IMPORT = {"app": "import", "bundle": "env:B", "passphrase": "env:P"}


async def test_a_new_app_is_shown_and_then_waited_for() -> None:
    fake = Fake()
    step, known, world = RegisterApp(), Known(NEW), fake.world()

    found = await step.check(known, world)
    waiting = await step.apply(known, world)
    done = await step.arrived(known, world)

    assert [change.where for change in found.changes] == ["GitHub, your own account", "/home/me/tassist"]
    assert isinstance(waiting, Waiting)
    assert isinstance(done, Applied)
    assert done.learned["slug"] == "tidy"
    assert fake.github.done == [f"create Tidy {NOWHERE} browser", "clicked"]
    assert await step.verify(known, world) == ()
    assert (await step.check(known, world)).already
    assert isinstance(await step.pasted("x", known, world), Applied)


async def test_a_name_that_is_taken_is_said_before_anything_opens() -> None:
    fake = Fake(FakeGitHub(taken=(Problem("app-name-taken", "taken"),)))

    with pytest.raises(ProblemError, match="taken"):
        await RegisterApp().check(Known(NEW), fake.world())


@pytest.mark.parametrize(("said", "done"), [(EXISTING, "adopt 7 /k.pem"), (IMPORT, "unpack env:B env:P")])
async def test_an_app_is_taken_over_without_a_wait(said: dict[str, str], done: str) -> None:
    fake = Fake()
    found = await RegisterApp().check(Known(said), fake.world())

    assert isinstance(await RegisterApp().apply(Known(said), fake.world()), Applied)
    assert not found.already
    assert fake.github.done == [done]


@pytest.mark.parametrize(
    ("held", "said", "already"),
    [
        (APP, EXISTING, True),
        (APP, {**EXISTING, "app_id": "8"}, False),
        (replace(APP, github="https://ghe.example"), NEW, False),
        (APP, IMPORT, True),
        (replace(APP, github="https://ghe.example", name=""), IMPORT, False),
    ],
)
async def test_an_app_of_another_github_or_id_is_set_aside_and_said(
    held: object, said: dict[str, str], already: bool
) -> None:
    fake = Fake(FakeGitHub(app=held))  # type: ignore[arg-type]  # parametrised

    found = await RegisterApp().check(Known(said), fake.world())

    assert found.already == already
    assert already or "aside" in found.changes[-1].what


async def test_secrets_are_moved_once_and_proved() -> None:
    fake = Fake(FakeGitHub(app=APP))
    step, world = KeepSecrets(), fake.world()
    known = Known({"keep_secrets_in": "keyring"})

    assert (await step.check(Known({"keep_secrets_in": "file"}), world)).already
    assert not (await step.check(known, world)).already
    assert (await step.verify(known, world))[0].code == "secrets-elsewhere"
    await step.apply(known, world)
    await step.apply(known, world)

    assert fake.github.done == ["keep keyring"]
    assert await step.verify(known, world) == ()
    assert isinstance(await step.arrived(known, world), Applied)
    assert isinstance(await step.pasted("", known, world), Applied)


async def test_a_place_that_keeps_nothing_is_said_before_there_is_anything_to_keep() -> None:
    fake = Fake(FakeGitHub(open_places=("env-file",)))

    with pytest.raises(ProblemError, match="env-file is open"):
        await KeepSecrets().check(Known({"keep_secrets_in": "env-file"}), fake.world())

    assert fake.github.done == []


async def test_a_webhook_is_ours_only_with_our_secret() -> None:
    url = "https://x.example/webhook"
    fake = Fake(FakeGitHub(app=APP, config=Hook(url, is_json=True, has_secret=True, checks_tls=True)))
    step, world, known = SetWebhook(), fake.world(), Known({"webhook_url": url})

    before = await step.check(known, world)
    await step.apply(known, world)
    after = await step.check(known, world)

    assert (before.already, after.already) == (False, True)
    assert await step.verify(known, world) == ()
    assert not (await step.check(known, Fake().world())).already


@pytest.mark.parametrize(
    "config", [None, Hook("https://other.example", is_json=True, has_secret=True, checks_tls=True)]
)
async def test_a_webhook_that_is_not_as_it_was_set_is_said(config: Hook | None) -> None:
    fake = Fake(FakeGitHub(app=APP, config=config, keeps=False))

    await SetWebhook().apply(Known({"webhook_url": "https://x.example/webhook"}), fake.world())
    (problem,) = await SetWebhook().verify(Known({"webhook_url": "https://x.example/webhook"}), fake.world())

    assert problem.code == "webhook-not-set"


@pytest.mark.parametrize(
    ("webhook", "said"),
    [("ngrok", "tassist serve --tunnel ngrok points it here"), ("poll", "tassist serve --poll asks instead")],
)
async def test_an_address_that_leads_nowhere_says_what_points_it_or_asks_instead(webhook: str, said: str) -> None:
    (change,) = (
        await SetWebhook().check(Known({**NEW, "webhook": webhook}), Fake(FakeGitHub(app=APP)).world())
    ).changes

    assert said in change.what


def test_a_way_back_through_a_tunnel_needs_one_and_is_proposed_where_tassist_opens_it() -> None:
    asked = QUESTION_BY_ID["create_with"]
    ways = ("url", "ngrok", "agent", "poll")

    faults = [[each.code for each in asked.judge("tunnel", Known({**NEW, "webhook": way}))] for way in ways]
    proposed = [asked.default(Known({**NEW, "webhook": way})) for way in ways]

    assert faults == [[], [], [], ["no-tunnel-to-come-back"]]
    assert proposed == ["paste", "tunnel", "tunnel", "paste"]


async def test_a_tunnels_address_is_taken_where_there_is_one() -> None:
    fake = Fake()

    await RegisterApp().apply(
        Known({**NEW, "organization": "acme"}, learned={"tunnel_url": "https://t.example/webhook"}), fake.world()
    )

    assert fake.github.done == ["create Tidy https://t.example/webhook browser acme"]


async def test_the_installation_is_waited_for_and_pending_approvals_are_told() -> None:
    fake = Fake(FakeGitHub(app=APP, wanting=("acme",)))
    step, known, world = Install(), Known(learned={"html_url": APP.html_url}), fake.world()

    assert not (await step.check(known, Fake().world())).already
    assert not (await step.check(known, world)).already
    waiting = await step.apply(known, world)
    assert isinstance(waiting, Waiting)
    assert waiting.link == "https://github.com/apps/tidy/installations/new"
    assert "acme" in waiting.hints[0]
    assert isinstance(await step.pasted("", known, world), Waiting)
    done = await step.arrived(known, world)
    assert isinstance(done, Applied)
    assert done.learned == {"installations": "1", "accounts": "acme", "repositories": "acme/app\nacme/api"}
    assert (await step.check(known, world)).already
    assert isinstance(await step.apply(known, world), Applied)
    assert await step.verify(known, world) == ()


async def test_an_installation_that_cannot_work_is_said() -> None:
    installs = (
        Installed(1, "acme", suspended=True),
        Installed(2, "octo", suspended=False, lacking=("issues",)),
    )

    problems = await Install().verify(Known(), Fake(FakeGitHub(app=APP, installs=installs)).world())

    assert [problem.code for problem in problems] == ["installation-suspended", "permission-missing"]


@pytest.mark.parametrize("way", ["poll", "url"])
async def test_one_delivery_is_seen(way: str) -> None:
    fake = Fake()
    step, known, world = SeeDelivery(), Known({"webhook": way}), fake.world()

    found = await step.check(known, world)
    assert bool(found.changes) == (way == "url")
    assert (await step.verify(known, world))[0].code == "no-delivery"
    await step.apply(known, world)
    assert await step.verify(known, world) == ()
    assert (await step.check(known, world)).already


async def test_the_doctor_has_the_last_word() -> None:
    good, bad = Fake(), Fake(service=FakeService(), probe=FakeProbe((Problem("clock", "the clock is wrong"),)))

    assert not (await ProveHealth().check(Known(), good.world())).already
    assert isinstance(await ProveHealth().apply(Known(), good.world()), Applied)
    assert await ProveHealth().verify(Known(), good.world()) == ()
    with pytest.raises(ProblemError, match="clock"):
        await ProveHealth().apply(Known(), bad.world())
