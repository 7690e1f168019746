"""`tassist why`: the present of one issue, explained."""

from __future__ import annotations

import click

_EPILOG = """\b
Example:
  tassist why acme/app#12
  tassist why https://github.com/acme/app/issues/12 --json"""


@click.command(epilog=_EPILOG)
@click.argument("issue", metavar="OWNER/REPO#N")
@click.option("--home", type=click.Path(), help="Folder of the credentials.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(issue: str, home: str | None, *, as_json: bool) -> int:
    """Explain an issue as it is now: what every rule says, and what would change.

    It looks as a run would, with a token that cannot write.
    """
    import asyncio

    from tassist.cli import diagnostics, output
    from tassist.config import settings
    from tassist.errors import Exit
    from tassist.services import why
    from tassist.services.connecting import connect, parse_issue
    from tassist.text import safe_text

    repo, number = parse_issue(issue)

    async def work() -> why.Explained:
        async with connect(settings.load({"home": home}), dry=True, told=diagnostics.waiting) as connection:
            return await why.why(connection, repo, number)

    found = asyncio.run(work())
    if as_json:
        output.document(why.data(found))
    else:
        for text in why.in_words(found):
            output.line(safe_text(text))
    return Exit.FOUND if found.plan.outcome in {"blocked", "failed"} else Exit.OK
