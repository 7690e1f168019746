"""`tassist setup`: from nothing to a verified delivery."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from setup_wizard.question import Question
from setup_wizard.questions import QUESTIONS
from tassist.cli import diagnostics, output
from tassist.cli.folding import folded
from tassist.cli.groups import Group
from tassist.errors import Exit, exit_code
from tassist.opening import OpenPlace
from tassist.terminal import may_draw
from tassist.text import safe_text

if TYPE_CHECKING:
    from setup_wizard.flow import Done, Face, State
    from tassist.config.settings import Settings


def _question_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """An option for every question."""
    for question in reversed(QUESTIONS):
        function = click.option(
            question.flag, question.id, metavar=_metavar(question), help=f"{question.text}  [{question.env}]"
        )(function)
    return function


def _metavar(question: Question) -> str:
    if question.secret:
        return "env:NAME|file:PATH"
    if question.choices:
        return "|".join(choice.value for choice in question.choices)
    return {"path": "FILE", "address": "URL", "number": "N", "yes-no": "yes|no", "many": "A,B"}.get(
        question.kind, "TEXT"
    )


@click.group(
    cls=Group,
    invoke_without_command=True,
    short_help="Install: create the GitHub App, keep its secrets, see the first delivery.",
    epilog="Example:\n\n  tassist setup --plain\n\n  tassist setup --answers answers.toml",
)
@click.option("--home", type=click.Path(), help="Folder of the journal, the telemetry and the credentials.")
@click.option("--answers", "answers_file", type=click.Path(path_type=Path), help="Answers, so that nothing is asked.")
@click.option("--plain", is_flag=True, help="Prompts in lines, for screen readers and simple terminals.")
@click.option("--dry-run", "dry", is_flag=True, help="Show every change, and make none.")
@click.option("--redo", multiple=True, metavar="STEP", help="Do a step again: app, secrets, webhook, installation, …")
@click.option("--yes", is_flag=True, help="Ask nothing: take the default of what is not answered.")
@click.option(
    "--wait", "wait_s", type=click.FloatRange(0, 86400), default=900.0, show_default=True, metavar="SECONDS",
    help="Without a terminal: how long to wait for a click in a browser.",
)  # fmt: skip
@click.option("--save-answers", type=click.Path(path_type=Path), help="Write the answers file that does the same.")
@click.option("--json", "as_json", is_flag=True, help="Say the outcome as a JSON document.")
@_question_options
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    home: str | None,
    answers_file: Path | None,
    plain: bool,
    dry: bool,
    redo: tuple[str, ...],
    yes: bool,
    wait_s: float,
    save_answers: Path | None,
    as_json: bool,
    **flags: str | None,
) -> int | OpenPlace:
    """Create the GitHub App, keep its secrets, point its webhook, install it, and see one real delivery.

    At a terminal it asks; with --answers, flags or variables it asks nothing. Killed or left, it goes on where it was.
    Every question is a flag, a variable, a key of the answers file: docs/reference/setup.md.
    """
    if context.invoked_subcommand is not None:
        context.obj = home
        return Exit.OK
    from tassist.config import settings, typed
    from tassist.services.setup.wishes import Wishes

    loaded = settings.load({"home": home})
    env = settings.environment()
    terminal = sys.stdin.isatty() and sys.stderr.isatty()
    wishes = Wishes(
        {name: value for name, value in flags.items() if value is not None},
        answers_file,
        frozenset(redo),
        dry,
        interactive=terminal and not yes and answers_file is None,
        terminal=terminal,
    )
    if wishes.interactive and not as_json and may_draw(plain=plain):
        return OpenPlace("setup", home, options={"wishes": wishes, "save_answers": save_answers})
    from tassist.services.setup import sitting
    from tassist.services.setup.conduct import Left
    from tassist.services.setup.probe import DoctorProbe

    state = sitting.open_state(wishes, loaded, env)
    face = _face(state, env, terminal=terminal, wait_s=wait_s)
    try:
        done = asyncio.run(sitting.run(state, loaded, env, face, probe=DoctorProbe(loaded.home)))
    except Left as stopped:
        from tassist.cli.setup_plain import left

        left(stopped.problems, go_on=typed.command(loaded, "setup"))
        return exit_code(stopped.problems) if stopped.problems else Exit.INTERRUPTED
    if save_answers is not None:
        sitting.save_answers(save_answers, done.known)
    _show(done, loaded, dry=dry, as_json=as_json, saved=save_answers)
    return Exit.OK


def _face(state: State, env: dict[str, str], *, terminal: bool, wait_s: float) -> Face:
    from tassist.cli.setup_plain import PlainFace, SilentFace

    if state.interactive:
        return PlainFace(env, opens_browser=state.facts.has_display)
    return SilentFace(env, opens_browser=state.facts.has_display and terminal, terminal=terminal, wait_s=wait_s)


def _show(done: Done, settings: Settings, *, dry: bool, as_json: bool, saved: Path | None) -> None:
    from setup_wizard import summary
    from tassist.config import typed

    home = typed.home_option(settings)
    learned = done.known.learned
    if as_json:
        output.document(
            {
                "dry_run": dry,
                "changed": list(done.changed),
                "app_id": int(learned["app_id"]) if learned.get("app_id") else None,
                "slug": learned.get("slug"),
                "html_url": learned.get("html_url"),
                "accounts": [each for each in learned.get("accounts", "").splitlines() if each],
                "webhook": learned.get("hook_url"),
                "kept_in": learned.get("kept_in"),
                "home": str(settings.home),
                "next": list(summary.next_commands(done.known.answer("webhook"), home)),
            }
        )
        return
    if dry:
        diagnostics.say("nothing was changed")
        return
    rows = list(summary.rows(done.known, home))
    if saved is not None:
        rows.append(("answers", str(saved)))
    else:
        rows.append(("answers", f"{typed.command(settings, 'setup --yes --save-answers FILE')} keeps them in a file"))
    width = diagnostics.width() if sys.stdout.isatty() else None
    for name, value in rows:
        for line in folded(f"{name:<13} {safe_text(value, max_chars=300)}", width, hang=14):
            output.line(line)


@command.command("export", epilog="Example:\n\n  tassist setup export > app.line")
@click.option("--home", type=click.Path(), help="Folder of the credentials.")
@click.pass_obj
def export(outer_home: str | None, /, *, home: str | None) -> int:
    """Print the App's credentials as one encrypted line, to bring them to another machine.

    The line goes to stdout, its passphrase to stderr: send them by two ways. Nothing is left on the disk.
    """
    from tassist import secrets
    from tassist.config import settings
    from tassist.services.setup import bundle

    app = secrets.load(settings.load({"home": home or outer_home}))
    passphrase = bundle.new_passphrase()
    output.line(bundle.pack(app, passphrase).reveal())
    diagnostics.say(f"passphrase: {passphrase.reveal()}")
    diagnostics.say("on the other machine: tassist setup --app import --bundle file:FILE")
    return Exit.OK
