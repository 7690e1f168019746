"""`tassist deliveries`: what came from GitHub, what became of it, and bringing one back."""

from __future__ import annotations

from typing import Any

import click

from tassist.cli import diagnostics, output
from tassist.cli.deliveries_redeliver import redeliver
from tassist.cli.deliveries_search import diff, search
from tassist.cli.deliveries_send import edit, resend
from tassist.cli.groups import Group
from tassist.config.settings import Place
from tassist.store.model import DeliveryRow, DeliveryState
from tassist.text import noun, safe_text

_STATES: tuple[DeliveryState, ...] = ("stored", "waiting", "done", "ignored", "dead", "quarantined")
_HOME = click.option("--home", type=click.Path(), help="Folder of the journal.")
_JSON = click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")


@click.group(
    cls=Group,
    short_help="Look at deliveries: list, search, compare, edit, send again.",
    epilog="Example:\n\n  tassist deliveries list --state dead",
)
def command() -> None:
    """Look at the deliveries in the journal, and have one handled again.

    Works beside a running service and without one. Three ways to have one again: replay handles what the journal has; resend
    sends it over HTTP, changed or not; redeliver asks GitHub for it.
    """


for further in (search, diff, edit, resend, redeliver):
    command.add_command(further)


@command.command("list", epilog="Example:\n\n  tassist deliveries list --repo acme/shop --issue 7")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many, newest first.")
@click.option("--state", type=click.Choice(_STATES), help="Only those in this state.")
@click.option("--event", help="Only this event, such as issues.")
@click.option("--repo", help="Only this repository, as owner/name.")
@click.option("--issue", type=int, help="Only those that asked for a look at this issue.")
@_HOME
@_JSON
def list_deliveries(
    *,
    limit: int,
    state: str | None,
    event: str | None,
    repo: str | None,
    issue: int | None,
    home: str | None,
    as_json: bool,
) -> None:
    """List deliveries, newest first; with --json one object a line."""
    from tassist.services import deliveries

    rows = deliveries.listed(_home(home), limit=limit, state=state, event=event, repo=repo, issue=issue)
    if as_json:
        for row in rows:
            output.ndjson(_facts(row))
        return
    output.table(
        [
            (
                f"{row.received_at:%Y-%m-%d %H:%M:%S}",
                row.delivery_id[:36],
                f"{row.event}.{row.action}" if row.action else row.event,
                _issues(row),
                row.state,
                row.reason or "",
            )
            for row in rows
        ],
        header=("received (UTC)", "delivery", "event", "issue", "state", "reason"),
    )


@command.command("show", epilog="Example:\n\n  tassist deliveries show 72d3162e")
@click.argument("delivery_id")
@click.option("--body", is_flag=True, help="Print the raw body as it came, and nothing else.")
@click.option("--as", "form", type=click.Choice(["curl", "file"]), help="To be copied: a command, or a file to edit.")
@_HOME
@_JSON
def show(*, delivery_id: str, body: bool, form: str | None, home: str | None, as_json: bool) -> None:
    """Show a delivery: where it came from, what it asked for, the run that covered it and what that wrote.

    With --as curl, a command that sends it to the server of these settings: the signature is computed, the secret is not in
    it. With --as file, what resend, diff and tassist run read.
    """
    if form is not None:
        _copied(form, delivery_id, home)
        return
    import msgspec

    from tassist.services import deliveries

    found = deliveries.show(_home(home), delivery_id)
    row, run = found.delivery, found.run
    if body:
        output.line(safe_text((found.body or b"").decode("utf-8", "replace"), max_chars=2**25, newlines=True))
        return
    facts = _facts(row)
    if run is not None:
        facts["run"] = {
            "run_id": run.run_id,
            "outcome": run.outcome,
            "reason": run.reason,
            "started_at": run.started_at,
            "finished_at": run.finished_at,
            "result": msgspec.json.decode(run.result) if run.result else None,
            "effects": [
                {"effect": msgspec.json.decode(effect.effect), "state": effect.state, "problem": effect.problem}
                for effect in found.effects
            ],
        }
    if as_json:
        output.document(facts)
        return
    lines = [
        ("delivery", row.delivery_id),
        ("event", f"{row.event}.{row.action}" if row.action else row.event),
        ("issue", _issues(row) or "–"),
        ("sender", row.sender or "–"),
        ("received", f"{row.received_at:%Y-%m-%d %H:%M:%S} UTC, {row.size} bytes"),
        ("state", row.state + (f": {row.reason}" if row.reason else "")),
    ]
    if row.duplicates:
        lines.append(("arrived again", f"{row.duplicates} {noun(row.duplicates, 'time')}"))
    if run is not None:
        lines.append(("run", f"{run.run_id}: {run.outcome or run.state}" + (f", {run.reason}" if run.reason else "")))
        for effect in found.effects:
            what: dict[str, Any] = msgspec.json.decode(effect.effect)
            names = ", ".join(what.get("names") or [str(what.get("title") or what.get("name") or "")])
            lines.append(("  wrote", f"{what.get('kind')} {names}: {effect.state}"))
    for name, value in lines:
        output.line(f"{name:<14}{safe_text(value, max_chars=500)}")


@command.command("replay", epilog="Example:\n\n  tassist deliveries replay 72d3162e")
@click.argument("delivery_id")
@_HOME
@_JSON
def replay(*, delivery_id: str, home: str | None, as_json: bool) -> None:
    """Have a delivery handled again, under a new run.

    A running service does it within a second, otherwise the next start does.
    """
    from tassist.services import deliveries

    row = deliveries.replay(_home(home), delivery_id)
    if as_json:
        output.document(_facts(row))
    else:
        output.line(f"{safe_text(row.delivery_id)} will be handled again")


def _copied(form: str, delivery_id: str, home: str | None) -> None:
    from tassist import secrets
    from tassist.config import settings
    from tassist.services import delivery_search, payloads, sending

    loaded = settings.load({"home": home})
    taken = delivery_search.take(loaded.place, delivery_id)
    if form == "file":
        output.line(payloads.as_file(taken).rstrip("\n"))
        return
    output.line(sending.as_curl(taken, sending.own_url(loaded), secrets.load_webhook_secret(loaded)))
    diagnostics.say(
        "note: it goes under its own delivery id, so a server that has it done answers 200 and does nothing"
    )


def _home(home: str | None) -> Place:
    from tassist.config import settings

    return settings.load({"home": home}).place


def _issues(row: DeliveryRow) -> str:
    if not row.issues:
        return row.repo
    numbers = ",".join(f"#{number}" if number else "(all)" for number in row.issues[:5])
    return f"{row.repo}{numbers}{'…' if len(row.issues) > 5 else ''}"


def _facts(row: DeliveryRow) -> dict[str, Any]:
    """A delivery for machines; text from outside stays as it is, JSON escapes it."""
    return {
        "delivery_id": row.delivery_id,
        "event": row.event,
        "action": row.action,
        "repo": row.repo,
        "issues": row.issues,
        "sender": row.sender,
        "state": row.state,
        "reason": row.reason,
        "run_id": row.run_id,
        "received_at": row.received_at,
        "handled_at": row.handled_at,
        "size": row.size,
        "duplicates": row.duplicates,
    }
