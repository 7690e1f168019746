"""`tassist serve`: the webhook server with the engine behind it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import click

from tassist.cli import database as databases
from tassist.cli import output
from tassist.errors import Exit
from tassist.opening import OpenPlace

if TYPE_CHECKING:
    from tassist.config.settings import Settings


@click.command(
    short_help="Take deliveries and keep issues in order.",
    epilog="Example:\n\n  GITHUB_WEBHOOK_SECRET=… tassist serve --headless --port 8080",
)
@click.option(
    "--headless",
    "--plain",
    is_flag=True,
    help="Log lines only, for services; no console, whatever the terminal can do.",
)
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", help="Port to listen on; 0 takes a free one.  [default: 8080]")
@click.option("--home", type=click.Path(), help="Folder of the journal, the telemetry and the credentials.")
@databases.OPTION
@click.option("--stand-by", is_flag=True, help="Where another service holds the journal, wait and take over from it.")
@click.option("--poll", is_flag=True, help="Need no public address: read the App's delivery log, or ask what changed.")
@click.option(
    "--every",
    type=click.FloatRange(5, 3600),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How often --poll asks.",
)
@click.option(
    "--tunnel",
    metavar="ngrok|agent|URL",
    help="Open a way in and point the webhook to it for as long as this runs; then production is restored.",
)
@click.option(
    "--end-with-stdin", is_flag=True, help="End when standard input is closed: for a program that starts this one."
)
@click.option("--json", "as_json", is_flag=True, help="Say the address as a JSON object, and log as JSON lines.")
def command(
    *,
    headless: bool,
    host: str | None,
    port: str | None,
    home: str | None,
    database: str | None,
    stand_by: bool,
    poll: bool,
    every: float,
    tunnel: str | None,
    end_with_stdin: bool,
    as_json: bool,
) -> int | OpenPlace:
    """Take deliveries from GitHub, store each before it is answered, and keep issues in order.

    In a terminal the console opens with the service inside; its log is serve.log in the home folder, and leaving finishes what
    is under way. Otherwise, and with --headless, it prints its address as one line on stdout and logs on stderr. The webhook
    is at /webhook, health at /healthz and /readyz, figures at /metrics (this machine only, or with a token). SIGTERM and
    Ctrl-C finish what is under way; whatever was stored is resumed by the next start, also after a crash.

    On start it reads from GitHub's delivery log what came while nobody was here, and says it in one line. Every night it
    looks at every open issue (setting sweep_at).

    With --database several services and workers, on as many machines as you like, share one journal in PostgreSQL; see
    also: tassist worker, tassist store migrate.
    """
    # A disk that is full while a module's bytecode is written leaves half a file, with which no later start would succeed.
    sys.dont_write_bytecode = True
    from tassist import log, wiring
    from tassist.config import settings
    from tassist.server.service import Options, serve
    from tassist.services import switching
    from tassist.services.serve import prepare
    from tassist.terminal import may_draw

    if end_with_stdin:
        threading.Thread(target=_end_with_stdin, name="stdin", daemon=True).start()
    loaded = settings.load({"host": host, "port": port, "home": home, "database": databases.typed(database)})
    if not headless and not as_json and not stand_by and not loaded.secret("database") and may_draw():
        return _inside(loaded, home=home, poll_every_s=every if poll else None, tunnel=tunnel)
    log.set_up(level=loaded.text("log_level"), as_json=as_json or loaded.text("log_format") == "json")
    way_in = switching.Tunnelled(loaded, tunnel, _told) if tunnel else None
    if way_in is None:
        switching.restore_at_start(loaded, _told)
    prepared = prepare(loaded, poll_every_s=every if poll else None, needs_webhook_secret=not poll)

    def listening(url: str) -> None:
        if as_json:
            output.ndjson({"url": url, "webhook": f"{url}/webhook", "pid": os.getpid()})
        else:
            output.line(url)
        if way_in is not None:
            way_in.start(url)

    with way_in or contextlib.nullcontext():
        ended_by = serve(
            wiring.service_parts(prepared),
            Options(host=prepared.host, port=prepared.port, stand_by=stand_by, breadth=wiring.breadth(prepared)),
            listening,
        )
    return Exit.INTERRUPTED if ended_by == signal.SIGINT else Exit.OK


def _end_with_stdin() -> None:
    """Wait until whoever holds the other end of standard input is gone, killed without a word perhaps; then end as by SIGTERM."""
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    os.kill(os.getpid(), signal.SIGTERM)


def _told(text: str) -> None:
    from tassist import log

    log.log_event(log.get_logger("tunnel"), "tunnel", text)


def _inside(loaded: Settings, *, home: str | None, poll_every_s: float | None, tunnel: str | None) -> OpenPlace:
    """The service to run inside the console, everything checked that can be before it starts."""
    from tassist import log, wiring
    from tassist.server.inside import Inside
    from tassist.server.service import Options
    from tassist.services import switching
    from tassist.services.serve import prepare
    from tassist.store.database import prepare_folder

    prepared = prepare(loaded, poll_every_s=poll_every_s, needs_webhook_secret=poll_every_s is None)
    prepare_folder(prepared.home)
    log.set_up(
        level=loaded.text("log_level"),
        as_json=loaded.text("log_format") == "json",
        stream=log.open_file(prepared.home / log.FILE_NAME),
    )
    options = Options(host=prepared.host, port=prepared.port, breadth=wiring.breadth(prepared))
    service = Inside(wiring.service_parts(prepared), options)
    if tunnel:
        around = switching.WithTunnel(service, switching.Tunnelled(loaded, tunnel, _told))
        return OpenPlace("home", home=home, service=around)
    switching.restore_at_start(loaded, _told)
    return OpenPlace("home", home=home, service=service)
