"""`tassist console`: the full-screen app on a service of this machine or a store at rest, or the same as lines."""

from __future__ import annotations

import click

from tassist.opening import OpenPlace, WebAddress

_EPILOG = """\b
Example:
  tassist console
  tassist console --home /var/lib/tassist --place deliveries
  tassist console --plain
  tassist console --web"""
PLACES = ("home", "deliveries", "issues", "rules", "dashboard", "migration", "setup", "health", "log")


@click.command(
    short_help="See everything: what is lost, late or blocked, each delivery, and why.",
    epilog=_EPILOG,
)
@click.option("--home", type=click.Path(), help="Folder of the journal.")
@click.option("--place", type=click.Choice(PLACES), default="home", show_default=True, help="Where to begin.")
@click.option("--plain", is_flag=True, help="Lines instead of a screen: for screen readers, slow lines and pipes.")
@click.option("--once", is_flag=True, help="With lines: end after the last deliveries instead of following.")
@click.option("--last", type=click.IntRange(0, 200), default=10, show_default=True, help="Deliveries told at first.")
@click.option("--web", is_flag=True, help="In a browser of this machine, through textual-serve (extra `web`).")
@click.option(
    "--web-port",
    type=click.IntRange(0, 65535),
    default=8126,
    show_default=True,
    help="Port for --web; 0 takes a free one.",
)
def command(
    *, home: str | None, place: str, plain: bool, once: bool, last: int, web: bool, web_port: int
) -> OpenPlace | None:
    """See everything: what is lost, late or blocked, each delivery and decision, and why.

    Works beside a running service and without one; it reads the journal of the home folder. Where there is no terminal, it
    writes lines, and ends after the last deliveries.
    """
    from tassist.terminal import may_draw

    if web:
        return OpenPlace(place, home=home, web=WebAddress(web_port))
    if not plain and may_draw():
        return OpenPlace(place, home=home)
    _lines(home, last=last, follow=not once and (plain or _somebody_reads()))
    return None


def _somebody_reads() -> bool:
    import sys

    return sys.stdout.isatty()


def _lines(home: str | None, *, last: int, follow: bool) -> None:
    import asyncio
    import time

    from tassist.cli import output
    from tassist.clock import SystemClock
    from tassist.config import settings, typed
    from tassist.services import hook
    from tassist.services.deliveries import open_journal
    from tassist.services.overview import writes_per_hour
    from tassist.services.tail import tail
    from tassist.text import safe_text

    loaded = settings.load({"home": home})

    def rest() -> bool:
        time.sleep(0.25)
        return True

    clock = SystemClock()

    def asked() -> hook.Hook:
        return asyncio.run(hook.look(loaded, loaded.home, now=clock.now()))

    with open_journal(loaded.place) as journal:
        for line in tail(
            journal, loaded.home, clock, last=last, follow=follow, rest=rest, hook=asked,
            writes_per_hour=writes_per_hour(loaded), serve=typed.command(loaded, "serve"),
        ):  # fmt: skip
            output.line(safe_text(line, max_chars=2000))
            output.flush()
