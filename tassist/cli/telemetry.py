"""`tassist telemetry`: the records' schema, their checks, and moving them about."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from tassist.cli import diagnostics, output
from tassist.cli.groups import Group
from tassist.cli.values import PATH, REPO
from tassist.errors import Exit
from tassist.telemetry.events import EventType
from tassist.text import noun, safe_text

if TYPE_CHECKING:
    from tassist.config.settings import Settings
    from tassist.services.telemetry import Moved
    from tassist.telemetry.prune import Pruned
    from tassist.telemetry.verify import Fault

_DAY = click.DateTime(["%Y-%m-%d"])
_HOME = click.option("--home", type=click.Path(), help="Folder of the telemetry, the journal and the settings.")


def _settings(home: str | None) -> Settings:
    from tassist.config.settings import load

    return load({"home": home})


def _recorded(home: str | None) -> Path:
    from tassist.services.telemetry import recorded, telemetry_folder

    return recorded(telemetry_folder(_settings(home)))


@click.group(cls=Group, epilog="Example: tassist telemetry verify")
def command() -> None:
    """Look after telemetry: schema, verify, status, export, import, prune."""


@command.command(epilog="Example: tassist telemetry schema > telemetry.schema.json")
@click.option("--digest", is_flag=True, help="Print its SHA-256 instead.")
def schema(*, digest: bool) -> None:
    """Print the JSON Schema of a record."""
    from tassist.telemetry.schema import schema_digest, schema_text

    if digest:
        output.line(schema_digest())
    else:
        output.raw(schema_text().encode())
        output.flush()


@command.command(epilog="Example: tassist telemetry verify ~/telemetry --json")
@click.argument("files", type=PATH, nargs=-1, metavar="[PATH]...")
@_HOME
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def verify(files: tuple[Path, ...], *, home: str | None, as_json: bool) -> int:
    """Check records and their chain; name the line of every fault.

    PATH is a file or a folder; default: the telemetry folder. The exit code is 3 where there is a fault.
    """
    from tassist.services import telemetry

    def tell(fault: Fault) -> None:
        place = f"{safe_text(fault.file)}:{fault.line}" if fault.line else safe_text(fault.file)
        output.line(f"{place}: {fault.severity}: {safe_text(fault.what)} [{fault.code}]")

    report = telemetry.verify(files or [_recorded(home)], tell=None if as_json else tell)
    if as_json:
        output.document(report)
    else:
        diagnostics.say(
            f"{report.records} {noun(report.records, 'record')} in {report.files} {noun(report.files, 'file')}, {report.chained} of them along their chain: "
            f"{report.fault_count} {noun(report.fault_count, 'fault')}, {report.note_count} {noun(report.note_count, 'note')}"
        )
    return Exit.FOUND if report.fault_count else Exit.OK


@command.command(epilog="Example: tassist telemetry status --json")
@_HOME
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def status(*, home: str | None, as_json: bool) -> int:
    """Show how the sinks are, as the service last said.

    The exit code is 3 where a sink fails or has lost records.
    """
    from tassist.services import telemetry

    found = telemetry.status(_settings(home))
    if as_json:
        output.document(found)
    elif not found.sinks:
        diagnostics.say("no service has run with this home folder yet; start one: tassist serve")
    else:
        output.table(
            [
                (
                    sink.name,
                    sink.condition,
                    sink.waiting,
                    sink.delivered,
                    sink.lost,
                    sink.last_success or "never",
                    f"{sink.problem.what}: {sink.problem.why}" if sink.problem and sink.failing_since else "",
                )
                for sink in found.sinks
            ],
            header=("sink", "condition", "waiting", "delivered", "lost", "last success", "problem"),
        )
        diagnostics.say(f"as of {found.at}")
    return Exit.FOUND if any(sink.failing_since or sink.lost for sink in found.sinks) else Exit.OK


@command.command(epilog="Example: tassist telemetry export --format cloudevents --repo acme/orbit > events.jsonl")
@click.argument("files", type=PATH, nargs=-1, metavar="[PATH]...")
@_HOME
@click.option(
    "--format", "form", type=click.Choice(["jsonl", "cloudevents", "csv"]), default="jsonl", show_default=True
)
@click.option(
    "--repo", "repos", type=REPO, multiple=True, metavar="OWNER/NAME", help="Only this repository; may be repeated."
)
@click.option(
    "--type",
    "types",
    type=click.Choice(get_args(EventType)),
    multiple=True,
    metavar="EVENT_TYPE",
    help="Only this event type; may be repeated.",
)
@click.option("--since", type=_DAY, help="From this day on, in UTC.")
@click.option("--until", type=_DAY, help="Up to and with this day, in UTC.")
@click.option("--output", "target", type=PATH, help="Write to this file instead of stdout.")
@click.option("--web-url", default="https://github.com", show_default=True, help="Where issues are shown.")
def export(
    files: tuple[Path, ...],
    home: str | None,
    form: str,
    repos: tuple[str, ...],
    types: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    target: Path | None,
    web_url: str,
) -> int:
    """Write records as JSON lines, CloudEvents or CSV.

    CloudEvents carry the whole record and are read back by `import`; CSV is for spreadsheets.
    """
    from tassist.services import telemetry

    chosen = telemetry.Choice(repos, types, since.date() if since else None, until.date() if until else None)
    form_ = next(known for known in telemetry.FORMATS if known == form)
    given = files or [_recorded(home)]
    if target is None:
        moved = telemetry.export(given, form=form_, write=output.raw, choice=chosen, web_url=web_url)
        output.flush()
    else:
        moved = telemetry.export_file(given, target, form=form_, choice=chosen, web_url=web_url)
    diagnostics.say(f"{moved.written} of {moved.read} {noun(moved.read, 'line')} exported")
    return _faulty(moved)


@command.command("import", epilog="Example: tassist telemetry import old/telemetry events.jsonl")
@click.argument("files", type=PATH, nargs=-1, required=True, metavar="PATH...")
@_HOME
@click.option("--folder", type=PATH, help="Telemetry folder to import into; default: the one in the home folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def import_(files: tuple[Path, ...], home: str | None, folder: Path | None, *, as_json: bool) -> int:
    """Take in records from JSON lines or CloudEvents; those that are there already are left out."""
    from tassist.services import telemetry

    moved = telemetry.import_records(files, folder or telemetry.telemetry_folder(_settings(home)))
    if as_json:
        output.document(moved)
    else:
        diagnostics.say(
            f"{moved.written} of {moved.read} {noun(moved.read, 'record')} imported, {moved.repeated} were there already, "
            f"{moved.faulty} left out"
        )
    return _faulty(moved)


@command.command(epilog="Example: tassist telemetry prune --keep-days 400 --dry-run")
@_HOME
@click.option("--keep-days", type=click.IntRange(1), default=400, show_default=True, help="Days to keep whole records.")
@click.option("--folder", type=PATH, help="Only this telemetry folder, or this checkout of a telemetry repository.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def prune(home: str | None, keep_days: int, folder: Path | None, *, dry_run: bool, as_json: bool) -> int:
    """Remove old records from files and databases, keeping what they add up to.

    Every sink of the settings that keeps records on this machine or in a database is pruned. A day leaves a
    `day_aggregate`; records of migration and setup, and the newest that needs a person, stay whole. A telemetry
    repository is pruned in a checkout of it: name the checkout with --folder, then commit.
    """
    from tassist.clock import SystemClock
    from tassist.services import telemetry
    from tassist.services.telemetry_sinks import choose

    def told(file: Path) -> None:
        if not as_json:
            diagnostics.say(f"{'would fold' if dry_run else 'folded'} {safe_text(file)}")

    done: dict[str, Pruned] = {}
    folders = {}
    if folder is not None:
        folders[str(folder)] = telemetry.existing([folder])[0]
    for sink in choose(_settings(home)).sinks if folder is None else ():
        if sink.kind == "jsonl":
            folders[sink.name] = telemetry.folder_of(sink, _settings(home))
        elif sink.kind in {"sqlite", "postgresql"}:
            done[sink.name] = telemetry.prune_database(sink, keep_days=keep_days, clock=SystemClock(), dry_run=dry_run)
        else:
            diagnostics.say(f"{safe_text(sink.name)} is not pruned from here: who keeps the records there decides")
    for name, place in folders.items():
        done[name] = telemetry.prune(place, keep_days=keep_days, clock=SystemClock(), dry_run=dry_run, told=told)
    if as_json:
        output.document(done)
    else:
        for name, found in done.items():
            _say_pruned(safe_text(name), found, dry_run=dry_run)
    return Exit.FOUND if any(found.skipped for found in done.values()) else Exit.OK


def _say_pruned(name: str, found: Pruned, *, dry_run: bool) -> None:
    if found.bare:
        diagnostics.say(f"{name}: there are no records")
        return
    diagnostics.say(
        f"{name}: {found.files} {noun(found.files, 'day')} with {found.records} {noun(found.records, 'record')}, {found.bytes} bytes"
        f"{' would go' if dry_run else ' removed'}; {found.kept} {noun(found.kept, 'record')} kept whole"
    )
    for skipped in found.skipped:
        diagnostics.say(f"left alone, as it holds what is no record: {safe_text(skipped)}")


def _faulty(moved: Moved) -> int:
    diagnostics.problems(moved.problems)
    if moved.faulty > len(moved.problems):
        diagnostics.say(f"… and {moved.faulty - len(moved.problems)} more")
    return Exit.FOUND if moved.faulty else Exit.OK
