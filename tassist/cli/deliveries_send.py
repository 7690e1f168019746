"""`tassist deliveries edit` and `resend`: a changed copy of a delivery, and sending one to a server again."""

from __future__ import annotations

from pathlib import Path

import click

from tassist.cli import diagnostics, output

_EDIT = """\b
Example:
  tassist deliveries edit 72d3162e --set issue.title=Renamed --set 'issue.labels[name=bug].color="ff0000"'
  tassist deliveries edit 72d3162e --unset issue.milestone --output -
  tassist deliveries edit 72d3162e --editor"""
_RESEND = """\b
Example:
  tassist deliveries resend 72d3162e --wait
  tassist deliveries resend delivery-72d3162e.json --to http://127.0.0.1:8080/webhook

\b
Which delivery id it goes under:
  a new one   unless you say otherwise: the server takes it for another delivery and handles it.
  --keep-id   its own: what GitHub's redelivery does. A server that has it done answers 200 and does
              nothing; one that gave it up tries it again. Only an unchanged body can keep its id."""


@click.command(epilog=_EDIT)
@click.argument("delivery", metavar="ID|FILE")
@click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="Set a value: JSON, or text where it is none.")
@click.option("--unset", "unsets", multiple=True, metavar="PATH", help="Remove a value.")
@click.option("--editor", is_flag=True, help="Open the payload in $VISUAL or $EDITOR.")
@click.option("--output", "to", metavar="FILE", help="Where to write; - for standard output.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--home", type=click.Path(), help="Folder of the journal.")
def edit(
    *,
    delivery: str,
    sets: tuple[str, ...],
    unsets: tuple[str, ...],
    editor: bool,
    to: str | None,
    force: bool,
    home: str | None,
) -> None:
    """Write a changed copy of a delivery to a file; the journal is not touched.

    The file can be sent (resend), compared (diff) and decided about offline (tassist run).
    """
    from tassist.config import settings
    from tassist.services import delivery_edit, delivery_search, payloads
    from tassist.text import safe_text

    loaded = settings.load({"home": home})
    if not sets and not unsets and not editor:
        raise click.UsageError("say what to change: --set, --unset or --editor", click.get_current_context())
    if editor and to == "-":
        raise click.UsageError("--editor needs a file: --output FILE", click.get_current_context())
    changed = delivery_edit.edited(delivery_search.take(loaded.place, delivery), sets, unsets)
    if to == "-":
        output.line(payloads.as_file(changed).rstrip("\n"))
        return
    path = Path(to or delivery_edit.default_name(changed))
    delivery_edit.write_file(changed, path, force=force)
    output.line(safe_text(path, max_chars=4000))
    if editor:
        click.edit(filename=str(path))
        after = payloads.from_file(path)  # says what is wrong with it, with line and column
        if after.body == changed.body:
            diagnostics.say("nothing was changed in the editor")


@click.command(epilog=_RESEND)
@click.argument("delivery", metavar="ID|FILE")
@click.option("--to", metavar="URL", help="Where to; default: the server of these settings.")
@click.option("--elsewhere", is_flag=True, help="Confirm that --to is another machine; GitHub's are refused even so.")
@click.option("--keep-id", is_flag=True, help="Send it under its own delivery id.")
@click.option("--wait", is_flag=True, help="Wait until the journal says what the run concluded.")
@click.option(
    "--timeout", type=click.FloatRange(0.1, 3600), default=30.0, show_default=True, help="Seconds for --wait."
)
@click.option("--home", type=click.Path(), help="Folder of the journal and the credentials.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def resend(
    *,
    delivery: str,
    to: str | None,
    elsewhere: bool,
    keep_id: bool,
    wait: bool,
    timeout: float,
    home: str | None,
    as_json: bool,
) -> int:
    """Send a delivery, or an edited copy, to a server: signed anew with the webhook's secret.

    The exit code is 3 where the delivery or its run wants attention, 4 where the secrets differ, 5 where nobody answers.
    """
    from tassist import secrets
    from tassist.cli import sent
    from tassist.config import settings
    from tassist.services import delivery_search, sending

    loaded = settings.load({"home": home})
    taken = delivery_search.take(loaded.place, delivery)
    url = sending.checked_url(to or sending.own_url(loaded), elsewhere=elsewhere, api_url=loaded.text("api_url"))
    delivery_id, kept = sending.delivery_id_for(taken, keep=keep_id)
    result = sending.send(url, taken, secrets.load_webhook_secret(loaded), delivery_id=delivery_id, kept_id=kept)
    return sent.ended(result, home=loaded.place, wait=wait, timeout_s=timeout, as_json=as_json)
