"""Pictures of the installer and of Health: empty, typical, in error and hostile, at two sizes and without colour."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from engine.problems import Problem
from setup_wizard import flow
from setup_wizard.answers import Answers
from setup_wizard.flow import Ask, Done, Failed, Mark, Planned, Preview, Standing, Wait
from setup_wizard.known import Facts, Known
from setup_wizard.outcome import Change, Found, Waiting
from setup_wizard.questions import QUESTION_BY_ID
from setup_wizard.steps import STAGES
from tassist.doctor.check import Finding, failed, ok, skipped, waiting, warning
from tassist.doctor.examine import Examined
from tassist.services import doctor
from tassist.services.switching import Status
from tassist.tui.app import TassistApp
from tassist.tui.screens.health import HealthScreen
from tassist.tui.screens.setup import SetupScreen
from tassist.tui.setup.ends import DoneView, EndView, StartView
from tassist.tui.setup.switching import SwitchView
from tassist.tui.setup.views import FailedView, PreviewView, QuestionView, View, WaitView, WorkingView
from tassist.tui.widgets.link_panel import QrModal
from tests.support.console import HOSTILE, NOW, StillClock, at_rest, console, settled

SIZES = [(80, 24), (120, 40)]
STEPS = {step.id: step for stage in STAGES for step in stage.steps}
LINK = "https://github.com/apps/task-assistant-of-acme/installations/new"
NASTY = "".join(HOSTILE)[:400]


def rail(**standings: Standing) -> tuple[Mark, ...]:
    """The steps with these standings; the first that is not over is now."""
    marks = [Mark(step.id, step.title, standings.get(step.id, Standing.TO_COME), now=False) for step in STEPS.values()]
    over = {Standing.DONE, Standing.ALREADY}
    at = next((at for at, mark in enumerate(marks) if mark.standing not in over), None)
    if at is not None:
        marks[at] = replace(marks[at], now=True)
    return tuple(marks)


def until(step: str) -> tuple[Mark, ...]:
    """The steps before this one are done."""
    before = list(STEPS)[: list(STEPS).index(step)]
    return rail(**dict.fromkeys(before, Standing.DONE))


def _stage_of(question: str) -> str:
    return next(stage.title for stage in STAGES if question in stage.questions)


def asked(question: str, value: str = "", problems: tuple[Problem, ...] = (), **answers: str) -> Ask:
    """A question as the flow asks it."""
    facts = Facts(suffix="3f9a", keyring="keyring.backends.SecretService.Keyring")
    state = flow.begin(STAGES, QUESTION_BY_ID, Answers({"flag": answers}), facts)
    known = flow.known(state)
    item = QUESTION_BY_ID[question]
    return Ask(item, known, item.default(known), value, problems, 4, "GitHub App", can_go_back=True)


def learned(question: str, value: str = "", problems: tuple[Problem, ...] = (), **found: str) -> Ask:
    """A question whose choices a step has learned."""
    known = Known({"scaffold": "pull-request"}, Facts(), found)
    item = QUESTION_BY_ID[question]
    return Ask(item, known, item.default(known), value, problems, 1, _stage_of(question), can_go_back=True)


FEW = "acme/api\nacme/app\nann/notes"
LABELS = "bug\ntrack/api\ntrack/web\nphase-1"
HOSTILE_LABELS = "\n".join(["track/api", *(text.replace("\n", " ")[:60] for text in HOSTILE)])
REFUSED = Problem(
    "telemetry-repository", "github:acme/telemetry did not take the test record", "GitHub answered 404 Not Found",
    "check that it exists and that the App is installed there with the permission contents: write",
)  # fmt: skip
SCAFFOLDED = (
    Planned(
        "scaffold", "First files",
        Found(already=False, said="write the first files of acme/app", changes=(
            Change("GitHub, acme/app", ".github/task-assistant.yml is replaced", (
                "--- a/.github/task-assistant.yml", "+++ b/.github/task-assistant.yml", "@@ -1,2 +1,3 @@",
                ' schema_version: "1.0"', "-tracks: []", "+tracks:", '+  - id: "api"', '+    label: "track/api"',
            )),
            Change("GitHub, acme/app", ".github/ISSUE_TEMPLATE/bug.yml exists and is left as it is"),
        )), "close the pull request, or delete the branch or the files; nothing else was changed",
    ),
)  # fmt: skip
PLANNED = (
    Planned(
        "app", "App",
        Found(already=False, said="create the App", changes=(
            Change("GitHub, acme", "a new private App, Task Assistant of acme; permissions contents: read, issues: write, metadata: read"),
            Change("/home/ann/.local/state/tassist", "keep the App's credentials"),
        )), "delete the App on its settings page, under Advanced",
    ),
    Planned(
        "secrets", "Secrets",
        Found(already=False, said="", changes=(
            Change(".env", "GITHUB_APP_ID and secrets", ("--- .env", "+++ .env", "@@ -1 +1,2 @@", " FOO=bar", "+GITHUB_APP_ID=12345")),
        )), "tassist setup --redo secrets moves them elsewhere",
    ),
)  # fmt: skip
NOTHING_PLANNED = (
    Planned("app", "App", Found(already=True, said="Task Assistant of acme (App ID 12345)"), ""),
    Planned("secrets", "Secrets", Found(already=True, said="they are kept in the keyring"), ""),
)
WAITING = Waiting(
    "you to install the App at GitHub", LINK, LINK, opens_browser=True,
    hints=("an owner of acme has yet to approve the installation", "choose the repositories it shall look after"),
)  # fmt: skip
PASTED = Waiting(
    "you to create the App, in any browser", accepts="the address of the page GitHub sends your browser to", by_itself=False,
    hints=("open this file in a browser: /home/ann/.local/state/tassist/create-app.html", "press Create GitHub App"),
)  # fmt: skip
NO_KEY = Problem(
    "private-key-truncated",
    "the private key is cut short",
    "its end is missing",
    "copy all of it, from the first dash to the last",
)
DONE_KNOWN = Known(
    {"webhook": "url"}, Facts(),
    {"name": "Task Assistant of acme", "app_id": "12345", "html_url": "https://github.com/apps/task-assistant-of-acme",
     "kept_in": "keyring", "hook_url": "https://tassist.example.com/webhook", "accounts": "acme\nann",
     "scaffold_said": "pull request acme/app#7 is open: https://github.com/acme/app/pull/7"},
)  # fmt: skip
ALL_DONE = rail(**dict.fromkeys(STEPS, Standing.DONE))
STATUS = Status(
    "https://abc.ngrok-free.app/webhook",
    "dev",
    "https://tassist.example.com/webhook",
    held=True,
    left=False,
    elsewhere=False,
    last="issues.labeled 7d1f: OK (HTTP 202)",
)
NOT_TAKEN = Problem(
    "switch-not-proved", "a delivery was not taken there, so the old address is back",
    "GitHub's log says: HTTP 502 for ping 7d1f", "start the service, then try again; or use --no-proof",
)  # fmt: skip
BAD = Problem("x", NASTY, NASTY, NASTY)
PLAIN = "tassist setup --plain"
HOSTILE_KNOWN = Known(
    {"webhook": "url"}, Facts(),
    {"name": NASTY, "app_id": NASTY, "html_url": LINK + NASTY, "kept_in": NASTY, "hook_url": NASTY,
     "accounts": "\n".join(HOSTILE), "scaffold_said": NASTY + ": https://" + NASTY},
)  # fmt: skip
HOSTILE_STATUS = Status(NASTY, NASTY, NASTY, held=True, left=True, elsewhere=True, last=NASTY)
SWITCHES = {
    "switch": (STATUS, ()),
    "switch-hostile": (HOSTILE_STATUS, (BAD,)),
    "switch-error": (replace(STATUS, held=False, left=True, elsewhere=True), (NOT_TAKEN,)),
}  # fmt: skip
"""What the switch was told; where nothing is, GitHub is being asked."""
Make = Callable[[], Any]
VIEWS: dict[str, tuple[Make, tuple[Mark, ...]]] = {
    "start-empty": (lambda: StartView("", plain=PLAIN), rail()),
    "start-held": (lambda: StartView("Task Assistant of acme (App ID 12345)", plain=PLAIN), rail(app=Standing.ALREADY)),
    "start-left": (lambda: StartView("", (NO_KEY,), plain=PLAIN, left=True), rail(app=Standing.FAILED)),
    "start-hostile": (lambda: StartView(NASTY, (BAD,), plain=PLAIN), rail(app=Standing.FAILED)),
    "question-choice": (lambda: QuestionView(asked("webhook")), rail(app=Standing.DONE, secrets=Standing.DONE)),
    "question-text": (lambda: QuestionView(asked("app_name", app="new", organization="acme", account="organization")), rail()),
    "question-error": (
        lambda: QuestionView(asked("app_id", "Iv1.abc", QUESTION_BY_ID["app_id"].read("Iv1.abc", Known())[1], app="existing")),
        rail(),
    ),
    "question-secret": (lambda: QuestionView(asked("passphrase", app="import")), rail()),
    "question-hostile": (lambda: QuestionView(asked("app_name", NASTY, (BAD,), app="new")), rail()),
    "repositories-empty": (lambda: QuestionView(learned("repositories")), until("repositories")),
    "repositories": (lambda: QuestionView(learned("repositories", repositories=FEW)), until("repositories")),
    "repositories-hostile": (lambda: QuestionView(learned("repositories", "x", (BAD,), repositories=HOSTILE_LABELS)), until("repositories")),
    "telemetry": (lambda: QuestionView(learned("telemetry")), until("telemetry")),
    "telemetry-error": (lambda: QuestionView(learned("telemetry", "jsonl,github", (REFUSED,))), until("telemetry")),
    "tracks": (lambda: QuestionView(learned("scaffold_tracks", labels=LABELS, milestones="", proposed_tracks="track/api\ntrack/web")), until("scaffold")),
    "tracks-hostile": (lambda: QuestionView(learned("scaffold_tracks", labels=HOSTILE_LABELS, milestones="")), until("scaffold")),
    "scaffold": (lambda: PreviewView(Preview("scaffold", "First files", SCAFFOLDED, dry=False)), until("scaffold")),
    "preview": (lambda: PreviewView(Preview("app", "GitHub App", PLANNED, dry=False)), rail()),
    "preview-empty": (lambda: PreviewView(Preview("app", "GitHub App", NOTHING_PLANNED, dry=True)), rail()),
    "preview-hostile": (
        lambda: PreviewView(Preview("app", NASTY, (Planned("x", NASTY, Found(already=False, changes=(Change(NASTY, NASTY, ("+" + NASTY,)),)), NASTY),), dry=True)),
        rail(),
    ),
    "waiting-link": (
        lambda: WaitView(Wait(STEPS["installation"], WAITING, Known()), StillClock(), may_open=True, since=NOW.replace(hour=11, minute=58)),
        rail(app=Standing.DONE, secrets=Standing.DONE, webhook=Standing.DONE, installation=Standing.WAITING),
    ),
    "waiting-empty": (lambda: WaitView(Wait(STEPS["delivery"], Waiting("a delivery"), Known()), StillClock(), may_open=False), rail(**dict.fromkeys(list(STEPS)[:-2], Standing.DONE), delivery=Standing.WAITING)),
    "waiting-paste": (lambda: WaitView(Wait(STEPS["app"], PASTED, Known(), (NO_KEY,)), StillClock(), may_open=False), rail(app=Standing.WAITING)),
    "waiting-hostile": (
        lambda: WaitView(Wait(STEPS["app"], Waiting(NASTY, LINK + NASTY, hints=(NASTY,), accepts=NASTY), Known()), StillClock(), may_open=False),
        rail(app=Standing.WAITING),
    ),
    "failed": (lambda: FailedView(Failed(STEPS["app"], "apply", (NO_KEY, Problem("b", "GitHub gives no answer", "it cannot be reached", "check the network")))), rail(app=Standing.FAILED)),
    "failed-hostile": (lambda: FailedView(Failed(STEPS["app"], "apply", (BAD,))), rail(app=Standing.FAILED)),
    "working": (lambda: WorkingView("done: the webhook leads to https://tassist.example.com/webhook", StillClock()), rail(app=Standing.DONE)),
    "working-hostile": (lambda: WorkingView(NASTY, StillClock()), rail(app=Standing.DONE)),
    "qr": (lambda: QrModal(LINK), rail(installation=Standing.WAITING)),
    "qr-error": (lambda: QrModal(LINK + "?state=" + "0" * 200), rail(installation=Standing.WAITING)),
    "qr-hostile": (lambda: QrModal("".join(HOSTILE)[:7000]), rail(installation=Standing.WAITING)),
    "done": (lambda: DoneView(Done(DONE_KNOWN, tuple(STEPS)), dry=False), ALL_DONE),
    "done-dry": (lambda: DoneView(Done(DONE_KNOWN, ()), dry=True), rail(**dict.fromkeys(STEPS, Standing.SHOWN))),
    "done-hostile": (lambda: DoneView(Done(HOSTILE_KNOWN, tuple(STEPS)), dry=False), ALL_DONE),
    "switch": (SwitchView, ALL_DONE),
    "switch-empty": (SwitchView, ALL_DONE),
    "switch-error": (SwitchView, ALL_DONE),
    "switch-hostile": (SwitchView, ALL_DONE),
}  # fmt: skip


STATES: dict[type, tuple[str, str, str, str]] = {
    StartView: ("start-empty", "start-held", "start-left", "start-hostile"),
    QuestionView: ("question-secret", "question-choice", "question-error", "question-hostile"),
    PreviewView: ("preview-empty", "preview", "no: what is wrong stops it before, or is a failure", "preview-hostile"),
    WaitView: ("waiting-empty", "waiting-link", "waiting-paste", "waiting-hostile"),
    FailedView: ("no: a failure says what failed", "no: it is always an error", "failed", "failed-hostile"),
    WorkingView: ("no: it says what is being done", "working", "no: what fails is a failure", "working-hostile"),
    QrModal: ("no: without a link nothing opens it", "qr", "qr-error", "qr-hostile"),
    DoneView: ("done-dry", "done", "no: what is not done is a failure", "done-hostile"),
    SwitchView: ("switch-empty", "switch", "switch-error", "switch-hostile"),
}
"""What pictures a view that is empty, typical, in error and hostile; or why it is never so."""


def test_every_view_is_pictured_in_each_of_its_states() -> None:
    views = {WorkingView, QrModal, *View.__subclasses__(), *EndView.__subclasses__()}

    assert set(STATES) == views
    assert not [
        name for names in STATES.values() for name in names if name not in VIEWS and not name.startswith("no: ")
    ]


def _asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The place is opened without looking at the machine."""
    monkeypatch.setattr(SetupScreen, "start_view", lambda self, left=None: None)


def _made(name: str) -> tuple[Any, tuple[Mark, ...]]:
    make, marks = VIEWS[name]
    return make(), marks


def shown(name: str) -> Callable[[Pilot[Any]], Any]:
    """Show one view."""

    async def before(pilot: Pilot[Any]) -> None:
        await settled(pilot.app)  # type: ignore[arg-type]  # the plug-in knows only App
        screen = pilot.app.screen
        assert isinstance(screen, SetupScreen)
        view, marks = _made(name)
        if isinstance(view, QrModal):
            await screen.show(*_made("waiting-link"))
            await pilot.app.push_screen(view)
        else:
            await screen.show(view, marks)
        if name in SWITCHES:
            status, problems = SWITCHES[name]
            view.show_status(status)
            view.show_problems(problems)
        await at_rest(pilot.app)

    return before


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", VIEWS)
def test_setup(
    name: str, size: tuple[int, int], home: Path, snap_compare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _asked_nothing(monkeypatch)

    assert snap_compare(console(home, "setup"), terminal_size=size, run_before=shown(name))


@pytest.mark.parametrize("name", ["question-error", "waiting-link", "done"])
def test_setup_without_colour(name: str, home: Path, snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _asked_nothing(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")

    assert snap_compare(console(home, "setup"), terminal_size=(80, 24), run_before=shown(name))


def test_setup_in_the_light(home: Path, snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _asked_nothing(monkeypatch)

    app = console(home, "setup", TASSIST_THEME="light")
    assert snap_compare(app, terminal_size=(120, 40), run_before=shown("question-choice"))


MENDABLE = failed(
    "/srv/tassist/.env can be read by other users",
    "its mode is 0644, and it holds secrets",
    "chmod 600 .env",
    mendable=True,
)
FINDINGS: dict[str, dict[str, Finding]] = {
    "empty": {},
    "typical": {
        "python": ok("Python 3.11.7, tassist 0.1.0"), "env-file": MENDABLE, "keyring": warning("this system has no keyring", "", "choose file"),
        "installations": waiting("the App is not installed anywhere", "it sees no repository until it is", f"open {LINK}"),
        "last-delivery": failed("GitHub's last delivery, 2 minutes ago, was not taken: HTTP 413", "a reverse proxy refuses its size", "nginx: client_max_body_size 25m"),
        "tls": skipped("there is no connection"),
    },
    "well": {"python": ok("Python 3.11.7, tassist 0.1.0")},
    "hostile": {"env-file": failed(NASTY, NASTY, NASTY)},
}  # fmt: skip


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", FINDINGS)
def test_health(
    name: str, size: tuple[int, int], home: Path, snap_compare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert snap_compare(_healthy(name, home, monkeypatch), terminal_size=size, run_before=_to_env_file)


def test_health_without_colour(home: Path, snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    assert snap_compare(_healthy("typical", home, monkeypatch), terminal_size=(80, 24), run_before=_to_env_file)


def _healthy(name: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> TassistApp:
    """The place with these findings; the checks themselves are not run, since their figures differ."""
    findings = FINDINGS[name]

    async def found(*, told: Callable[[Examined], None], **_: Any) -> doctor.Report:
        items = tuple(
            Examined(
                check.id, check.title, finding, 0.1, check.mends if finding.mendable and check.mend is not None else ""
            )
            for check in doctor.all_checks()
            if (finding := findings.get(check.id, ok("it is well") if findings else None)) is not None
        )
        if not items:
            await asyncio.sleep(0)
        return doctor.Report(items)

    monkeypatch.setattr(doctor, "diagnose", found)
    return console(home, "health")


async def _to_env_file(pilot: Pilot[Any]) -> None:
    await at_rest(pilot.app)
    await pilot.app.workers.wait_for_complete()
    await at_rest(pilot.app)
    screen = pilot.app.screen
    assert isinstance(screen, HealthScreen)
    ids = [check.id for check in doctor.all_checks()]
    screen.query_one("#checks", OptionList).highlighted = ids.index("env-file")
    await at_rest(pilot.app)
