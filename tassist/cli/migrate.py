"""`tassist migrate`: audit, diff, and what follows."""

from __future__ import annotations

import click
from typing_extensions import override

from tassist.cli.migrate_audit import audit
from tassist.cli.migrate_diff import diff
from tassist.cli.migrate_history import import_telemetry
from tassist.cli.migrate_plan import apply, plan, rollback, verify
from tassist.cli.migrate_shadow import shadow

_EPILOG = """\b
Example:
  tassist migrate audit ~/src/app
  tassist migrate audit acme/app --json
  tassist migrate acme/app"""


class _Flow(click.Group):
    """Takes a repository in place of a subcommand, and says where its migration stands."""

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and "/" in args[0] and not args[0].startswith("-"):
            return "standing", standing, args
        return super().resolve_command(ctx, args)


@click.command(hidden=True)
@click.argument("repo", metavar="OWNER/NAME")
@click.option("--home", type=click.Path(), help="Folder of the migration's journal.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def standing(repo: str, home: str | None, *, as_json: bool) -> int:
    """Say where the migration of a repository stands, and what comes next."""
    from tassist.cli import output
    from tassist.config import settings
    from tassist.errors import Exit
    from tassist.services.migrate import moving
    from tassist.text import safe_text

    found = moving.standing(settings.load({"home": home}), repo)
    if as_json:
        output.document({"repo": repo, **dict(found)})
    else:
        output.table([(place, words) for place, words in found], header=("place", safe_text(repo, max_chars=80)))
    return Exit.OK


@click.group(cls=_Flow, context_settings={"max_content_width": 100}, epilog=_EPILOG)
def command() -> None:
    """Move a repository from its home-grown workflows to Task Assistant, with evidence."""


command.add_command(audit)
for _verb in (diff, plan, shadow, apply, verify, rollback, import_telemetry):
    command.add_command(_verb)
