"""`tassist dashboard`: figures from telemetry alone, as a static site, as lines, as JSON."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from tassist.cli import diagnostics, output
from tassist.cli.groups import Group
from tassist.cli.values import PATH, REPO, REPO_OR_OWNER
from tassist.errors import Exit
from tassist.text import noun, safe_text

_DAY = click.DateTime(["%Y-%m-%d"])
_HOME = click.option("--home", type=click.Path(), help="Folder of the telemetry and of the site.")
_FROM = click.option("--from", "source", type=PATH, help="Telemetry; default: the folder in the home folder.")
_AS_OF = click.option(
    "--as-of", type=_DAY, help="The last day that counts, in UTC; default: that of the newest record."
)
_REPO = click.option(
    "--repo", "repos", type=REPO_OR_OWNER, multiple=True, metavar="OWNER[/NAME]", help="Only these; may be repeated."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def _home(given: str | None) -> Path:
    from tassist.config.settings import load

    return load({"home": given}).home


def _folder(given: Path | None, home: str | None) -> Path:
    from tassist.config.settings import load
    from tassist.services.telemetry import telemetry_folder

    return given or telemetry_folder(load({"home": home}))


@click.group(
    cls=Group, invoke_without_command=True, epilog="Example: tassist dashboard build --out public --as-of 2026-03-31"
)
@click.option("--text", is_flag=True, help="Show the figures here; what is done without a subcommand.")
@_HOME
@_FROM
@_AS_OF
@_REPO
@_JSON
@click.pass_context
def command(
    context: click.Context,
    *,
    text: bool,
    home: str | None,
    source: Path | None,
    as_of: datetime | None,
    repos: tuple[str, ...],
    as_json: bool,
) -> int:
    """Figures over weeks and months, as pages, lines or JSON.

    They are made from telemetry alone: no server, no network.

    Without a subcommand the figures are printed.
    """
    if context.invoked_subcommand is not None:
        if text or home or source or as_of or repos or as_json:
            raise click.UsageError(f"options stand behind {context.invoked_subcommand}, not in front of it", context)
        return Exit.OK
    from tassist.dashboard.text import lines
    from tassist.services import dashboard

    del text  # the same is done without it
    board = dashboard.count(_folder(source, home), as_of=as_of.date() if as_of else None, repos=repos)
    if as_json:
        output.document(board)
    else:
        for line in lines(board, blocks=(sys.stdout.encoding or "").lower().replace("-", "") == "utf8"):
            output.line(line)
    return Exit.OK


@command.command(epilog="Example: tassist dashboard build --repo acme/orbit --out public")
@_HOME
@_FROM
@click.option("--out", type=PATH, help="Folder of the site; default: dashboard in the home folder.")
@_AS_OF
@_REPO
@click.option("--fresh", is_flag=True, help="Read every record again, also of months that were counted before.")
@click.option("--web-url", default="https://github.com", show_default=True, help="Where issues are shown.")
@_JSON
def build(
    *,
    home: str | None,
    source: Path | None,
    out: Path | None,
    as_of: datetime | None,
    repos: tuple[str, ...],
    fresh: bool,
    web_url: str,
    as_json: bool,
) -> int:
    """Build the dashboard: pages that open from the file system and on GitHub Pages, and dashboard.json.

    The same telemetry gives the same bytes, on any machine. A line that is no record is left out and named on the page
    about the data. The folder is replaced as a whole; one that holds something else is refused. What finished months
    add up to is remembered in the cache folder, for as long as their files stay as they are.
    """
    from tassist.services import dashboard

    built = dashboard.build(
        _folder(source, home),
        out or _home(home) / "dashboard",
        as_of=as_of.date() if as_of else None,
        repos=repos,
        web_url=web_url,
        fresh=fresh,
    )
    if as_json:
        output.document(built)
        return Exit.OK
    output.line(safe_text(built.index, max_chars=4000))
    found = (
        f"{built.records} {noun(built.records, 'record')} as of {built.as_of}"
        if built.records
        else "no record was found"
    )
    diagnostics.say(f"{found}, {built.files} {noun(built.files, 'file')}, {built.bytes // 1024} KiB")
    if built.faulty:
        diagnostics.say(
            f"{built.faulty} {noun(built.faulty, 'line is no record', 'lines are no records')}; the page about the data names {noun(built.faulty, 'it', 'them')}"
        )
    return Exit.OK


@command.command(epilog="Example: tassist dashboard diff 2026-02-28 2026-03-31")
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@_HOME
@_FROM
@_REPO
@_JSON
def diff(one: str, other: str, *, home: str | None, source: Path | None, repos: tuple[str, ...], as_json: bool) -> int:
    """Say in words what changed from A to B.

    Each is a day (the telemetry as of then), a folder that was built, or its dashboard.json. The exit code is 3 where
    something is different.
    """
    from tassist.services import dashboard

    found = dashboard.compared(one, other, folder=_folder(source, home), repos=repos)
    if as_json:
        output.document(found)
    else:
        output.line(f"From {found.before or 'no records'} to {found.after or 'no records'}")
        place = ""
        for item in found.differing:
            if item.place != place:
                place = item.place
                output.line(safe_text(place, max_chars=200))
            output.line(f"  {item.words}")
        for title, names in (
            ("New for a person", found.new_needs),
            ("Settled", found.settled_needs),
            ("Repositories that came", found.repos_come),
            ("Repositories that went", found.repos_gone),
        ):
            if names:
                output.line(title)
            for name in names:
                output.line(f"  {safe_text(name, max_chars=200)}")
    nothing = not (found.differing or found.new_needs or found.settled_needs or found.repos_come or found.repos_gone)
    if nothing and not as_json:
        output.line("Nothing is different.")
    return Exit.OK if nothing else Exit.FOUND


@command.command("open", epilog="Example: tassist dashboard open")
@_HOME
@click.option("--out", type=PATH, help="Folder of the site; default: dashboard in the home folder.")
def open_(*, home: str | None, out: Path | None) -> int:
    """Open the built dashboard in a browser, or say where it is where there is none."""
    from tassist.services import dashboard

    address, opened = dashboard.open_built(out or _home(home) / "dashboard")
    output.line(safe_text(address, max_chars=4000))
    if not opened:
        diagnostics.say("no browser can be opened from here; the address is above")
    return Exit.OK


@command.command(epilog="Example: tassist dashboard records failed --repo acme/orbit | head")
@click.argument("figure")
@_HOME
@_FROM
@_AS_OF
@click.option("--repo", "repos", type=REPO, multiple=True, metavar="OWNER/NAME", help="Only these; may be repeated.")
def records(
    figure: str, *, home: str | None, source: Path | None, as_of: datetime | None, repos: tuple[str, ...]
) -> int:
    """Print the records behind a figure, one JSON object a line.

    FIGURE is an id from the page of figures, such as failed, or what a figure is summed by, such as
    rule.milestone.applied. A day that was pruned answers with its day_aggregate.
    """
    from tassist.services import dashboard_records

    count = 0
    for line in dashboard_records.records_behind(
        figure, _folder(source, home), repos=repos, as_of=as_of.date() if as_of else None
    ):
        output.raw(line + b"\n")
        count += 1
    output.flush()
    if not count:
        diagnostics.say(f"no record counts for {safe_text(figure, max_chars=100)} there")
    return Exit.OK
