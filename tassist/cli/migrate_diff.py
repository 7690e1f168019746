"""`tassist migrate diff`: what would change for every issue."""

from __future__ import annotations

from pathlib import Path

import click

_EPILOG = """\b
Example:
  tassist migrate diff ~/src/app --config task-assistant.yml --record recorded/
  tassist migrate diff acme/app --config new.yml --html evidence.html --accepted accepted.toml

Exit codes: 0 every side does the same, or what differs is accepted; 2 there are differences; 1 it did not work, or the file of accepted
differences has entries that are unused or expired."""


@click.command(epilog=_EPILOG)
@click.argument("target")
@click.option("--config", type=click.Path(path_type=Path), required=True, help="The configuration that is proposed.")
@click.option(
    "--record", type=click.Path(path_type=Path), help="A snapshot, or a folder of recorded telemetry, to read besides."
)
@click.option("--variable", "variables", multiple=True, metavar="NAME=VALUE", help="A repository variable; repeatable.")
@click.option("--accepted", type=click.Path(path_type=Path), help="Differences that are explained, in TOML.")
@click.option("--html", type=click.Path(path_type=Path), help="Write the report as one page to this file.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write it for a pull request to this file.")
@click.option(
    "--rehearse",
    is_flag=True,
    help="Also run the legacy scripts, offline and twice, under a stand-in for gh that only writes down what they intend.",
)
@click.option("--without-isolation", is_flag=True, help="Rehearse even where no network namespace is to be had.")
@click.option("--all", "every", is_flag=True, help="Every difference, not the first dozen of each sort.")
@click.option("--home", type=click.Path(), help="Folder of the credentials.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, every difference in it.")
def diff(
    target: str,
    config: Path,
    record: Path | None,
    variables: tuple[str, ...],
    accepted: Path | None,
    html: Path | None,
    markdown: Path | None,
    home: str | None,
    *,
    rehearse: bool,
    without_isolation: bool,
    every: bool,
    as_json: bool,
) -> int:
    """Say for every issue and every rule what would change, and why.

    Three sides: what legacy declares, what its record shows it did, and what the engine would do under the proposed configuration.
    TARGET is a checkout, a snapshot file, a folder of recorded telemetry, or OWNER/NAME. Nothing is written to it, and nothing of it is run
    unless you say --rehearse: its scripts then run in an empty home, with a stripped environment, without network, for two minutes at most.
    """
    import asyncio

    from engine.problems import ProblemError
    from migrations.compare import words
    from tassist.cli import diagnostics, output
    from tassist.clock import SystemClock
    from tassist.config import settings
    from tassist.errors import Exit
    from tassist.services.migrate import report
    from tassist.services.migrate.diff import diff as compared
    from tassist.text import safe_text

    try:
        found = asyncio.run(
            compared(
                target,
                settings.load({"home": home}),
                config=config,
                today=SystemClock().now().date(),
                record=record,
                variables=variables,
                accepted=accepted,
                rehearse=rehearse,
                without_isolation=without_isolation,
                told=diagnostics.waiting,
            )
        ).comparison
        for path, text in report.files(found, html=html, markdown=markdown):
            report.save(path, text)
            diagnostics.say(f"wrote {safe_text(path)}")
    except ProblemError as error:
        # As with `plan`: 2 means that there are differences, and nothing else.
        diagnostics.problems(error.problems)
        return Exit.FAILED
    if as_json:
        output.document(report.redacted(words.data(found)))
    else:
        for line in words.lines(found, every=every):
            output.line(report.clean(line))
    if found.failed:
        return Exit.FAILED
    return Exit.USAGE if any(not difference.accepted for difference in found.differences) else Exit.OK
