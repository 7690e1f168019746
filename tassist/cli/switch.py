"""`tassist switch`: the App's webhook between development and production, with proof and with a way back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from tassist.cli import diagnostics, output
from tassist.cli.groups import Group
from tassist.errors import Exit
from tassist.text import safe_text

if TYPE_CHECKING:
    from tassist.services.switching import Status

_HOME = click.option("--home", type=click.Path(), help="Folder of the journal, the telemetry and the credentials.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_NO_PROOF = click.option(
    "--no-proof", is_flag=True, help="Do not wait for a delivery; nothing then says that it works."
)
_FORCE = click.option("--force", is_flag=True, help="Also where somebody else has changed the address since.")
_WAIT = click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(1, 600),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="For the proof.",
)


@click.group(
    cls=Group,
    short_help="Point the App's webhook to development or production, and prove it.",
    epilog="Example:\n\n  tassist switch status\n\n  tassist switch dev --url https://abc.ngrok-free.app\n\n  tassist switch prod",
)
def command() -> None:
    """Change where GitHub sends deliveries, and prove each change by a signed delivery that arrives there.

    An App has one address: while it leads to development, production hears nothing. The old address is written down before
    anything is changed; what is killed or interrupted in between is put back by the next start of serve or switch.
    tassist serve --tunnel does all this by itself, for as long as it runs.
    """


@command.command(epilog="Example:\n\n  tassist switch dev --url https://abc.ngrok-free.app")
@click.option("--url", default="", help="Where to; default: the tunnel of an ngrok agent that is running here.")
@_NO_PROOF
@_FORCE
@_WAIT
@_HOME
@_JSON
def dev(*, url: str, no_proof: bool, force: bool, wait_s: float, home: str | None, as_json: bool) -> int:
    """Point the webhook to this machine, through a tunnel that is open."""
    return _switch("dev", url, prove=not no_proof, force=force, wait_s=wait_s, home=home, as_json=as_json)


@command.command(epilog="Example:\n\n  tassist switch prod --url https://tassist.example.com/webhook")
@click.option("--url", default="", help="Where to; default: where it led before the switch to development.")
@_NO_PROOF
@_FORCE
@_WAIT
@_HOME
@_JSON
def prod(*, url: str, no_proof: bool, force: bool, wait_s: float, home: str | None, as_json: bool) -> int:
    """Point the webhook to production."""
    return _switch("prod", url, prove=not no_proof, force=force, wait_s=wait_s, home=home, as_json=as_json)


@command.command(epilog="Example:\n\n  tassist switch status --json")
@_HOME
@_JSON
def status(*, home: str | None, as_json: bool) -> int:
    """Show where the webhook leads, who wanted it so, and whether the last delivery arrived. Exit code 3: look at it."""
    from tassist.config import settings
    from tassist.services import connecting, switching

    loaded = settings.load({"home": home})

    async def look() -> Status:
        async with connecting.connect(loaded, told=diagnostics.waiting) as connection:
            return await switching.status(connection.api, loaded.home)

    found = asyncio.run(look())
    if as_json:
        output.document(switching.as_document(found))
    else:
        rows = [
            ("webhook", found.url or "none"),
            ("mode", found.mode),
            ("production", found.production or "not known here"),
            ("held", "by a process that restores production when it ends" if found.held else ""),
            ("last delivery", found.last),
        ]
        for name, value in rows:
            if value:
                output.line(f"{name:<14} {safe_text(value, max_chars=300)}")
        if found.left:
            output.line(
                "a process that held the webhook was killed: the next tassist serve or switch restores production"
            )
        if found.elsewhere:
            output.line("somebody else has changed the address since tassist set it")
        for each in found.past[-5:]:
            output.line(
                f"  {safe_text(each.at)}  {safe_text(each.before, max_chars=100)} -> {safe_text(each.after, max_chars=100)}  ({safe_text(each.why)})"
            )
    return Exit.FOUND if found.left or found.elsewhere else Exit.OK


def _switch(mode: str, url: str, *, prove: bool, force: bool, wait_s: float, home: str | None, as_json: bool) -> int:
    from tassist.clock import SystemClock
    from tassist.config import settings
    from tassist.services import connecting, switching

    loaded = settings.load({"home": home})

    async def change() -> switching.Switched:
        target = url or (await switching.agent_address(loaded) if mode == "dev" else "")
        async with connecting.connect(loaded, told=diagnostics.waiting) as connection:
            said = await switching.restore_left(connection.api, loaded.home, clock=SystemClock())
            if said:
                diagnostics.say(said)
            return await switching.switch(
                connection.api,
                loaded.home,
                "dev" if mode == "dev" else "prod",
                clock=SystemClock(),
                url=target,
                prove=prove,
                proof_s=wait_s,
                force=force,
                told=diagnostics.say,
            )

    done = asyncio.run(change())
    if as_json:
        output.document({"before": done.before, "after": done.after, "proof": done.proof or None})
        return Exit.OK
    output.line(f"webhook        {safe_text(done.after, max_chars=300)}")
    output.line(f"before         {safe_text(done.before, max_chars=300)}")
    output.line(f"proof          {done.proof or 'none was asked for'}")
    return Exit.OK
