"""`tassist plan`: what the configuration declares against what exists."""

from __future__ import annotations

import click

from tassist.cli.repository import named

_EPILOG = """\b
Example:
  tassist plan acme/app
  tassist plan acme/app --config new.yml --json

Exit codes: 0 nothing to change, 2 there are changes, 1 it did not work."""


@click.command(epilog=_EPILOG)
@click.argument("repo", metavar="OWNER/REPO")
@click.option("--config", type=click.Path(), help="A file of this machine instead of the repository's own.")
@click.option("--home", type=click.Path(), help="Folder of the credentials.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(repo: str, config: str | None, home: str | None, *, as_json: bool) -> int:
    """Show which labels and milestones the configuration would create or change.

    It holds a token that cannot write. Nothing is ever deleted.
    """
    import asyncio
    from pathlib import Path

    from engine.problems import ProblemError
    from tassist.cli import diagnostics, output
    from tassist.config import settings
    from tassist.errors import Exit
    from tassist.services import prepare
    from tassist.services.connecting import connect

    async def work() -> prepare.Prepared:
        async with connect(settings.load({"home": home}), dry=True, told=diagnostics.waiting) as connection:
            return await prepare.plan(connection, name, config=Path(config) if config else None)

    try:
        name = named(repo)  # here, because 2 is no answer to a wrong name
        found = asyncio.run(work())
    except ProblemError as error:
        # As in terraform, where 2 means that there are changes.
        diagnostics.problems(error.problems)
        return Exit.FAILED
    if as_json:
        output.document(prepare.data(found))
    else:
        show(found)
    return Exit.USAGE if found.preparation.changes else Exit.OK


def show(found: object) -> None:
    """Write a plan as text."""
    from tassist.cli import diagnostics, output
    from tassist.services import prepare
    from tassist.text import safe_text

    assert isinstance(found, prepare.Prepared)
    for warning in found.warnings:
        diagnostics.say(safe_text(f"warning: {warning}", newlines=True))
    output.line(safe_text(f"{found.repo.full_name}, as declared in {found.source}"))
    output.line()
    for change in found.preparation.changes:
        for text in prepare.in_words(change):
            output.line(safe_text(text))
    for note in found.preparation.notes:
        output.line(safe_text(f"  note: {note.noun} {note.name} {note.text}"))
    if found.preparation.changes or found.preparation.notes:
        output.line()
    output.line(prepare.summary(found.preparation))
