"""`tassist worker`: looks at issues on a further machine, for a service whose journal is in PostgreSQL."""

from __future__ import annotations

import os
import signal

import click

from tassist.cli import database as databases
from tassist.cli import output
from tassist.errors import Exit


@click.command(
    short_help="Look at issues on a further machine, beside a service.",
    epilog="Example:\n\n  TASSIST_DATABASE=service=tassist tassist worker --looks 32",
)
@databases.OPTION
@click.option("--home", type=click.Path(), help="Folder of the credentials on this machine.")
@click.option(
    "--looks", type=click.IntRange(1, 256), default=32, show_default=True, help="How many issues are looked at at once."
)
@click.option("--json", "as_json", is_flag=True, help="Say when it works as a JSON object, and log as JSON lines.")
def command(*, database: str | None, home: str | None, looks: int, as_json: bool) -> int:
    """Look at what waits in a journal that several machines share; nothing listens here.

    Start as many as you like, and stop any at any time: one look at a time for an issue is kept across all of them, and
    what a machine held that died is taken over by another within ten seconds. SIGTERM and Ctrl-C finish what is under
    way. It takes the same settings as the service: the App's credentials, and the database.
    """
    from tassist import log, wiring
    from tassist.config import settings
    from tassist.server.service import Options, work
    from tassist.services.serve import needs_database, prepare

    loaded = settings.load({"home": home, "database": databases.typed(database)})
    log.set_up(level=loaded.text("log_level"), as_json=as_json or loaded.text("log_format") == "json")
    needs_database(loaded)
    prepared = prepare(loaded, needs_webhook_secret=False)

    def working() -> None:
        if as_json:
            output.ndjson({"working": True, "pid": os.getpid()})
        else:
            output.line("working")

    ended_by = work(wiring.service_parts(prepared), Options(breadth=wiring.breadth(prepared, looks)), working)
    return Exit.INTERRUPTED if ended_by == signal.SIGINT else Exit.OK
