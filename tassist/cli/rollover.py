"""`tassist rollover`: ends a sprint and begins the next."""

from __future__ import annotations

from datetime import datetime

import click

from tassist.cli.repository import REPOSITORY

_EPILOG = """\b
Example:
  tassist rollover acme/app --milestone "Sprint 4"
  tassist rollover acme/app --milestone "Sprint 4" --next "Sprint 5" --due 2026-12-31 --yes

Safe to repeat: a second run does what a first one did not finish."""


@click.command(epilog=_EPILOG)
@click.argument("repo", type=REPOSITORY, metavar="OWNER/REPO")
@click.option("--milestone", required=True, help="Title of the milestone that ends.")
@click.option("--next", "to", help="Title of the next one, instead of one counted up.")
@click.option("--due", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Day the next one is due.")
@click.option("--home", type=click.Path(), help="Folder of the credentials.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, at the end.")
def command(
    repo: str, milestone: str, to: str | None, due: datetime | None, home: str | None, *, yes: bool, as_json: bool
) -> int:
    """Close a milestone, create the next one, and move what is open.

    Shows what it would do and asks first. The next milestone comes first and the closing last, so that it can be stopped at
    any point and run again.
    """
    import asyncio

    from tassist.cli import diagnostics, output
    from tassist.cli.asking import confirm
    from tassist.config import settings
    from tassist.errors import Exit, exit_code
    from tassist.services import rollover
    from tassist.services.connecting import connect
    from tassist.text import safe_text

    loaded = settings.load({"home": home})

    def told(step: rollover.Step) -> None:
        if not as_json:
            output.line(safe_text(f"failed: {step.text}" if step.problem else step.text))
        if step.problem:
            diagnostics.problems([step.problem])

    async def plan() -> rollover.Planned:
        async with connect(loaded, dry=True, told=diagnostics.waiting) as connection:
            return await rollover.plan(connection, repo, milestone, to=to, due_on=due.date() if due else None)

    async def carry_out() -> tuple[rollover.Step, ...]:
        async with connect(loaded, told=diagnostics.waiting) as connection:
            return await rollover.carry_out(connection, planned, told)

    planned = asyncio.run(plan())
    if not as_json:
        for text in rollover.in_words(planned):
            output.line(safe_text(text))
    steps: tuple[rollover.Step, ...] = ()
    if not planned.rollover.done:
        # Asked outside the event loop, which would keep Ctrl-C for itself until the line is finished.
        again = f'tassist rollover {repo} --milestone "{milestone}"'
        if not confirm("Do this?", yes=yes, command=safe_text(again, max_chars=300)):
            diagnostics.say("nothing was changed")
            return Exit.OK
        steps = asyncio.run(carry_out())
    if as_json:
        output.document(rollover.data(planned, steps))
    failed = [step.problem for step in steps if step.problem]
    if not failed:
        return Exit.OK
    return Exit.AUTH if exit_code(failed) == Exit.AUTH else Exit.FAILED
