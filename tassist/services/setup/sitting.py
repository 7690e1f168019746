"""One start of the installer: what was said by whom, what earlier starts left, and the world it acts on."""

from __future__ import annotations

import secrets as random
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from engine.problems import Problem, ProblemError
from setup_wizard import answers as answers_
from setup_wizard import flow, journal
from setup_wizard.answers import Answers
from setup_wizard.app_steps import NOWHERE, SetWebhook
from setup_wizard.flow import Done, Face, State
from setup_wizard.known import Facts, Known
from setup_wizard.ports import ProbePort, World
from setup_wizard.questions import QUESTION_BY_ID, QUESTIONS
from setup_wizard.steps import STAGES
from tassist import secrets
from tassist.clock import SystemClock
from tassist.config import faults
from tassist.config.settings import Settings
from tassist.errors import os_problem
from tassist.secrets.files import append_private, read_private, write_private
from tassist.secrets.system_keyring import Examined, examine_backend
from tassist.secrets.system_keyring import State as KeyringState
from tassist.services import switching
from tassist.services.setup.checkout import checkout_of
from tassist.services.setup.conduct import conduct, unanswered
from tassist.services.setup.probe import DoctorProbe
from tassist.services.setup.ways import tunnels_at_hand
from tassist.services.setup.wishes import Wishes
from tassist.text import safe_text

JOURNAL = "setup.journal"
ANSWERS = "setup-answers.toml"
VARIABLES = "TASSIST_SETUP_"
"""How the variable of every question begins."""


def open_state(wishes: Wishes, settings: Settings, env: Mapping[str, str]) -> State:
    """The first state: everything that was said, merged, and what earlier sittings left.

    Raises:
        ProblemError: with every wrong or missing answer at once.
    """
    given, problems = _from_file(wishes.answers_file)
    variables = {question.id: env[question.env] for question in QUESTIONS if env.get(question.env)}
    readable = not problems or bool(given.by_source)
    problems += _unknown_variables(env)
    for question in QUESTIONS:
        if question.secret and question.id in wishes.flags:
            from setup_wizard.values import reference_faults

            problems += reference_faults(question.flag, wishes.flags[question.id])
    past = journal.read(_journal_text(settings.home), QUESTION_BY_ID)
    said = (
        given.adding("flag", wishes.flags)
        .adding("variable", variables)
        .adding("earlier", _as_switched(past, settings.home))
    )
    state = flow.begin(
        STAGES,
        QUESTION_BY_ID,
        said,
        replace(find_facts(env, said, settings), imported=_imported(said, wishes, settings.home)),
        learned=past.learned,
        redo=wishes.redo,
        interactive=wishes.interactive,
        dry=wishes.dry,
    )
    problems += flow.wrong(state)
    if readable and not wishes.interactive:
        problems += tuple(_missing(state, none_given=bool(problems)))
        if not wishes.terminal:
            problems += tuple(_unasked(state))
    if problems:
        raise ProblemError(problems)
    return state


def _as_switched(past: journal.Past, home: Path) -> Mapping[str, str]:
    """What earlier starts were told; where the webhook leads, `tassist switch` may have said later than they.

    Without this, a start that is to do something else would point the webhook back.
    """
    kept = switching.read(home)
    if kept is None or kept.standing != switching.Standing.SET or kept.mode != "prod" or kept.url == NOWHERE:
        return past.answers
    switched = kept.past[-1].at if kept.past else ""
    said = max((past.answered_at.get(question_id, "") for question_id in SetWebhook.questions), default="")
    if not _is_later(switched, said):
        return past.answers
    return {**past.answers, "webhook": "url", "webhook_url": kept.url}


def _is_later(at: str, other: str) -> bool:
    try:
        return bool(at) and (not other or datetime.fromisoformat(at) > datetime.fromisoformat(other))
    except (ValueError, TypeError):  # a damaged line of the journal
        return False


def _imported(said: Answers, wishes: Wishes, home: Path) -> str:
    """The App an earlier start imported, while it is still here and nobody brings another."""
    # A start that was killed may not have put them where they belong; the step does it before it looks.
    arriving = secrets.arriving_path(home)
    path = arriving if arriving.exists() else secrets.credentials_path(home)
    if said.find("bundle") is not None or "app" in wishes.redo or not path.exists():
        return ""
    try:
        app = secrets.read(path, secrets=False)
    except ProblemError:
        return ""  # whatever is wrong with the file is said by the step that needs it
    return str(app.app_id) if app.imported else ""


def _missing(state: State, *, none_given: bool) -> list[Problem]:
    """What has no answer; ``none_given``: what is wrong with given ones was said already."""
    found: list[Problem] = []
    for question, wrong in flow.missing(state):
        if wrong:
            found += () if none_given else wrong
            continue
        found.append(unanswered(question))
    return found


def _unknown_variables(env: Mapping[str, str]) -> tuple[Problem, ...]:
    """A variable that was meant for a question and is none's would be passed over in silence."""
    known = [question.env for question in QUESTIONS]
    return tuple(
        Problem(
            "answers-unknown",
            f"{safe_text(name, max_chars=80)} is set, and no question has that variable",
            fix=f"take it away{_or_meant(name, known)}; tassist setup --help lists them",
        )
        for name in sorted(env)
        if name.startswith(VARIABLES) and env[name] and name not in known
    )


def _or_meant(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    alike = get_close_matches(name, known, n=1)
    return f", or write {alike[0]}" if alike else ""


def _unasked(state: State) -> list[Problem]:
    return [
        Problem(
            "answer-missing",
            f"{question_id} is to be asked, and there is no terminal to ask at",
            "the answers file lists it under ask",
            f"give {QUESTION_BY_ID[question_id].flag}, or take it out of ask",
        )
        for question_id in sorted(state.answers.asks)
        if QUESTION_BY_ID[question_id].applies(flow.known(state))
        and (given := state.answers.find(question_id)) is not None
        and given.source == "file"
    ]


def _from_file(path: Path | None) -> tuple[Answers, tuple[Problem, ...]]:
    if path is None:
        return Answers(), ()
    try:
        text = path.expanduser().read_text("utf-8-sig")
    except OSError as error:
        return Answers(), (os_problem(error, doing="read the answers from"),)
    except UnicodeDecodeError as error:
        return Answers(), (Problem("answers-not-utf8", f"{path} is not UTF-8 text", str(error), "save it as UTF-8"),)
    return answers_.load(text, QUESTIONS, name=str(path))


def _journal_text(home: Path) -> str:
    path = home / JOURNAL
    if not path.exists():
        return ""
    return read_private(path).decode("utf-8", "replace")


def find_facts(env: Mapping[str, str], said: Answers, settings: Settings) -> Facts:
    """What this machine is, as far as it decides what is proposed; the keyring is examined only where it may be used."""
    ssh = bool(env.get("SSH_CONNECTION") or env.get("SSH_TTY"))
    display = bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY") or sys.platform in {"darwin", "win32"})
    place = said.find("keep_secrets_in")
    ring = (
        Examined(KeyringState.NONE, "", "it was not looked at", "choose keyring to have it examined")
        if place is not None and place.value in {"file", "env-file"}
        else examine_backend()
    )
    return Facts(
        has_display=(display or bool(env.get("BROWSER"))) and not ssh,
        keyring=ring.backend if ring.usable else "",
        keyring_why_not=ring.why,
        suffix=random.token_hex(2),
        checkout=checkout_of(Path.cwd()) or "",
        tunnels=tunnels_at_hand(settings),
    )


@asynccontextmanager
async def open_world(
    settings: Settings, env: Mapping[str, str], *, probe: ProbePort | None = None, quick: bool = False
) -> AsyncIterator[World]:
    """What the steps act on.

    Args:
        settings: As loaded.
        env: Where references lead, and what a server is started with.
        probe: What looks at everything in the end.
        quick: Ask GitHub often, for tests.
    """
    # What speaks to GitHub is loaded only now: the first question stands before it.
    from tassist.services.setup.care import RealSettings, RealTelemetry
    from tassist.services.setup.github import RealGitHubApp
    from tassist.services.setup.repositories import RealRepositories
    from tassist.services.setup.service import RealService

    github = RealGitHubApp(settings, env, folder=Path.cwd(), poll_s=0.1 if quick else 2.0)
    kept = RealSettings(settings.home, env, folder=Path.cwd())
    service = RealService(settings, env, look_s=0.1 if quick else 1.0)
    try:
        yield World(
            github,
            service,
            probe or DoctorProbe(settings.home),
            kept,
            RealTelemetry(kept),
            RealRepositories(kept),
            str(settings.home),
        )
    finally:
        await github.close()


def recorder(home: Path) -> Callable[[journal.Entry], None]:
    """Appends to the journal in the home folder."""
    # A start that was killed may have left half a line, which must not swallow the next one.
    left = _journal_text(home)
    cut = bool(left) and not left.endswith("\n")

    def record(entry: journal.Entry) -> None:
        nonlocal cut
        append_private(home / JOURNAL, ("\n" if cut else "").encode() + journal.line(entry).encode())
        cut = False
        faults.point("setup-noted", f"{entry.event}.{entry.step}" if entry.step else entry.event)

    return record


async def run(
    state: State, settings: Settings, env: Mapping[str, str], face: Face, *, probe: ProbePort | None = None
) -> Done:
    """The whole installation with one face.

    Raises:
        Left: the person left, or a step failed; the next start goes on from there.
    """
    async with open_world(settings, env, probe=probe) as world:
        return await conduct(state, world, face, clock=SystemClock(), record=recorder(settings.home))


def answers_text(known: Known) -> str:
    """The answers file that would have done the same."""
    return answers_.save(known, QUESTIONS)


def save_answers(path: Path, known: Known) -> None:
    """Write it, readable by its owner only.

    Raises:
        ProblemError: the system refuses.
    """
    write_private(path, answers_text(known).encode())
