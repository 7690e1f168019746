"""`tassist scaffold`: a repository's first files, from its labels and milestones, each difference shown before it is written."""

from __future__ import annotations

from pathlib import Path

import click

from tassist.cli.repository import REPOSITORY

_EPILOG = """\b
Example:
  tassist scaffold acme/app --dry-run
  tassist scaffold acme/app --commit

Exit codes: 0 written or nothing to write; 2 usage, or nobody to ask; 3 with --dry-run: files would be written."""


@click.command(short_help="Write a repository's first configuration and issue forms, from what it has.", epilog=_EPILOG)
@click.argument("repo", type=REPOSITORY, metavar="OWNER/NAME")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path(), show_default="the current one", help="The checkout."
)
@click.option("--no-forms", is_flag=True, help="Leave the issue forms out.")
@click.option(
    "--replace", multiple=True, metavar="PATH", help="A file that exists and may be replaced; may be repeated."
)
@click.option("--commit", "commits", is_flag=True, help="Commit what was written, on a branch task-assistant.")
@click.option("--dry-run", is_flag=True, help="Only show the differences.")
@click.option("--yes", is_flag=True, help="Do not ask. Files that exist still need --replace.")
@click.option("--home", type=click.Path(), help="Folder of the credentials.")
def command(
    *,
    repo: str,
    folder: Path,
    no_forms: bool,
    replace: tuple[str, ...],
    commits: bool,
    dry_run: bool,
    yes: bool,
    home: str | None,
) -> int:
    """Write .github/task-assistant.yml and issue forms into a checkout, from what the repository at GitHub has.

    Its track labels become tracks, its phase, priority and state labels groups, its open milestones are declared. Every file
    is shown as a difference first; a file that exists is left alone unless --replace names it. Push the branch and open a
    pull request: the commit's text says what to expect.
    """
    import asyncio

    from tassist.cli import diagnostics, output
    from tassist.cli.asking import confirm
    from tassist.config import settings
    from tassist.errors import Exit
    from tassist.services import connecting, scaffolding
    from tassist.text import safe_text

    loaded = settings.load({"home": home})

    async def ask() -> dict[str, str]:
        async with connecting.connect(loaded, dry=True, told=diagnostics.waiting) as connection:
            return await scaffolding.propose(connection, repo, forms=not no_forms)

    files = scaffolding.compare(folder, asyncio.run(ask()))
    allowed = frozenset(replace)
    wanted = [file for file in files if file.diff and (not file.exists or file.path in allowed)]
    for file in files:
        if not file.diff:
            diagnostics.say(f"{file.path} is as it would be written")
        for line in file.diff:
            output.line(safe_text(line, max_chars=500))
        if file.diff and file.exists and file.path not in allowed:
            diagnostics.say(f"{file.path} exists and is left alone; --replace {file.path} replaces it")
    if dry_run:
        return Exit.FOUND if wanted else Exit.OK
    if not wanted:
        return Exit.OK
    names = ", ".join(file.path for file in wanted)
    if not confirm(f"Write {names}?", yes=yes, command=f"tassist scaffold {repo}"):
        diagnostics.say("nothing was written")
        return Exit.OK
    written = scaffolding.write(folder, wanted, replace=allowed)
    for path in written:
        diagnostics.say(f"written: {path}")
    if commits and written:
        branch = scaffolding.commit(folder, written)
        diagnostics.say(f"committed on {branch}; next: git push -u origin {branch}, and open a pull request")
    return Exit.OK
