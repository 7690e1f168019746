"""The console against GitHub in a box over real sockets: with the engine inside, beside a service elsewhere, and at rest."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from textual.pilot import Pilot
from textual.widgets import Input, Static, TextArea

from tassist.cli.serve import _inside
from tassist.clock import SystemClock
from tassist.config import settings
from tassist.contract.check import verify
from tassist.contract.library import configurations
from tassist.contract.reading import read_topic
from tassist.opening import Embedded
from tassist.sandbox.model import Issue
from tassist.services import payloads
from tassist.store.model import DeliveryRow
from tassist.tui.app import TassistApp
from tassist.tui.desk import Desk
from tassist.tui.screens.asking import AskModal, ChoiceModal, ConfirmModal, TextModal
from tassist.tui.screens.delivery_detail import DeliveryDetailScreen
from tassist.tui.screens.delivery_edit import EditModal
from tassist.tui.widgets.rows import Rows
from tests.support.console import asked, settled, talked, verbs
from tests.support.delivering import SECRET
from tests.support.service import CONFIG, Outside, deliver, outside, wait_for

ADDED, REMOVED, SET = "add label track/main", "remove label phase-1", 'set milestone "Phase 2"'
WROTE_BY = {ADDED: "default: true", REMOVED: "phase: {mode: enforce", SET: "phase_milestones:"}
"""What a run writes about an issue with both phases and no track, and the configuration's line that asks for it."""


@dataclass
class Live:
    """GitHub with the App's hook on a service that runs inside the app."""

    world: Outside
    service: Embedded
    loaded: settings.Settings

    def app(self, place: str) -> TassistApp:
        """The app with the service inside."""
        return TassistApp(Desk(self.loaded, SystemClock(), verbs=verbs(), service=self.service), place=place)

    def corrected(self, title: str) -> tuple[Issue, str]:
        """A person opens an issue, GitHub tells the service, the rules mend it; with the id of the delivery that did it."""
        issue = self.world.issue(title=title)
        wait_for(lambda: state(issue) == ({"track/main", "phase-2"}, "Phase 2"), "the issue to be mended")
        log = self.world.box.webhooks.log
        guid = next(one.guid for one in log if one.action == "opened" and title in str(one.payload))
        wait_for(lambda: self.row(guid).state == "done", "the journal to say so")
        return issue, guid

    def row(self, delivery_id: str) -> DeliveryRow:
        """The journal's row."""
        return next(row for row in self.world.deliveries() if row.delivery_id == delivery_id)


def state(issue: Issue) -> tuple[set[str], str | None]:
    return {label.name for label in issue.labels}, issue.milestone.title if issue.milestone else None


def load(world: Outside) -> settings.Settings:
    env = {**world.env, "TASSIST_API_LIMITS": "off", "TASSIST_PORT": "0"}
    return settings.load({"home": str(world.home)}, env=env, dotenv=None)


@contextmanager
def served(world: Outside) -> Iterator[Live]:
    """As `tassist serve` does it in a terminal."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    loaded = load(world)
    opened = _inside(loaded, home=str(world.home), poll_every_s=None, tunnel=None)
    [to_file] = root.handlers
    assert isinstance(to_file, logging.StreamHandler)
    service = opened.service
    assert service is not None
    service.start()
    try:
        app = world.box.app(world.app.id)
        app.hook_url, app.hook_active = service.url, True
        yield Live(world, service, loaded)
    finally:
        world.box.app(world.app.id).hook_active = False
        service.drain()
        service.join(30)
        root.handlers[:], root.level = handlers, level
        to_file.stream.close()
    assert service.error is None


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One service for every test that leaves it running."""
    with outside(tmp_path_factory.mktemp("live")) as world, served(world) as found:
        yield found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Outside]:
    with outside(tmp_path) as found:
        yield found


async def until(condition: Callable[[], Any], what: str) -> None:
    """Wait until the app shows it; it follows by itself."""
    try:
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited in vain for: {what}") from None


def first(app: TassistApp, selector: str = "Rows") -> list[str]:
    """The first cell of each row."""
    return [row.cells[0] for row in app.screen.query_one(selector, Rows).rows]


def told(app: TassistApp) -> str:
    return str(app.screen.query_one("#issues-told-text", Static).content)


def lines_of(app: TassistApp) -> list[str]:
    assert isinstance(app.screen, ConfirmModal | TextModal)
    return [line.plain for line in app.screen.lines]


@asynccontextmanager
async def at_issue(app: TassistApp, issue: Issue) -> AsyncIterator[Pilot[int]]:
    """The place of issues, with this one chosen by typing its name."""
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app)
        await pilot.press("i", *f"octo/app#{issue.number}", "enter")
        await until(lambda: ADDED in "".join(first(app, "#issues-origins")), "what was written to the issue")
        await settled(app)
        yield pilot


@asynccontextmanager
async def at_delivery(app: TassistApp, delivery_id: str) -> AsyncIterator[Pilot[int]]:
    """The place of deliveries, with this one under the cursor."""
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app)
        await until(lambda: shown(app, delivery_id), "the delivery to be listed")
        rows = app.screen.query_one(Rows)
        while rows.row is None or rows.row.key != delivery_id:
            await pilot.press("down")
        yield pilot


def shown(app: TassistApp, delivery_id: str) -> bool:
    return any(row.key == delivery_id for row in app.screen.query_one(Rows).rows)


# --- why ----------------------------------------------------------------------------------------------------------------


async def test_from_each_label_and_milestone_to_rule_line_and_delivery(live: Live) -> None:
    issue, _ = await asyncio.to_thread(live.corrected, "why is it so")
    # GitHub tells of an issue opened with labels several times; whichever came first is the one that did it.
    told_of = {one.guid for one in live.world.box.webhooks.log if "why is it so" in str(one.payload)}
    causes = set()
    app = live.app("issues")
    async with at_issue(app, issue) as pilot:
        await pilot.press("enter")
        written = first(app, "#issues-origins")
        assert set(written) == {ADDED, REMOVED, SET}
        for what in written:
            row = app.screen.query_one("#issues-origins", Rows).row
            assert row is not None
            assert row.cells[0] == what
            line = next(at for at, text in enumerate(CONFIG.split("\n"), 1) if WROTE_BY[what] in text)
            assert f"task-assistant.yml:{line} " in told(app)
            causes |= {guid for guid in told_of if guid in told(app)}
            assert row.cells[1] in told(app)
            if what != written[-1]:
                await pilot.press("down")
                await settled(app)

        await pilot.press("enter")
        await settled(app)
        assert isinstance(app.screen, DeliveryDetailScreen)
        assert causes == {app.screen.delivery_id}
        assert '"why is it so"' in str(app.screen.query_one("#delivery-body-text", Static).content)


async def test_github_is_asked_how_the_issue_is_now_and_nothing_is_written(live: Live) -> None:
    issue, _ = await asyncio.to_thread(live.corrected, "as it is now")
    before = len(live.world.box.writes)
    app = live.app("issues")
    async with at_issue(app, issue) as pilot:
        await pilot.press("w")
        await asked(app, TextModal)

        assert any("track.classify" in line for line in lines_of(app))
    assert len(live.world.box.writes) == before


# --- sending again --------------------------------------------------------------------------------------------------------


async def test_an_edited_copy_goes_signed_anew_under_its_own_id(live: Live) -> None:
    issue, guid = await asyncio.to_thread(live.corrected, "first title")
    app = live.app("deliveries")
    async with at_delivery(app, guid) as pilot:
        await pilot.press("e")
        await asked(app, EditModal)
        area = app.screen.query_one(TextArea)
        area.load_text(area.text.replace("first title", "second title"))
        await pilot.press("ctrl+s")
        await asked(app, ConfirmModal)
        assert any("signed anew" in line for line in lines_of(app))
        assert '~ issue.title: "first title" → "second title"' in lines_of(app)
        assert len(live.world.deliveries()) == len({*live.world.states()}), "nothing was sent yet"
        before = set(live.world.states())

        await pilot.press("y")
        await talked(app)
    [sent] = set(live.world.states()) - before
    assert live.row(sent).state in {"done", "ignored"}, app.problems
    with closing(live.app("home").desk.journal()) as journal:
        body = journal.body(live.row(sent).seq)
    assert body is not None
    assert json.loads(body)["issue"]["title"] == "second title"
    assert issue.title == "first title"


async def test_a_replayed_delivery_is_looked_at_again_by_the_service_inside(live: Live) -> None:
    issue, guid = await asyncio.to_thread(live.corrected, "once more")
    before = live.row(guid).run_id
    with live.world.box.lock:
        del issue.labels[:]
    app = live.app("deliveries")
    async with at_delivery(app, guid) as pilot:
        await pilot.press("r")
        await asked(app, ConfirmModal)
        await pilot.press("y")
        await until(lambda: "track/main" in state(issue)[0], "the rules to mend it again")
        await until(lambda: live.row(guid).state == "done", "the journal to say so")
    assert live.row(guid).run_id != before


async def test_github_sends_again_what_it_is_asked_for(live: Live) -> None:
    _, guid = await asyncio.to_thread(live.corrected, "again please")
    app = live.app("deliveries")
    async with at_delivery(app, guid) as pilot:
        await pilot.press("R")
        await asked(app, ConfirmModal)
        assert not [one for one in live.world.box.webhooks.log if one.guid == guid and one.redelivery]
        await pilot.press("y")
        await talked(app)
        assert not app.problems
        await until(lambda: live.row(guid).duplicates == 1, "the journal to know it came twice")
    assert [one.ok for one in live.world.box.webhooks.log if one.guid == guid and one.redelivery] == [True]


# --- the service inside ---------------------------------------------------------------------------------------------------


async def test_what_github_sends_appears_by_itself_with_the_engine_inside(live: Live) -> None:
    app = live.app("deliveries")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app)
        _, guid = await asyncio.to_thread(live.corrected, "while one looks")

        def handled() -> bool:
            return any(row.key == guid and row.cells[3] == "done" for row in app.screen.query_one(Rows).rows)

        await until(handled, "the delivery and what became of it")
        await pilot.press("1")
        await settled(app)
        assert "running" in str(app.screen.query_one("#home-state", Static).content)
        await pilot.press("9")
        await until(lambda: any("looked at octo/app#" in line for line in first(app)), "the service's own log")


async def test_leaving_finishes_what_is_under_way(world: Outside) -> None:
    world.box.faults.latency(0.3, method="write", path="/repositories/*", count=None)
    with served(world) as live:
        app = live.app("home")
        async with app.run_test() as pilot:
            await settled(app)
            issue = world.issue(title="at the last moment")
            await until(lambda: len(world.box.writes) > 0, "the first write")
            await pilot.press("q")
            await until(lambda: not app.is_running, "the app to leave by itself")
        assert app.return_code == 0
        assert live.service.ended
    assert state(issue) == ({"track/main", "phase-2"}, "Phase 2")
    assert [row.state for row in world.deliveries() if row.action == "opened"] == ["done"]


# --- a service elsewhere, and a store at rest --------------------------------------------------------------------------------


async def test_attached_to_a_service_elsewhere_then_at_rest_undo_is_shown_first(world: Outside) -> None:
    issue = world.issue()
    app = TassistApp(Desk(load(world), SystemClock(), verbs=verbs()), place="deliveries")
    with world.service(TASSIST_API_LIMITS="off") as service:
        async with app.run_test(size=(120, 40)):
            await settled(app)
            await asyncio.to_thread(deliver, service.url, world.payload(issue), delivery_id="d-1")
            await until(
                lambda: [(row.key, row.cells[3]) for row in app.screen.query_one(Rows).rows] == [("d-1", "done")],
                "what the other process did",
            )
        assert service.stop() == 0
    assert state(issue) == ({"track/main", "phase-2"}, "Phase 2")
    app.desk.close()

    app = TassistApp(Desk(load(world), SystemClock(), verbs=verbs()), place="issues")
    async with at_issue(app, issue) as pilot:
        await pilot.press("enter", "u")
        await asked(app, ConfirmModal)
        plan = "\n".join(lines_of(app))
        for line in ("undo     remove label track/main", "undo     add label phase-1", "take it out of milestone"):
            assert line in plan
        assert "The next look would then write" in plan
        assert "remove label phase-1  [exclusivity.phase]" in plan
        await pilot.press("n")
        await talked(app)
        assert state(issue) == ({"track/main", "phase-2"}, "Phase 2"), "shown, and not done"

        await pilot.press("u")
        await asked(app, ConfirmModal)
        await pilot.press("y")
        await talked(app)
        await until(lambda: all("(taken back)" in one for one in first(app, "#issues-origins")), "that it is said")
        assert not app.problems
    assert state(issue) == ({"phase-1", "phase-2"}, None)
    app.desk.close()


# --- copying ------------------------------------------------------------------------------------------------------------------


async def copied(app: TassistApp, delivery_id: str, *keys: str) -> str:
    """What is in the clipboard after choosing a form."""
    async with at_delivery(app, delivery_id) as pilot:
        await pilot.press("y")
        await asked(app, ChoiceModal)
        await pilot.press(*keys)
        await talked(app)
        assert not app.problems
        return app.clipboard


async def test_a_copy_as_curl_is_run_by_a_shell_and_its_signature_is_what_the_service_asks_for(live: Live) -> None:
    _, guid = await asyncio.to_thread(live.corrected, 'copied as curl: "quoted" $HOME `id`')
    command = await copied(live.app("deliveries"), guid, "enter")
    assert SECRET not in command

    answer = await asyncio.to_thread(run, command)
    assert answer.startswith("HTTP/1.1 200"), answer
    assert live.row(guid).duplicates == 1, "to the byte what came: the same delivery once more"

    signed = re.search(r"sha256=([0-9a-f]{64})", command)
    assert signed is not None
    assert (await asyncio.to_thread(run, command.replace(signed[1], "0" * 64))).startswith("HTTP/1.1 401")
    assert live.row(guid).duplicates == 1


def run(command: str) -> str:
    """By a shell, as a person pastes it."""
    done = subprocess.run(["/bin/bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_a_copy_as_a_file_is_the_delivery_byte_for_byte_and_no_file_is_written_over(
    live: Live, tmp_path: Path
) -> None:
    _, guid = await asyncio.to_thread(live.corrected, "copied as a file")
    path = tmp_path / "copy.json"
    app = live.app("deliveries")
    async with at_delivery(app, guid) as pilot:
        for fresh in (True, False):
            await pilot.press("y")
            await asked(app, ChoiceModal)
            await pilot.press("down", "down", "enter")
            await asked(app, AskModal)
            app.screen.query_one(Input).value = str(path)
            await pilot.press("enter")
            await talked(app)
            assert bool(app.problems) is not fresh

    journal = app.desk.journal()
    assert payloads.from_file(path, journal).body == journal.body(live.row(guid).seq)
    assert json.loads(payloads.from_file(path).body) == json.loads(journal.body(live.row(guid).seq) or b"")
    assert payloads.from_file(path).event == "issues"
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_copy_as_a_test_case_holds_once_its_configuration_is_filled_in(live: Live) -> None:
    _, guid = await asyncio.to_thread(live.corrected, "copied as a case")
    text = await copied(live.app("deliveries"), guid, "down", "enter")

    topic = yaml.safe_load(text)
    topic["cases"][0]["text"] = CONFIG
    [case] = read_topic("from-the-journal", yaml.safe_dump(topic), configurations()).cases
    assert case.given.issue.title == "copied as a case"
    assert verify(case).mismatches == ()
