"""`tassist demo`: everything, offline, without an account."""

from __future__ import annotations

from pathlib import Path

import click

from tassist.cli import diagnostics, output
from tassist.errors import Exit


@click.command(
    "demo",
    short_help="Show everything, offline: GitHub in a box, the App, real signed deliveries.",
    epilog="Example: tassist demo --keep",
)
@click.option(
    "--seed",
    type=click.Path(path_type=Path),
    help="Load a recorded snapshot of a repository instead of the small organisation.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Use this configuration instead of the repository's own, or the proposed one.",
)
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="Keep everything in this new or empty folder.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Port of GitHub in a box; 0 takes a free one.",
)
@click.option("--keep", is_flag=True, help="Leave it running afterwards, to play with; Ctrl-C ends it.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON on stdout.")
def command(
    *, seed: Path | None, config: Path | None, folder: Path | None, port: int, keep: bool, as_json: bool
) -> int:
    """Show everything, offline: GitHub in a box, the App, real signed deliveries.

    GitHub in a box starts on this machine, the App is registered in it and installed, the server starts, and people
    open, label, close and reopen issues there. Each delivery, decision and write is shown as it happens (on stderr);
    the summary at the end goes to stdout. Nothing leaves the machine.

    The folder it works in stays when the demo comes to its end, and is removed when it is interrupted.
    """
    from tassist.services.demo.run import Options, run_demo
    from tassist.services.demo.summary import Summary

    def show(summary: Summary) -> None:
        if as_json:
            output.document(summary.document())
            return
        for name, value in summary.facts():
            output.line(f"{name:<15} {value}")

    summary = run_demo(
        Options(seed=seed, config=config, folder=folder, port=port),
        diagnostics.say,
        width=diagnostics.width(),
        show=show,
        keep=keep,
    )
    return Exit.OK if summary.good else Exit.FAILED
