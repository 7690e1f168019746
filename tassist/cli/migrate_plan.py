"""`tassist migrate plan`, `apply`, `verify` and `rollback`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tassist.cli.repository import REPOSITORY
from tassist.text import noun

if TYPE_CHECKING:
    from migrations.plan import Plan
    from tassist.config.settings import Settings
    from tassist.services.migrate.moving import Told

_PLAN = """\b
Example:
  tassist migrate plan acme/app
  tassist migrate plan acme/app --close-self-tests --out plan.json

Exit codes: 0 nothing to do, 2 there are steps, 1 it did not work."""
_APPLY = """\b
Example:
  tassist migrate apply acme/app
  tassist migrate apply acme/app --plan plan.json --direct --yes

Exit codes: 0 done, 8 the pull request waits to be merged, others: it did not work; run it again and it goes on."""
_VERIFY = """\b
Example:
  tassist migrate verify acme/app

Exit codes: 0 everything is as planned, 3 something is not, others: it did not work."""
_ROLLBACK = """\b
Example:
  tassist migrate rollback acme/app --direct

Exit codes: 0 everything is as it was, 8 the pull request waits to be merged, others: it did not work."""
HOME = click.option("--home", type=click.Path(), help="Folder of the credentials and of the migration's journal.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document.")


@click.command(epilog=_PLAN)
@click.argument("repo", type=REPOSITORY, metavar="OWNER/NAME")
@click.option("--close-self-tests", is_flag=True, help="Consent to closing the issues the legacy self-test left open.")
@click.option("--no-telemetry", is_flag=True, help="Do not import legacy telemetry.")
@click.option("--config", type=click.Path(path_type=Path), help="Your own configuration instead of a generated one.")
@click.option("--out", type=click.Path(path_type=Path), help="Keep the plan, to apply exactly this one.")
@HOME
@AS_JSON
def plan(
    repo: str, config: Path | None, out: Path | None, home: str | None, *,
    close_self_tests: bool, no_telemetry: bool, as_json: bool,
) -> int:  # fmt: skip
    """Show what a migration would do, in order, each step with what takes it back; nothing is written.

    The new configuration is generated from legacy variables, labels and milestones, and shown.
    """
    from engine.problems import ProblemError
    from migrations.plan import to_data
    from tassist.cli import diagnostics, output
    from tassist.config import settings
    from tassist.errors import Exit
    from tassist.services.migrate import moving

    try:
        made = _planned(repo, settings.load({"home": home}), config, close=close_self_tests, telemetry=not no_telemetry)
        if out is not None:
            moving.keep(made, out)
    except ProblemError as error:
        # As in terraform, where 2 means that there are changes.
        diagnostics.problems(error.problems)
        return Exit.FAILED
    if as_json:
        output.document(to_data(made))
    else:
        show(made)
        if out is not None:
            diagnostics.say(
                diagnostics.typed(f"kept; apply exactly this one with: tassist migrate apply {made.repo} --plan {out}")
            )
    return Exit.USAGE if made.steps else Exit.OK


@click.command(epilog=_APPLY)
@click.argument("repo", type=REPOSITORY, metavar="OWNER/NAME")
@click.option(
    "--plan", "kept", type=click.Path(path_type=Path), help="Exactly this plan; refused where the world moved since."
)
@click.option("--direct", is_flag=True, help="Commit to the default branch, without a pull request.")
@click.option("--merge", is_flag=True, help="Merge the pull request too, as its page's button would.")
@click.option(
    "--evidence", type=click.Path(path_type=Path), help="Markdown of `tassist migrate diff`, for the pull request."
)
@click.option("--close-self-tests", is_flag=True, help="Consent to closing the issues the legacy self-test left open.")
@click.option("--no-telemetry", is_flag=True, help="Do not import legacy telemetry.")
@click.option("--config", type=click.Path(path_type=Path), help="Your own configuration instead of a generated one.")
@click.option("--service-elsewhere", is_flag=True, help="tassist serve runs with another home folder, or elsewhere.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@HOME
@AS_JSON
def apply(
    repo: str, kept: Path | None, evidence: Path | None, config: Path | None, home: str | None, *, direct: bool, merge: bool,
    close_self_tests: bool, no_telemetry: bool, service_elsewhere: bool, yes: bool, as_json: bool,
) -> int:  # fmt: skip
    """Carry the plan out: as a pull request whose merge is the switch, or directly.

    Legacy goes off and the new comes on in one commit. Every step is kept in a journal before its first write: killed anywhere, the
    same command goes on. What the App may not do it asks for: set TASSIST_MIGRATE_TOKEN for this one command.
    """
    import asyncio

    from tassist.cli import diagnostics, output
    from tassist.cli.asking import confirm
    from tassist.config import settings
    from tassist.errors import Exit
    from tassist.services.migrate import moving, report
    from tassist.text import safe_text

    loaded = settings.load({"home": home})
    progress = moving.progress_of(loaded, repo)
    if progress.under_way and progress.plan is not None:
        made = progress.plan
        if progress.finished:
            diagnostics.say("the migration is done already")
        else:
            diagnostics.say("going on where a former try ended; what is under way is not planned anew")
    elif kept is not None:
        made = moving.kept(kept)
        moving.same_world(made, _planned_again(made, loaded))
    else:
        made = _planned(repo, loaded, config, close=close_self_tests, telemetry=not no_telemetry)
    if not as_json and not progress.under_way:
        show(made)
    if made.steps and not progress.under_way:
        command = f"tassist migrate apply {safe_text(repo, max_chars=200)}"
        if not confirm("Carry it out?", yes=yes, command=command):
            diagnostics.say("nothing was changed")
            return Exit.OK
    how = moving.How(direct, merge, service_elsewhere, moving.evidence_text(evidence))
    done = asyncio.run(
        moving.apply(made, loaded, how, (lambda _: None) if as_json else _told, waits=diagnostics.waiting)
    )
    if as_json:
        output.document(report.redacted(moving.progress_data(done)))
    else:
        check = diagnostics.typed(f"tassist migrate verify {made.repo}")
        output.line(f"Done: {len(made.steps)} of {len(made.steps)} {noun(len(made.steps), 'step')}. Check it: {check}")
        for entry in made.by_hand:
            output.line(report.clean(f"  by hand: {entry}"))
    return Exit.OK


@click.command(epilog=_VERIFY)
@click.argument("repo", type=REPOSITORY, metavar="OWNER/NAME")
@HOME
@AS_JSON
def verify(repo: str, home: str | None, *, as_json: bool) -> int:
    """Compare the repository with the plan, step by step, and with what the shadow foresaw; nothing is written."""
    import asyncio

    from tassist.cli import diagnostics, output
    from tassist.config import settings
    from tassist.errors import Exit
    from tassist.services.migrate import moving, report

    found = asyncio.run(moving.verify(settings.load({"home": home}), repo, waits=diagnostics.waiting))
    if as_json:
        output.document(report.redacted(found.data()))
    else:
        for what, holds, why in found.checks:
            output.line(report.clean(f"{'ok   ' if holds else 'WRONG'} {what}" + (f": {why}" if why else "")))
        for what, why in found.unchecked:
            output.line(report.clean(f"?     {what}: not looked at; {why}"))
        if found.foreseen:
            agreed = sum(holds for _, holds, _ in found.foreseen)
            output.line(
                f"{agreed} of {len(found.foreseen)} {noun(len(found.foreseen), 'issue is', 'issues are')} as the shadow foresaw"
            )
            for what, holds, why in found.foreseen:
                if not holds:
                    output.line(report.clean(f"  {what.replace(' is as the', ' is not as the')}: {why}"))
            if agreed < len(found.foreseen):
                sweep = diagnostics.typed(f"tassist sweep {found.repo}")
                output.line(
                    report.clean(
                        f"  either somebody changed them since, or the engine has not looked at them yet: {sweep}"
                    )
                )
        looked = f"; {len(found.unchecked)} could not be looked at" if found.unchecked else ""
        whole = (
            "Everything is as planned"
            if not found.wrong
            else f"{len(found.wrong)} {noun(len(found.wrong), 'thing is', 'things are')} not as planned"
        )
        output.line(f"{whole}{looked}.")
    return Exit.FOUND if found.wrong else Exit.OK


@click.command(epilog=_ROLLBACK)
@click.argument("repo", type=REPOSITORY, metavar="OWNER/NAME")
@click.option("--direct", is_flag=True, help="Commit to the default branch, without a pull request.")
@click.option("--merge", is_flag=True, help="Merge the pull request too, as its page's button would.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@HOME
@AS_JSON
def rollback(repo: str, home: str | None, *, direct: bool, merge: bool, yes: bool, as_json: bool) -> int:
    """Take the migration back, the last step first: labels, issues, workflows and configuration as they were, to the byte.

    What the engine or people did to issues since the switch stays; `tassist undo` takes back what the engine wrote.
    """
    import asyncio

    from tassist.cli import diagnostics, output
    from tassist.cli.asking import confirm
    from tassist.config import settings
    from tassist.errors import Exit
    from tassist.services.migrate import moving, report
    from tassist.text import safe_text

    loaded = settings.load({"home": home})
    command = f"tassist migrate rollback {safe_text(repo, max_chars=200)}"
    if not confirm("Take the migration back?", yes=yes, command=command):
        diagnostics.say("nothing was changed")
        return Exit.OK
    how = moving.How(direct, merge)
    done = asyncio.run(
        moving.rollback(loaded, repo, how, (lambda _: None) if as_json else _told, waits=diagnostics.waiting)
    )
    if as_json:
        output.document(report.redacted(moving.progress_data(done)))
    else:
        output.line("Done: everything the migration did was taken back.")
    return Exit.OK


def show(made: Plan) -> None:
    """Write a plan as text."""
    from migrations.plan import lines
    from tassist.cli import output
    from tassist.services.migrate.report import clean

    for line in lines(made):
        output.line(clean(line))


def _told(one: Told) -> None:
    from tassist.cli import output
    from tassist.services.migrate.report import clean

    words = one.step.inverse if one.word == "undone" else one.step.what
    output.line(clean(f"{one.word:7} {words}"))


def _planned(repo: str, loaded: Settings, config: Path | None, *, close: bool, telemetry: bool) -> Plan:
    import asyncio

    from migrations.plan import Wishes
    from tassist.cli import diagnostics
    from tassist.services.migrate import moving

    seen = asyncio.run(moving.see(repo, loaded, told=diagnostics.waiting))
    return moving.planned(seen, Wishes(close, telemetry, moving.own_config(config)))


def _planned_again(made: Plan, loaded: Settings) -> Plan:
    import asyncio

    from tassist.cli import diagnostics
    from tassist.services.migrate import moving

    seen = asyncio.run(moving.see(made.repo, loaded, told=diagnostics.waiting))
    return moving.planned_again(made, seen)
