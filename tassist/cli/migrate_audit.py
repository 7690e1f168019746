"""`tassist migrate audit`: legacy automation, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import click

_EPILOG = """\b
Example:
  tassist migrate audit ~/src/app
  tassist migrate audit acme/app --json

Exit codes: 0 nothing wrong, 3 defects were found, others: it did not work."""


@click.command(epilog=_EPILOG)
@click.argument("target")
@click.option(
    "--record", type=click.Path(path_type=Path), help="A snapshot, or a folder of recorded telemetry, to read besides."
)
@click.option("--variable", "variables", multiple=True, metavar="NAME=VALUE", help="A repository variable; repeatable.")
@click.option("--all", "every", is_flag=True, help="Also defects of low severity, and those in workflows that stay.")
@click.option("--home", type=click.Path(), help="Folder of the credentials.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def audit(
    target: str, record: Path | None, variables: tuple[str, ...], home: str | None, *, every: bool, as_json: bool
) -> int:
    """Find legacy automation by what it does, and what is wrong with it.

    TARGET is a checkout, a snapshot file, a folder of recorded telemetry, or OWNER/NAME. Nothing of the repository is run, and nothing
    is written. In a checkout every earlier revision of every workflow is read too.
    """
    import asyncio

    from migrations.audit import words
    from tassist.cli import diagnostics, output
    from tassist.config import settings
    from tassist.errors import Exit
    from tassist.services.migrate import report
    from tassist.services.migrate.audit import audit as audited

    found = asyncio.run(
        audited(target, settings.load({"home": home}), record=record, variables=variables, told=diagnostics.waiting)
    )
    if as_json:
        output.document(report.redacted(words.data(found)))
    else:
        for line in words.lines(found, every=every):
            output.line(report.clean(line))
    return Exit.FOUND if found.defects or found.unreadable else Exit.OK
