"""`tassist trigger`: a delivery GitHub never sent, for development."""

from __future__ import annotations

from pathlib import Path

import click

_EPILOG = """\b
Example:
  tassist trigger issues labeled --repo acme/app --issue 12 --label bug --wait
  tassist trigger issue_comment created --repo acme/app --issue 12 --print
  tassist trigger release published --payload release.json

The server looks at the issue as it is on GitHub: the payload is a reason to look, no more.
The exit code is 3 where the delivery or its run wants attention, 4 where the secrets differ, 5 where nobody answers."""


@click.command(epilog=_EPILOG)
@click.argument("event")
@click.argument("action", default="")
@click.option("--repo", default="", metavar="OWNER/NAME", help="The repository it is about.")
@click.option("--issue", type=click.IntRange(1, 2**31), default=None, help="The issue it is about.")
@click.option("--label", default="", help="For labeled, unlabeled and the event label.")
@click.option("--title", default="", help="Of the issue or the milestone.")
@click.option("--sender", default="tassist-trigger", show_default=True, help="Whose doing it seems.")
@click.option(
    "--repo-id", type=click.IntRange(1, 2**62), help="The repository's id, where the journal does not know it."
)
@click.option("--installation", type=click.IntRange(1, 2**62), help="The installation's id, likewise.")
@click.option("--payload", "file", type=click.Path(path_type=Path), help="Take the payload from a file.")
@click.option("--to", metavar="URL", help="Where to; default: the server of these settings.")
@click.option("--elsewhere", is_flag=True, help="Confirm that --to is another machine.")
@click.option(
    "--print", "only_print", is_flag=True, help="Print it as a file for resend and tassist run; send nothing."
)
@click.option("--wait", is_flag=True, help="Wait until the journal says what the run concluded.")
@click.option(
    "--timeout", type=click.FloatRange(0.1, 3600), default=30.0, show_default=True, help="Seconds for --wait."
)
@click.option("--home", type=click.Path(), help="Folder of the journal and the credentials.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(
    *,
    event: str,
    action: str,
    repo: str,
    issue: int | None,
    label: str,
    title: str,
    sender: str,
    repo_id: int | None,
    installation: int | None,
    file: Path | None,
    to: str | None,
    elsewhere: bool,
    only_print: bool,
    wait: bool,
    timeout: float,
    home: str | None,
    as_json: bool,
) -> int:
    """Send a signed synthetic delivery to the local server.

    EVENT and ACTION are GitHub's, such as issues labeled. The payload is made offline, in GitHub's form; the ids of
    repository and installation come from the newest delivery of that repository in the journal, or from flags. Every
    trigger goes under a new delivery id.
    """
    from tassist import secrets
    from tassist.cli import diagnostics, output, sent
    from tassist.clock import SystemClock
    from tassist.config import settings
    from tassist.errors import Exit
    from tassist.services import payloads, sending, trigger

    loaded = settings.load({"home": home})
    asked = trigger.Asked(event, action, repo, issue or 0, repo_id or 0, installation or 0, label, title, sender)
    made = trigger.make(asked, now=SystemClock().now(), home=loaded.place, file=file)
    for what in made.invented:
        diagnostics.say(f"invented: {what}")
    if only_print:
        output.line(payloads.as_file(made.taken).rstrip("\n"))
        return Exit.OK
    url = sending.checked_url(to or sending.own_url(loaded), elsewhere=elsewhere, api_url=loaded.text("api_url"))
    secret = secrets.load_webhook_secret(loaded)
    delivery_id, _ = sending.delivery_id_for(made.taken, keep=False)
    result = sending.send(url, made.taken, secret, delivery_id=delivery_id)
    return sent.ended(result, home=loaded.place, wait=wait, timeout_s=timeout, as_json=as_json)
