"""`tassist deliveries redeliver`: GitHub is asked to send one again."""

from __future__ import annotations

import click


@click.command(epilog="Example:\n\n  tassist deliveries redeliver 72d3162e --wait")
@click.argument("delivery_id")
@click.option("--wait", is_flag=True, help="Wait until it arrived and the journal says what became of it.")
@click.option(
    "--timeout", type=click.FloatRange(0.1, 3600), default=60.0, show_default=True, help="Seconds for --wait."
)
@click.option("--home", type=click.Path(), help="Folder of the journal and the credentials.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def redeliver(*, delivery_id: str, wait: bool, timeout: float, home: str | None, as_json: bool) -> int:
    """Ask GitHub to send a delivery again, also one that never arrived here.

    It comes under its own id: where it was done before, it is counted and nothing is done; to have it handled again, use
    replay. GitHub keeps its log for three days, Enterprise Server for seven.
    """
    import asyncio

    from tassist.cli import diagnostics, output, sent
    from tassist.config import settings
    from tassist.errors import Exit
    from tassist.services import redeliver
    from tassist.services.connecting import connect
    from tassist.services.sending import Came
    from tassist.text import safe_text

    loaded = settings.load({"home": home})

    async def work() -> tuple[redeliver.Redelivered, Came | None]:
        async with connect(loaded, told=diagnostics.waiting) as connection:
            asked = await redeliver.redeliver(connection, loaded.place, delivery_id)
            if not wait:
                return asked, None
            diagnostics.say("asked; waiting for it to arrive …")
            return asked, await redeliver.arrived(connection, loaded.place, asked, timeout_s=timeout)

    asked, came = asyncio.run(work())
    done_before = asked.before is not None and asked.before.state == "done"
    if as_json:
        facts = {
            "delivery_id": asked.guid,
            "attempt_id": asked.attempt_id,
            "event": asked.event,
            "action": asked.action,
            "last_status": asked.last_status,
            "known": asked.before is not None,
            "done_before": done_before,
        }
        output.document(facts | (sent.came_facts(came) if came else {}))
    else:
        name = f"{asked.event}.{asked.action}" if asked.action else asked.event
        output.line(safe_text(f"GitHub sends {asked.guid} ({name}) again", max_chars=300))
        if came is not None:
            sent.show_came(came)
    if done_before:
        diagnostics.say("note: it was done before, so it is only counted; tassist deliveries replay handles it again")
    return sent.worth_a_look(came) if came else Exit.OK
