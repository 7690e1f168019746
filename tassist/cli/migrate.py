"""`tassist migrate`: audit, diff, and what follows."""

from __future__ import annotations

import click

from tassist.cli.migrate_audit import audit
from tassist.cli.migrate_diff import diff

_EPILOG = """\b
Example:
  tassist migrate audit ~/src/app
  tassist migrate audit acme/app --json"""


@click.group(context_settings={"max_content_width": 100}, epilog=_EPILOG)
def command() -> None:
    """Move a repository from its home-grown workflows to Task Assistant, with evidence."""


command.add_command(audit)
command.add_command(diff)
