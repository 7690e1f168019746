"""`tassist deliveries search` and `diff`: finding deliveries by what is in them, and comparing two."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tassist.cli import diagnostics, output
from tassist.errors import Exit
from tassist.text import safe_text

if TYPE_CHECKING:
    from tassist.services.delivery_search import Difference

STATES = ("stored", "waiting", "done", "ignored", "dead", "quarantined")
_MOMENTS = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M"])


@click.command(
    epilog="Example:\n\n  tassist deliveries search 'login page' --repo acme/shop --since 2026-11-01",
)
@click.argument("text")
@click.option("--event", help="Only this event, such as issues.")
@click.option("--action", help="Only this action, such as labeled.")
@click.option("--repo", help="Only this repository, as owner/name.")
@click.option("--issue", type=int, help="Only those that asked for a look at this issue.")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option("--since", type=_MOMENTS, metavar="TIME", help="Received at this time or later, in UTC.")
@click.option("--until", type=_MOMENTS, metavar="TIME", help="Received before this time, in UTC.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Stop after so many.")
@click.option("--home", type=click.Path(), help="Folder of the journal.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def search(
    *,
    text: str,
    event: str | None,
    action: str | None,
    repo: str | None,
    issue: int | None,
    state: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    home: str | None,
    as_json: bool,
) -> None:
    """Find deliveries that hold TEXT in a header or in their body, newest first.

    Upper and lower case are the same. Shown are the places that hold it, as paths of the payload.
    """
    from itertools import islice

    from tassist.config import settings
    from tassist.services import delivery_search

    wanted = delivery_search.Wanted(event, action, repo, issue, state, _utc(since), _utc(until))
    found = delivery_search.search(settings.load({"home": home}).place, text, wanted)
    shown = 0
    for one in islice(found, limit):
        shown += 1
        row = one.delivery
        if as_json:
            places = [{"path": path, "text": excerpt} for path, excerpt in one.places]
            output.ndjson(
                {
                    "delivery_id": row.delivery_id,
                    "event": row.event,
                    "action": row.action,
                    "repo": row.repo,
                    "issues": row.issues,
                    "state": row.state,
                    "received_at": row.received_at,
                    "places": places,
                }
            )
            continue
        event_name = f"{row.event}.{row.action}" if row.action else row.event
        where = f"{row.repo}{''.join(f'#{number}' for number in row.issues[:5] if number)}"
        head = f"{row.received_at:%Y-%m-%d %H:%M:%S}  {row.delivery_id}  {event_name}  {where}  {row.state}"
        output.line(safe_text(head, max_chars=400))
        for path, excerpt in one.places:
            output.line("  " + safe_text(f"{path}: {excerpt}", max_chars=300))
    if not as_json and not shown:
        diagnostics.say("nothing found")
    elif shown == limit:
        diagnostics.say(f"stopped at {limit}; there may be more: --limit")


@click.command(epilog="Example:\n\n  tassist deliveries diff 72d3162e 7c1f8a90 --only issue")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--only", metavar="PATH", help="Only what lies there, such as issue.labels.")
@click.option("--home", type=click.Path(), help="Folder of the journal.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def diff(*, first: str, second: str, only: str | None, home: str | None, as_json: bool) -> int:
    """Compare the payloads of two deliveries, path by path.

    A and B are delivery ids, beginnings of them, or files that edit wrote. Labels and other items with a name are compared
    with those of the same name, wherever they stand. The exit code is 3 where they differ, 0 where they do not.
    """
    from tassist.config import settings
    from tassist.services import delivery_search

    compared = delivery_search.diff(settings.load({"home": home}).place, first, second, only=only)
    one, other = compared.one, compared.other
    if as_json:
        output.document(
            {
                "a": {"name": one.name, "event": one.event},
                "b": {"name": other.name, "event": other.event},
                "same_body": one.body == other.body,
                "differences": [
                    {"path": item.path, "kind": item.kind, "before": item.before, "after": item.after}
                    for item in compared.differences
                ],
                "keys_twice": list(compared.twice),
            }
        )
    else:
        output.line(safe_text(f"--- {one.name}  {one.event}", max_chars=300))
        output.line(safe_text(f"+++ {other.name}  {other.event}", max_chars=300))
        for item in compared.differences:
            output.line(safe_text(_difference(item), max_chars=600))
    for key in compared.twice:
        diagnostics.say(safe_text(f"note: the key {key!r} stands twice in an object; the last was compared"))
    return Exit.FOUND if compared.differences or one.event != other.event else Exit.OK


def _difference(item: Difference) -> str:
    if item.kind == "added":
        return f"+ {item.path}: {_value(item.after)}"
    if item.kind == "removed":
        return f"- {item.path}: {_value(item.before)}"
    mark = "~" if item.kind == "changed" else "↕"
    return f"{mark} {item.path}: {_value(item.before)} → {_value(item.after)}"


def _value(value: object) -> str:
    return safe_text(json.dumps(value, ensure_ascii=False), max_chars=200)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
