"""The installer with screens: a whole run against GitHub in a box, every view by keyboard alone, secrets nowhere."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.widgets import Button, Input, OptionList, Static

from setup_wizard.export_line import sealed
from setup_wizard.flow import Mark, Standing
from tassist import secrets
from tassist.errors import Secret
from tassist.services.setup.wishes import Wishes
from tassist.tui.screens.setup import SetupScreen
from tassist.tui.setup.ends import DoneView, StartView
from tassist.tui.setup.rail import Rail
from tassist.tui.setup.switching import SwitchView
from tassist.tui.setup.views import FailedView, PreviewView, QuestionView, View, WaitView, WorkingView
from tassist.tui.widgets.link_panel import QrModal
from tassist.tui.widgets.pairs import Pairs
from tests.integration.switching.conftest import receiver
from tests.support import keys
from tests.support.console import HOSTILE, at_rest
from tests.support.installing_seat import PATIENCE_S, QUICK, burst, create, install, seated

PRODUCTION = "https://production.invalid/webhook"


@pytest.mark.slow
async def test_a_whole_run_by_keyboard_from_nothing_to_a_delivery_seen(home: Path) -> None:
    async with seated(home, Wishes(), env={"TASSIST_SETUP_KEEP_SECRETS_IN": "file"}, said=str(home)) as seat:
        await seat.view(QuestionView, "app")
        await seat.pilot.press("enter")
        await seat.view(QuestionView, "account")
        await seat.pilot.press("enter")
        await seat.view(QuestionView, "app_name")
        await seat.type("x" * 40)
        await seat.pilot.press("enter")
        await seat.until(lambda: "the App's name has 40 characters" in seat.text("#field-error"), "the fault")
        assert "leave out 6 or more" in seat.text("#field-error")
        await seat.type('  "Tidy"  ')
        await seat.pilot.press("escape")
        await seat.view(QuestionView, "account")
        await seat.pilot.press("enter")
        again = await seat.view(QuestionView, "app_name")
        assert again.query_one("#field", Input).value.strip() == '"Tidy"'
        await seat.pilot.press("enter")
        await seat.view(QuestionView, "webhook")
        await seat.pilot.press("end", "enter")
        await seat.view(QuestionView, "create_with")
        browsers = seat.screen.query_one("#field", OptionList)
        assert browsers.get_option_at_index(browsers.highlighted or 0).id == "paste"
        await seat.pilot.press("enter")

        await seat.view(PreviewView)
        assert not (home / "github-app.json").exists()
        assert isinstance(seat.app.focused, Button)
        changes = seat.screen.query_one("#changes")
        assert changes.max_scroll_y > 0, "there is more than fits"
        await seat.pilot.press("pagedown", "pagedown", "pagedown")
        await seat.until(lambda: changes.scroll_y == changes.max_scroll_y, "the end of the changes")
        await seat.pilot.press("up")
        await seat.until(lambda: changes.scroll_y < changes.max_scroll_y, "one line up")
        await seat.pilot.press("enter")

        waiting = await seat.view(WaitView)
        assert seat.screen.query_one(Rail).marks[0].standing == Standing.WAITING
        await seat.until((home / "create-app.html").exists, "the page")
        field = waiting.query_one("#paste", Input)
        field.value = "nothing of use"
        await seat.pilot.press("enter")
        await seat.until(
            lambda: seat.screen.query("#field-error") and "no code" in seat.text("#field-error"), "refusal"
        )
        came = await asyncio.to_thread(create, seat.running.url, home / "create-app.html")
        seat.screen.query_one("#paste", Input).value = came
        await seat.pilot.press("enter")

        await seat.until(lambda: seat.app.focused is not None and seat.app.focused.id == "copy", "the link to install")
        await seat.pilot.press("f4")
        await seat.until(lambda: isinstance(seat.app.screen, QrModal), "the QR code")
        await seat.pilot.press("escape")
        await asyncio.to_thread(install, seat.running.url, "tidy")

        await seat.view(QuestionView, "repositories")
        await seat.pilot.press("enter")
        await seat.view(QuestionView, "telemetry")
        await seat.pilot.press("enter")
        await seat.view(QuestionView, "scaffold")
        await seat.pilot.press("enter")
        done = await seat.view(DoneView)
        assert {mark.standing for mark in seat.screen.query_one(Rail).marks} <= {Standing.DONE, Standing.ALREADY}
        told = [value for _, value in seat.screen.query_one("#done-rows", Pairs).pairs]
        assert told[-2:] == [f"tassist serve --poll --home {home}", f"tassist doctor --home {home}"]
        seat.screen.query_one("#answers", Button).press()
        await seat.until((home / "setup-answers.toml").exists, "the answers")
        assert 'app_name = "Tidy"' in (home / "setup-answers.toml").read_text()

        app = secrets.read(home / "github-app.json")
        picture = seat.app.export_screenshot()
        descriptions = " ".join(str(worker.description) for worker in seat.app.workers)
        for secret in (app.private_key, app.webhook_secret, app.client_secret):
            canary = secret.reveal().splitlines()[1] if "BEGIN" in secret.reveal() else secret.reveal()
            assert canary not in picture
            assert canary not in descriptions
        assert done.dry is False


async def test_before_anything_is_begun_no_step_is_named_as_the_present_one(home: Path) -> None:
    async with seated(home, None) as person:
        await person.view(StartView)
        line = str(person.screen.query_one(Rail).render())
        assert line.startswith(" 10 steps")
        assert line.endswith("0 done")


async def test_the_beginning_names_the_folder_where_it_was_given(home: Path) -> None:
    async with seated(home, None, said="with a space") as person:
        await person.view(StartView)
        shown = " ".join(str(each.render()) for each in person.screen.query(Static))
    assert "The same in lines: tassist setup --plain --home 'with a space'" in shown


async def test_escape_closes_the_help_before_it_leaves_a_question(home: Path) -> None:
    async with seated(home, Wishes(), env=QUICK) as person:
        await person.view(QuestionView, "app")
        await person.pilot.press("enter")
        await person.view(QuestionView, "account")
        await person.pilot.press("f1")
        await person.until(lambda: person.screen.query("HelpPanel"), "the help")
        await person.pilot.press("escape")
        await person.until(lambda: not person.screen.query("HelpPanel"), "no help")
        await person.view(QuestionView, "account")
        await person.pilot.press("escape")
        await person.view(QuestionView, "app")


async def test_a_dry_run_changes_nothing(home: Path) -> None:
    async with seated(home, Wishes(dry=True), env={**QUICK, "TASSIST_SETUP_CREATE_WITH": "paste"}) as seat:
        for question in ("app", "account", "webhook"):
            await seat.view(QuestionView, question)
            await seat.pilot.press("end" if question == "webhook" else "home", "enter")
        preview = await seat.view(PreviewView)
        assert preview.preview.dry
        await seat.pilot.press("enter")
        async with asyncio.timeout(PATIENCE_S):  # further questions and previews, all taken as they are proposed
            while not seat.app.screen.query(DoneView):
                await seat.pilot.press("enter")
                await seat.pilot.pause(0.05)

    assert [path.name for path in home.iterdir() if path.suffix != ".lock"] == []


async def test_what_is_typed_ahead_leads_nowhere_and_what_takes_long_says_for_how_long(home: Path) -> None:
    async with seated(home, None) as seat:
        await seat.view(StartView)
        await seat.screen.tell("see one real delivery …", ())
        working = seat.screen.query_one(WorkingView)
        await seat.pilot.press("2", "q", "4")

        assert seat.app.screen is seat.screen
        assert seat.text("#working-elapsed") == "Nothing is asked of you now."
        working.since -= timedelta(seconds=83)
        working.tick()
        assert "1 min 23 s so far" in seat.text("#working-elapsed")
        await seat.pilot.press("question_mark")
        await seat.until(lambda: seat.screen.query("HelpPanel"), "the help")
        ahead = Key("4", "4")
        await seat.screen.show(StartView("", plain="tassist setup --plain"))
        seat.app.post_message(ahead)
        await seat.pilot.pause()
        assert seat.app.screen is seat.screen
        await seat.pilot.press("2")
        await seat.until(lambda: not isinstance(seat.app.screen, SetupScreen), "another place")


async def test_keys_that_come_together_are_taken_in_their_order(home: Path) -> None:
    async with seated(
        home, Wishes(), env={"TASSIST_SETUP_APP": "new", "TASSIST_SETUP_ACCOUNT": "organization"}
    ) as seat:
        await seat.view(QuestionView, "organization")
        burst(seat.app, *"acmee", "backspace", "ctrl+u", *"octi", "backspace", "o", "enter", *"ben")

        view = await seat.view(QuestionView, "app_name")
        assert view.ask.known.answer("organization") == "octo"


@pytest.mark.parametrize("question", ["organization", "account"])
async def test_enter_pressed_before_a_question_is_drawn_does_not_answer_it(home: Path, question: str) -> None:
    env = {"TASSIST_SETUP_APP": "new", **({"TASSIST_SETUP_ACCOUNT": "organization"} if question != "account" else {})}
    async with seated(home, Wishes(), env=env) as seat:
        view = await seat.view(QuestionView, question)
        ahead = Key("enter", "\r")
        again = QuestionView(view.ask, "octo")
        await seat.screen.show(again)
        seat.app.post_message(ahead)
        await seat.view(QuestionView, question)
        await at_rest(seat.app)
        assert not again.answer.done()

        await seat.pilot.press("enter")
        assert await again.answer == ("octo" if question == "organization" else "me")


async def test_it_may_be_left_and_goes_on_where_it_was(home: Path) -> None:
    async with seated(home, None, env=QUICK) as seat:
        await seat.view(StartView)
        assert {mark.standing for mark in seat.screen.query_one(Rail).marks} == {Standing.TO_COME}
        await seat.pilot.press("enter")
        await seat.view(QuestionView, "app")
        await seat.pilot.press("enter")
        await seat.view(QuestionView, "account")
        await seat.pilot.press("down", "enter")
        await seat.view(QuestionView, "organization")
    async with seated(home, Wishes(), env=QUICK) as seat:
        view = await seat.view(QuestionView, "organization")
        assert view.ask.known.answer("app") == "new"


async def test_a_secret_is_masked_and_cannot_be_copied(home: Path) -> None:
    canary = "tassist-app-1.canarycanarycanary"
    async with seated(home, Wishes(), env={"TASSIST_SETUP_APP": "import"}) as seat:
        await seat.view(QuestionView, "bundle")
        await seat.pilot.press(*canary)
        field = seat.screen.query_one("#field", Input)
        field.select_all()
        await seat.pilot.press("ctrl+c", "ctrl+x")

        await seat.until(lambda: any("^q leaves" in each.message for each in seat.app._notifications), "how to leave")
        assert seat.app.clipboard == ""
        assert field.value == canary
        assert canary not in seat.app.export_screenshot()
        assert seat.screen.query_one(QuestionView).draft() == ""


async def test_a_secret_that_is_wrong_is_replaced_by_what_is_pasted_next(home: Path) -> None:
    async with seated(home, Wishes(), env={"TASSIST_SETUP_APP": "import"}) as seat:
        await seat.view(QuestionView, "bundle")
        await seat.pilot.press(*"canary", "enter")
        await seat.until(lambda: "not a line of tassist setup export" in seat.text("#field-error"), "the fault")
        seat.screen.query_one("#field", Input).post_message(Paste(sealed("c2VhbGVk")))
        await seat.pilot.press("enter")

        await seat.view(QuestionView, "passphrase")


async def test_an_answer_is_judged_when_the_field_is_left(home: Path) -> None:
    env = {"TASSIST_SETUP_APP": "existing"}
    async with seated(home, Wishes(), env=env) as seat:
        await seat.view(QuestionView, "app_id")
        await seat.pilot.press(*"Iv1.abc", "tab")
        await seat.until(lambda: seat.screen.query_one("#field-error").display, "the fault")

        assert "is not an App ID" in seat.text("#field-error")


async def test_a_failure_says_what_and_offers_the_way_on(home: Path) -> None:
    env = {
        "TASSIST_SETUP_APP": "existing", "TASSIST_SETUP_APP_ID": "5", "TASSIST_SETUP_PRIVATE_KEY_FILE": "/no/such.pem",
        "TASSIST_SETUP_WEBHOOK": "poll", "TASSIST_SETUP_KEEP_SECRETS_IN": "file",
    }  # fmt: skip
    async with seated(home, Wishes(), env=env) as seat:
        await seat.view(PreviewView)
        await seat.pilot.press("enter")
        await seat.view(View)
        view = await seat.until(
            lambda: [*seat.app.screen.query(FailedView), *seat.app.screen.query(QuestionView)], "what did not work"
        )
        if isinstance(view[0], FailedView):
            assert seat.screen.query_one(Rail).marks[0].standing == Standing.FAILED
            await seat.pilot.press("tab", "tab", "enter")
            await seat.view(StartView)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_h71_hostile_text_in_the_rail_is_harmless(text: str, home: Path) -> None:
    async with seated(home, None) as seat:
        await seat.view(StartView)
        seat.screen.query_one(Rail).marks = (Mark("x", text, Standing.FAILED, now=True),)
        await seat.screen.tell(text, ())
        await seat.pilot.pause()

        assert "\x1b" not in seat.app.export_screenshot()


@pytest.mark.parametrize("size", [(20, 5), (80, 24), (120, 40)])
async def test_h73_every_size_works(size: tuple[int, int], home: Path) -> None:
    async with seated(home, Wishes(), size=size, env=QUICK) as seat:
        await seat.view(QuestionView, "app")
        await seat.pilot.resize_terminal(20, 5)
        await seat.pilot.resize_terminal(*size)
        await seat.pilot.press("enter")
        await seat.view(QuestionView, "account")

        assert seat.app.return_code is None


async def test_the_webhook_is_switched_and_what_is_wrong_stands_below_the_field(home: Path) -> None:
    async with seated(home, None) as seat:
        made = seat.box.register_app("Tidy", owner="ann", pem=keys.pem(), hook_url=PRODUCTION)
        with seat.box.lock:
            seat.box.webhooks.ping(seat.box.app(made.id))
        app = secrets.GitHubApp(made.id, Secret(made.pem), Secret("x"), slug=made.slug, api_url=seat.running.api_url)
        secrets.save(app, home / "github-app.json")
        await seat.view(StartView)
        seat.screen.query_one("#switch", Button).press()
        await seat.view(SwitchView)
        await seat.until(lambda: PRODUCTION in seat.text("#switch-status"), "where it leads")

        seat.screen.query_one("#switch-url", Input).value = "https://user:canary@host"
        seat.screen.query_one("#to-dev", Button).press()
        await seat.until(lambda: seat.screen.query_one("#field-error").display, "the fault")
        assert "canary" not in seat.text("#field-error")

        with receiver(500) as broken:
            seat.screen.query_one("#switch-url", Input).value = broken.url
            seat.screen.query_one("#to-dev", Button).press()
            await seat.until(lambda: "was not taken there" in seat.text("#field-error"), "no proof")
        assert seat.box.app(made.id).hook_url == PRODUCTION

        with receiver() as here:
            seat.screen.query_one("#switch-url", Input).value = here.url
            seat.screen.query_one("#to-dev", Button).press()
            await seat.until(lambda: "development" in seat.text("#switch-status"), "switched")
            assert seat.box.app(made.id).hook_url == here.url
        await seat.pilot.press("escape")
        await seat.view(StartView)
