"""`tassist migrate`: audit, diff, and what follows."""

from __future__ import annotations

import click
from typing_extensions import override

from tassist.cli.groups import Group
from tassist.cli.migrate_audit import audit
from tassist.cli.migrate_diff import diff
from tassist.cli.migrate_history import import_telemetry
from tassist.cli.migrate_plan import apply, plan, rollback, verify
from tassist.cli.migrate_shadow import shadow
from tassist.cli.repository import REPOSITORY
from tassist.opening import OpenPlace

_EPILOG = """\b
Example:
  tassist migrate
  tassist migrate audit ~/src/app
  tassist migrate audit acme/app --json
  tassist migrate acme/app"""


class _Flow(Group):
    """Takes a repository in place of a subcommand, and shows its migration."""

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and "/" in args[0] and not args[0].startswith("-"):
            return "standing", standing, args
        return super().resolve_command(ctx, args)


@click.command(hidden=True)
@click.argument("repo", type=REPOSITORY, metavar="OWNER/NAME")
@click.option("--home", type=click.Path(), help="Folder of the credentials and of the migration's journal.")
@click.option("--plain", is_flag=True, help="Lines instead of a screen.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def standing(repo: str, home: str | None, *, plain: bool, as_json: bool) -> int | OpenPlace:
    """Show the migration of a repository: where it stands, what the audit finds, and what comes next.

    At a terminal the console opens at its place; else it is said in lines.
    """
    from tassist.terminal import may_draw

    if not as_json and may_draw(plain=plain):
        return OpenPlace("migration", home=home, options={"migration_target": repo})
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


@click.group(cls=_Flow, invoke_without_command=True, context_settings={"max_content_width": 100}, epilog=_EPILOG)
@click.pass_context
def command(context: click.Context) -> OpenPlace | None:
    """Move a repository from its home-grown workflows to Task Assistant, with evidence.

    Alone at a terminal it opens the console at its place; with OWNER/NAME, on that repository. Without a terminal OWNER/NAME says where
    the migration stands.
    """
    if context.invoked_subcommand is not None:
        return None
    from tassist.terminal import may_draw

    if may_draw():
        return OpenPlace("migration")
    raise click.exceptions.NoArgsIsHelpError(context)


command.add_command(audit)
for _verb in (diff, plan, shadow, apply, verify, rollback, import_telemetry):
    command.add_command(_verb)
