"""`tassist apply`: makes labels and milestones what the configuration declares."""

from __future__ import annotations

import click

from tassist.cli.repository import REPOSITORY

_EPILOG = """\b
Example:
  tassist apply acme/app
  tassist apply acme/app --config new.yml --yes

Safe to repeat: what is as declared is left alone."""


@click.command(epilog=_EPILOG)
@click.argument("repo", type=REPOSITORY, metavar="OWNER/REPO")
@click.option("--config", type=click.Path(), help="A file of this machine instead of the repository's own.")
@click.option("--home", type=click.Path(), help="Folder of the credentials.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, at the end.")
def command(repo: str, config: str | None, home: str | None, *, yes: bool, as_json: bool) -> int:
    """Create, update and rename the labels and milestones the configuration declares.

    Shows the plan and asks first. A rename keeps the label on its issues. Nothing is ever deleted.
    """
    import asyncio
    from pathlib import Path

    from engine.problems import ProblemError
    from tassist.cli import diagnostics, output
    from tassist.cli.asking import confirm
    from tassist.cli.plan import show
    from tassist.clock import SystemClock
    from tassist.config import settings
    from tassist.errors import Exit, exit_code
    from tassist.services import prepare
    from tassist.services.connecting import connect
    from tassist.text import noun, safe_text

    loaded = settings.load({"home": home})

    def told(made: prepare.Made) -> None:
        if not as_json:
            verb = {"create": "created", "update": "updated", "rename": "renamed"}[made.change.action]
            word = "failed: " if made.problem else f"{verb} "
            output.line(safe_text(f"{word}{made.change.noun} {made.change.name}"))
        if made.problem:
            diagnostics.problems([made.problem])

    async def plan() -> prepare.Prepared:
        async with connect(loaded, dry=True, told=diagnostics.waiting) as connection:
            return await prepare.plan(connection, repo, config=Path(config) if config else None)

    async def carry_out() -> tuple[prepare.Made, ...]:
        async with connect(loaded, told=diagnostics.waiting) as connection:
            return await prepare.apply(connection, found, told)

    found = asyncio.run(plan())
    if not as_json:
        show(found)
    made: tuple[prepare.Made, ...] = ()
    if found.preparation.changes:
        # Asked outside the event loop, which would keep Ctrl-C for itself until the line is finished.
        if not confirm("Make these changes?", yes=yes, command=f"tassist apply {safe_text(repo, max_chars=200)}"):
            diagnostics.say("nothing was changed")
            return Exit.OK
        made = asyncio.run(carry_out())
        try:
            prepare.record(loaded.place, found, made, SystemClock().now())
        except ProblemError as error:
            # What was made stays made; that it is missing from the record is said, and decides nothing.
            diagnostics.problems(error.problems)
    failed = [one.problem for one in made if one.problem]
    if as_json:
        output.document(prepare.data(found, made))
    elif made:
        output.line()
        output.line(
            f"Done: {len(made) - len(failed)} of {len(made)} {noun(len(made), 'change')} made, nothing deleted."
        )
    if not failed:
        return Exit.OK
    return Exit.AUTH if exit_code(failed) == Exit.AUTH else Exit.FAILED
