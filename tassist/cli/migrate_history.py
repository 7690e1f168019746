"""`tassist migrate import-telemetry`: legacy telemetry, as records of our own."""

from __future__ import annotations

from pathlib import Path

import click

_EPILOG = """\b
Example:
  tassist migrate import-telemetry ~/src/app
  tassist migrate import-telemetry acme/app --dry-run

Exit codes: 0 everything was read, 3 something was left out, others: it did not work."""


@click.command("import-telemetry", epilog=_EPILOG)
@click.argument("target")
@click.option("--repo", metavar="OWNER/NAME", default="", help="Where the place does not tell which repository it is.")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Telemetry folder; default: the one in the home folder."
)
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--home", type=click.Path(), help="Folder of the credentials and the telemetry.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def import_telemetry(
    target: str, repo: str, folder: Path | None, home: str | None, *, dry_run: bool, as_json: bool
) -> int:
    """Take in legacy telemetry of every form, marked as such; what is there already is left alone.

    TARGET is a checkout (every version its telemetry branch ever held), a folder, a file, or OWNER/NAME (the branch as it is now).
    What is broken is mended where that is certain, and named where it is not.
    """
    import asyncio

    from tassist.cli import diagnostics, output
    from tassist.config import settings
    from tassist.errors import Exit
    from tassist.services.migrate import history, report
    from tassist.services.telemetry import telemetry_folder
    from tassist.text import noun, safe_text

    loaded = settings.load({"home": home})
    if Path(target).exists() or target.count("/") != 1 or target.startswith((".", "/", "~")):
        source = history.local(Path(target), repo)
    else:
        source = asyncio.run(history.remote(target, loaded, told=diagnostics.waiting))
    into = None if dry_run else folder or telemetry_folder(loaded)
    done = history.take_in(source, into, told=lambda text: diagnostics.say(f"{text} …"))
    if as_json:
        output.document(report.redacted({**done.data(), "notes": list(source.notes), "dry_run": dry_run}))
    else:
        for problem in done.problems:
            if problem.code == "legacy-telemetry-unread":
                output.line(report.clean(f"left out: {problem.where}: {problem.why}"))
        told = ", ".join(f"{name} {count}" for name, count in sorted(done.by_component.items()))
        output.line(
            safe_text(
                f"{done.repo}: {done.files} {noun(done.files, 'file')}; runs of {told or 'nothing'}; {done.issues} {noun(done.issues, 'sighting of an issue', 'sightings of issues')}"
            )
        )
        verb = "would be written" if dry_run else "written"
        output.line(
            f"{done.written} {noun(done.written, 'record')} {verb}, {done.repeated} were there already or stand in several files, "
            f"{done.mended} {noun(done.mended, 'piece')} mended, {done.unread} left out"
        )
        for note in source.notes[:5]:
            diagnostics.say(report.clean(f"note: {note}"))
        if len(source.notes) > 5:
            diagnostics.say(f"… and {len(source.notes) - 5} more {noun(len(source.notes) - 5, 'note')}")
    return Exit.FOUND if done.unread else Exit.OK
