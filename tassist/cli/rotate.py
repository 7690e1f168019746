"""`tassist rotate`: a new webhook secret, a new private key, and nothing refused meanwhile."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.problems import Problem, ProblemError
from tassist.cli import diagnostics, output
from tassist.errors import Exit

if TYPE_CHECKING:
    from tassist.config.settings import Settings
    from tassist.services.rotate import KeyRotated


@click.command(
    short_help="Replace the webhook's secret or the App's private key, without a refused delivery.",
    epilog="Example:\n\n  tassist rotate secret\n\n  tassist rotate key --key-file ~/Downloads/app.private-key.pem",
)
@click.argument("what", type=click.Choice(["secret", "key"]), required=False)
@click.option("--all", "everything", is_flag=True, help="Both, the secret first.")
@click.option("--key-file", type=click.Path(path_type=Path), help="The new key, as downloaded from the App's settings.")
@click.option("--finish", is_flag=True, help="Of keys: forget those that GitHub does not accept any more.")
@click.option("--home", type=click.Path(), help="Folder of the credentials.")
@click.option("--json", "as_json", is_flag=True, help="Say the outcome as a JSON document.")
def command(
    *, what: str | None, everything: bool, key_file: Path | None, finish: bool, home: str | None, as_json: bool
) -> int:
    """Replace the webhook's secret (made here, set at GitHub) or the App's private key (made on GitHub's page).

    A running server takes the new secret over before GitHub signs with it, and accepts the one before for as long as
    GitHub may redeliver. Cut off at any moment, run it again.
    """
    if finish and what is None and not everything:
        what = "key"
    if bool(what) == everything:
        raise click.UsageError("say what to rotate: secret, key or --all")
    from tassist.config import settings

    loaded = settings.load({"home": home})
    facts: dict[str, object] = {}
    if what != "key":
        from tassist.services import rotate

        done = asyncio.run(rotate.rotate_secret(loaded))
        facts |= {"secret": "rotated", "previous_until": done.previous_until, "resumed": done.resumed}
        if not as_json:
            output.line(
                "secret     new; GitHub signs with it"
                + (", as a rotation that was cut off had begun" if done.resumed else "")
            )
            if done.previous_until:
                output.line(f"previous   accepted until {done.previous_until}")
    code = Exit.OK
    if what != "secret":
        from tassist.services import rotate

        found = (
            asyncio.run(rotate.forget_old_keys(loaded)) if finish else _new_key(rotate.keys(loaded), loaded, key_file)
        )
        facts |= {"key": found.using, "old_keys": list(found.old), "page": found.page}
        if not as_json:
            output.line(f"key        {found.using}")
            for fingerprint in found.old:
                finish_it = diagnostics.typed("tassist rotate key --finish")
                output.line(f"old key    {fingerprint}: delete it at {found.page}, then: {finish_it}")
        code = Exit.WAITING if found.old else Exit.OK
    if as_json:
        output.document(facts)
    return code


def _new_key(before: KeyRotated, loaded: Settings, key_file: Path | None) -> KeyRotated:
    from tassist.services import rotate

    if key_file is None:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise ProblemError(
                Problem(
                    "key-file-missing",
                    "there is no new key",
                    "keys are made on GitHub's page only",
                    f"generate one at {before.page}, then: tassist rotate key --key-file FILE",
                )
            )
        diagnostics.say(f"generate a private key at {before.page}")
        key_file = Path(click.prompt("the downloaded file", err=True))
    return asyncio.run(rotate.rotate_key(loaded, key_file.expanduser()))
