"""`tassist help`: a command's help, or what a problem means."""

from __future__ import annotations

import click

from tassist.cli import output
from tassist.errors import Exit

_EPILOG = """\b
Example:
  tassist help deliveries search
  tassist help port-in-use
  tassist help --problems"""


def _topics(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """For a shell: the commands below what stands there already, and the codes of problems where nothing does."""
    from tassist.cli.app import root
    from tassist.services import help as service

    topic = tuple(ctx.params.get("topic") or ())
    way = _command(root, topic)
    if way is None:
        return []
    here = way[-1][1] if way else root
    names = list(here.list_commands(click.Context(here))) if isinstance(here, click.Group) else []
    return [name for name in (*names, *(() if topic else service.codes())) if name.startswith(begun)]


@click.command(epilog=_EPILOG)
@click.argument("topic", nargs=-1, shell_complete=_topics)
@click.option("--problems", "list_all", is_flag=True, help="List the code of every problem.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document; for problems.")
@click.pass_context
def command(ctx: click.Context, topic: tuple[str, ...], *, list_all: bool, as_json: bool) -> int:
    """Explain a command, or a problem by its code.

    TOPIC is a command as it is typed, or the code that stands behind a problem.
    """
    from tassist.cli.app import root
    from tassist.services import help as service

    if list_all:
        found = service.codes().values()
        if as_json:
            output.document([one.data() for one in found])
        else:
            output.table(
                [(one.code, one.what or one.why or one.fix) for one in found], header=("code", "what happened")
            )
        return Exit.OK
    shown = _command(root, topic)
    if shown is not None:
        top = click.Context(root, info_name="tassist", color=ctx.color, help_option_names=["-h", "--help"])
        context = top
        for name, each in shown:
            context = click.Context(each, info_name=name, parent=context)
        output.line(context.command.get_help(context))
        return Exit.OK
    one = service.explain(" ".join(topic))
    if as_json:
        output.document(one.data())
        return Exit.OK
    for line in (
        f"{one.code}: {one.what or '…'}",
        f"  why: {one.why}" if one.why else "",
        f"  fix: {one.fix}" if one.fix else "",
    ):
        if line:
            output.line(line)
    output.line(f"{one.whose} Exit code {one.exit_code}.")
    return Exit.OK


def _command(root: click.Group, topic: tuple[str, ...]) -> list[tuple[str, click.Command]] | None:
    """The commands on the way to the one named, or ``None`` where there is none."""
    found: list[tuple[str, click.Command]] = []
    here: click.Command = root
    for name in topic:
        below = here.get_command(click.Context(here), name) if isinstance(here, click.Group) else None
        if below is None:
            return None
        found.append((name, below))
        here = below
    return found
