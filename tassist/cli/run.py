"""`tassist run`: the plan for a recorded event, offline."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tassist.cli import diagnostics, output
from tassist.errors import Exit
from tassist.text import safe_text

if TYPE_CHECKING:
    from tassist.services.run import Ran


@click.command(
    context_settings={"max_content_width": 100},
    epilog="Example: tassist run delivery.json --config .github/task-assistant.yml --json",
)
@click.argument("event_file")
@click.option("--event", default="", help="GitHub's name of the event, where the file does not say it.")
@click.option("--config", "config_file", default=".github/task-assistant.yml", show_default=True, help="To decide by.")
@click.option(
    "--state", "state_file", default="", help="What a look would find: issue, labels, milestones, timeline, parent."
)
@click.option("--now", type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]), help="Decide as at this time, in UTC.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(
    event_file: str, *, event: str, config_file: str, state_file: str, now: datetime | None, as_json: bool
) -> int:
    """Show what would be done about a recorded event, offline.

    EVENT_FILE is a payload as GitHub sent it, or an object with event and payload; - for standard input. What neither
    the event nor --state says is assumed, and every assumption is told. Nothing is asked of GitHub and nothing is
    written.

    Exit code 0: nothing a person has to see to; 2: the configuration or a file is invalid; 3: a rule warns or fails.
    """
    from tassist.clock import SystemClock
    from tassist.services.run import run

    ran = run(
        event_file,
        event=event,
        config_file=config_file,
        state_file=state_file,
        now=now.replace(tzinfo=UTC) if now else SystemClock().now(),
    )
    if as_json:
        _document(ran)
    else:
        _text(ran)
    outcomes = {planned.plan.outcome for planned in ran.planned}
    if "blocked" in outcomes:
        return Exit.USAGE
    return Exit.FOUND if outcomes & {"partial", "failed"} else Exit.OK


def _text(ran: Ran) -> None:
    from engine.explain import plan_in_words

    relevance = ran.asked.relevance
    name = f"{relevance.event}.{relevance.action}" if relevance.action else relevance.event
    output.line(safe_text(f"{name}: {ran.asked.reason}"))
    for planned in ran.planned:
        output.line()
        output.line(safe_text(str(planned.ref)))
        for line in plan_in_words(planned.plan):
            output.line(safe_text(f"  {line}") if line else "")
        for assumption in planned.assumed:
            diagnostics.say(safe_text(f"assumed: {assumption}"))


def _document(ran: Ran) -> None:
    from engine.explain import plan_data

    relevance = ran.asked.relevance
    output.document(
        {
            "event": relevance.event,
            "action": relevance.action,
            "asks_for": relevance.scope,
            "reason": ran.asked.reason,
            "issues": [
                {
                    "repo": planned.ref.repo,
                    "number": planned.ref.number,
                    "plan": plan_data(planned.plan),
                    "assumed": list(planned.assumed),
                }
                for planned in ran.planned
            ],
        }
    )
