"""`tassist migrate shadow`: the engine decides and writes nothing while legacy goes on."""

from __future__ import annotations

from pathlib import Path

import click

from tassist.cli.groups import Group
from tassist.cli.migrate_plan import AS_JSON, HOME
from tassist.cli.repository import REPOSITORY


@click.group(cls=Group, epilog="Example: tassist migrate shadow start acme/app --days 7")
def shadow() -> None:
    """Let the engine decide and write nothing, beside legacy; see day by day how far they agree."""


@shadow.command(epilog="Example: tassist migrate shadow start acme/app --plan plan.json --days 14")
@click.argument("repo", type=REPOSITORY, metavar="OWNER/NAME")
@click.option("--days", type=click.IntRange(1, 365), default=7, show_default=True, help="How long you want to watch.")
@click.option("--plan", "kept", type=click.Path(path_type=Path), help="With the configuration of this plan.")
@HOME
def start(repo: str, days: int, kept: Path | None, home: str | None) -> int:
    """Begin: tassist serve with this home folder honours it from its next look on, with a token that cannot write."""
    import asyncio

    from tassist.cli import diagnostics, output
    from tassist.config import settings
    from tassist.errors import Exit
    from tassist.services.migrate import moving
    from tassist.text import safe_text

    loaded = settings.load({"home": home})
    made = asyncio.run(moving.begin_shadow(repo, loaded, days, kept, told=diagnostics.waiting))
    output.line(safe_text(f"{made.repo} is in shadow {made.in_words()}; nothing is written to it"))
    output.line(diagnostics.typed(safe_text(f"See how far they agree: tassist migrate shadow status {made.repo}")))
    return Exit.OK


@shadow.command(epilog="Example: tassist migrate shadow status acme/app --json")
@click.argument("repo", type=REPOSITORY, metavar="OWNER/NAME")
@HOME
@AS_JSON
def status(repo: str, home: str | None, *, as_json: bool) -> int:
    """Show, day by day, how far engine and legacy agree, and on what they differ.

    The exit code is 3 where they differ on the last day.
    """
    from tassist.cli import diagnostics, output
    from tassist.config import settings
    from tassist.errors import Exit
    from tassist.services.migrate import moving, report

    found = moving.shadow_status(settings.load({"home": home}), repo)
    if as_json:
        output.document(report.redacted(found.data()))
    else:
        output.line(report.clean(f"{found.repo}: {found.words}"))
        for day in found.days:
            output.line(f"{day.day}  {day.agree} agree, {day.differ} differ ({day.share:.0%})")
        for one in found.days[-1].differing[:20] if found.days else ():
            output.line(report.clean(f"  #{one.number}: the engine would {'; '.join(one.would)}"))
        if not found.days:
            output.line(diagnostics.typed("nothing was looked at yet: tassist sweep looks at every open issue now"))
    return Exit.FOUND if found.days and found.days[-1].differ else Exit.OK


@shadow.command(epilog="Example: tassist migrate shadow stop acme/app")
@click.argument("repo", type=REPOSITORY, metavar="OWNER/NAME")
@HOME
def stop(repo: str, home: str | None) -> int:
    """End it before the switch; what it recorded stays."""
    from tassist.cli import output
    from tassist.config import settings
    from tassist.errors import Exit
    from tassist.services.migrate import shadow as shadowing
    from tassist.text import safe_text

    was = shadowing.stop(settings.load({"home": home}).home, repo)
    output.line(safe_text(f"{repo} is {'no longer' if was else 'not'} in shadow"))
    return Exit.OK
