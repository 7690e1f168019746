"""`tassist undo`: takes back what a run wrote."""

from __future__ import annotations

import click

_EPILOG = """\b
Example:
  tassist undo acme/app#12 --dry-run
  tassist undo 019b0c5d2e7f --yes

\b
For each value the run wrote:
  undo      nobody has changed it since: it is taken back
  already   it is not so any more: nothing to do
  refused   a person or a later run changed it since: it stays as it is
  stays     labels and milestones that were created: nothing of a repository is deleted

Safe to repeat. The exit code is 3 where something was refused."""


@click.command(epilog=_EPILOG)
@click.argument("target", metavar="RUN_ID|OWNER/REPO#N")
@click.option("--dry-run", is_flag=True, help="Show what would be done, with a token that cannot write.")
@click.option("--home", type=click.Path(), help="Folder of the journal and the credentials.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, at the end.")
def command(target: str, home: str | None, *, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Take back what a run wrote, unless a person changed it since.

    Of an issue, that is its newest run that wrote something. Shows what it would do and asks first, and says what the rules would do at the next look: where they would write it
    again, undoing it alone does not help.
    """
    import asyncio

    from tassist.cli import diagnostics, output
    from tassist.cli.asking import confirm
    from tassist.config import settings
    from tassist.errors import Exit, exit_code
    from tassist.services import undo
    from tassist.services.connecting import connect
    from tassist.text import safe_text

    loaded = settings.load({"home": home})

    def told(done: undo.Done) -> None:
        words = undo.inverse_in_words(done.step.inverse)
        if not as_json:
            mark = "failed" if done.problem else "done" if done.changed else "already"
            output.line(safe_text(f"{mark}: {words}", max_chars=400))
        if done.problem:
            diagnostics.problems([done.problem])

    async def plan() -> undo.Planned:
        async with connect(loaded, dry=True, told=diagnostics.waiting) as connection:
            return await undo.plan(connection, loaded.place, target)

    async def carry_out() -> tuple[undo.Planned, tuple[undo.Done, ...]]:
        async with connect(loaded, told=diagnostics.waiting) as connection:
            return await undo.carry_out(connection, loaded.place, planned, told)

    planned = asyncio.run(plan())
    if not as_json:
        for text in undo.in_words(planned):
            output.line(safe_text(text, max_chars=400))
    done: tuple[undo.Done, ...] = ()
    if planned.wanted and not dry_run:
        if not confirm("Do this?", yes=yes, command=f"tassist undo {planned.run.run_id}"):
            diagnostics.say("nothing was changed")
            return Exit.OK
        before = {step.effect for step in planned.refused}
        planned, done = asyncio.run(carry_out())
        for step in planned.refused:
            if step.effect not in before:
                diagnostics.say(safe_text(f"left alone: {step.why}", max_chars=400))
    if as_json:
        output.document(undo.data(planned, None if dry_run else done))
    failed = [one.problem for one in done if one.problem]
    if failed:
        return Exit.AUTH if exit_code(failed) == Exit.AUTH else Exit.FAILED
    return Exit.FOUND if planned.refused else Exit.OK
