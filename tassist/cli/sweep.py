"""`tassist sweep`: the nightly sweep, now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tassist.cli.repository import REPOSITORY
from tassist.text import noun

if TYPE_CHECKING:
    from tassist.config.settings import Settings
    from tassist.services.sweep import Repos, Swept

_EPILOG = """\b
Example:
  tassist sweep acme/app acme/lib
  tassist sweep --all
  tassist sweep --all --dry-run --json"""


@click.command(epilog=_EPILOG)
@click.argument("repos", type=REPOSITORY, metavar="[OWNER/REPO]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every repository of every installation.")
@click.option("--dry-run", is_flag=True, help="Write nothing, with a token that cannot: say what would be done.")
@click.option("--home", type=click.Path(), help="Folder of the journal and the credentials.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document; with --dry-run one line for each issue.")
def command(repos: tuple[str, ...], home: str | None, *, everything: bool, dry_run: bool, as_json: bool) -> int:
    """Look at every open issue now, as the nightly sweep does.

    Where a service runs on the same folder it does the work, and this command tells how far it is; otherwise this
    process does it. Ctrl-C keeps what is done: the same command, or a service, goes on where it was.
    """
    from tassist import log
    from tassist.cli import diagnostics, output
    from tassist.config import settings
    from tassist.errors import Exit

    if bool(repos) == everything:
        raise click.UsageError("name repositories, or say --all")
    loaded = settings.load({"home": home})
    log.set_up(level="warning", as_json=loaded.text("log_format") == "json")
    if dry_run:
        return _dry_run(loaded, repos, as_json=as_json)
    swept = _sweep(loaded, repos)
    done = swept.progress
    if as_json:
        output.document(swept.data())
    else:
        output.line(
            f"{done.looked} {noun(done.looked, 'issue')} of {done.repos} {noun(done.repos, 'repository', 'repositories')} looked at, {done.changed} changed, {done.failed} failed"
        )
    if done.dropped:
        diagnostics.say(f"{done.dropped} {noun(done.dropped, 'repository', 'repositories')} went away meanwhile")
    return Exit.FAILED if done.failed else Exit.OK


def _sweep(loaded: Settings, names: tuple[str, ...]) -> Swept:
    from tassist import wiring
    from tassist.cli import diagnostics
    from tassist.clock import SystemClock
    from tassist.server.alone import working_off
    from tassist.server.away import Away
    from tassist.services import serve, sweep
    from tassist.services.deliveries import open_journal

    prepared = serve.prepare(loaded, needs_webhook_secret=False)
    wanted = _repos(loaded, names, dry=False) if names else None
    parts = wiring.service_parts(prepared, Away(prepared.retention, catch_up=False, chosen=prepared.chosen))
    with working_off(parts) as here:
        if here is not None:
            journal, ended = here
            begun, resumed = sweep.begin(journal, wanted, SystemClock())
            _say_begun(begun.sweep_id, resumed=resumed)
            return sweep.follow(journal, begun, diagnostics.say, resumed=resumed, alive=ended)
    with open_journal(loaded.place) as journal:
        begun, resumed = sweep.begin(journal, wanted, SystemClock())
        diagnostics.say("a service holds the journal and does the work; Ctrl-C leaves it to it")
        _say_begun(begun.sweep_id, resumed=resumed)
        return sweep.follow(journal, begun, diagnostics.say, resumed=resumed)


def _say_begun(sweep_id: str, *, resumed: bool) -> None:
    from tassist.cli import diagnostics

    if resumed:
        diagnostics.say(f"going on with sweep {sweep_id}, which was begun before")


def _repos(loaded: Settings, names: tuple[str, ...], *, dry: bool) -> Repos:
    import asyncio

    from tassist.cli import diagnostics
    from tassist.services import sweep
    from tassist.services.connecting import connect

    async def ask() -> Repos:
        async with connect(loaded, dry=dry, told=diagnostics.waiting) as connection:
            return await sweep.resolve(connection, names)

    return asyncio.run(ask())


def _dry_run(loaded: Settings, names: tuple[str, ...], *, as_json: bool) -> int:
    import asyncio

    from engine.explain import plan_in_words
    from tassist.cli import diagnostics, output
    from tassist.config.chosen import read_chosen
    from tassist.errors import Exit
    from tassist.services import sweep
    from tassist.services.connecting import connect
    from tassist.text import safe_text

    chosen = read_chosen(loaded.text("repositories"))

    async def work() -> tuple[int, int]:
        looked = would = 0
        async with connect(loaded, dry=True, told=diagnostics.waiting) as connection:
            repos = await (sweep.resolve(connection, names) if names else sweep.covered(connection, chosen))
            async for intent in sweep.intents(connection, repos, lambda text: diagnostics.say(safe_text(text))):
                looked += 1
                would += bool(intent.plan.effects)
                if as_json:
                    output.ndjson(intent.data())
                elif intent.plan.effects:
                    output.line(safe_text(str(intent.ref)))
                    for text in plan_in_words(intent.plan):
                        output.line(safe_text(f"  {text}"))
        return looked, would

    looked, would = asyncio.run(work())
    diagnostics.say(f"{looked} {noun(looked, 'issue')} looked at, {would} would be changed; nothing was written")
    return Exit.OK
