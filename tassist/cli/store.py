"""`tassist store`: what the journal holds, and removing what is over."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from tassist.cli import diagnostics, output
from tassist.cli.groups import Group
from tassist.text import safe_text

if TYPE_CHECKING:
    from tassist.config.settings import Settings

_HOME = click.option("--home", type=click.Path(), help="Folder of the journal.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_WORDS = {
    "records": "telemetry records every sink has",
    "bodies": "bodies of deliveries",
    "deliveries": "deliveries",
    "given_up": "dead or quarantined deliveries",
    "runs": "runs",
    "effects": "effects of runs",
    "sweeps": "sweeps",
}


def _settings(home: str | None) -> Settings:
    from tassist.config.settings import load

    return load({"home": home})


@click.group(
    cls=Group,
    short_help="Show what the journal holds, and remove what is over.",
    epilog="Example:\n\n  tassist store info",
)
def command() -> None:
    """Look after the journal. Works beside a running service, which prunes by itself, and without one."""


@command.command(epilog="Example:\n\n  tassist store info --json")
@_HOME
@_JSON
def info(*, home: str | None, as_json: bool) -> None:
    """Show size, rows, the oldest delivery, the schema version and how far each sink is."""
    from tassist.services import store

    found = store.info(_settings(home))
    if as_json:
        output.document(found)
        return
    rows: list[tuple[object, ...]] = [
        ("file", found.path),
        ("schema version", found.schema_version),
        ("size", f"{found.bytes:,} bytes, {found.free_bytes:,} of them free"),
        ("oldest delivery", f"{found.oldest_delivery:%Y-%m-%d %H:%M:%S} UTC" if found.oldest_delivery else "none"),
        *((f"deliveries {state}", amount) for state, amount in found.deliveries.items()),
        ("bodies", found.bodies),
        ("issues waiting", found.issues_waiting),
        ("runs", found.runs),
        ("effects", found.effects),
        ("telemetry records", found.records),
    ]
    rows += [
        (f"sink {safe_text(sink.sink)}", f"{sink.behind} behind{'' if sink.configured else '; not configured'}")
        for sink in found.sinks
    ]
    output.table(rows, header=("what", "how much"))


@command.command(epilog="Example:\n\n  tassist store prune --dry-run --json")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--compact", is_flag=True, help="Then give the free space back to the system; stop the service first.")
@_HOME
@_JSON
def prune(*, dry_run: bool, compact: bool, home: str | None, as_json: bool) -> None:
    """Remove what is over: see the settings keep_bodies_days, keep_deliveries_days and keep_given_up_days."""
    from tassist.clock import SystemClock
    from tassist.services import store

    done = store.prune(_settings(home), SystemClock(), dry_run=dry_run, compact=compact)
    if as_json:
        output.document({"dry_run": dry_run, **dataclasses.asdict(done)})
        return
    for name, amount in dataclasses.asdict(done).items():
        if amount:
            output.line(f"{amount} {_WORDS[name]}")
    diagnostics.say(("this would be removed" if dry_run else "removed") if done else "nothing is over yet")


@command.command(epilog="Example:\n\n  tassist store migrate /var/lib/tassist service=tassist")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@_JSON
def migrate(*, source: str, target: str, as_json: bool) -> None:
    """Move a journal from a folder into PostgreSQL, or back; stop every service first.

    FROM and TO are a folder and a connection string without a password, or the word database for what TASSIST_DATABASE
    says. Everything is counted and compared at the end. Broken off, the same command goes on where it was. The old
    journal stays where it is, and no service starts on it any more.
    """
    from tassist.services import store

    moved = store.migrate(source, target, _settings(None), diagnostics.say)
    if as_json:
        output.document(moved)
        return
    for table, rows in moved.rows.items():
        output.line(f"{rows} {table}")
    diagnostics.say(f"{moved.target} holds all of it, sha256 {moved.digest[:16]}; serve that one from now on")
