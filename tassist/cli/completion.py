"""`tassist completion`: the line a shell needs to complete commands and options."""

from __future__ import annotations

import click

from tassist.cli import output
from tassist.errors import Exit

_EPILOG = """\b
Example:
  tassist completion bash >> ~/.bashrc
  tassist completion zsh  >> ~/.zshrc
  tassist completion fish > ~/.config/fish/completions/tassist.fish"""


@click.command(epilog=_EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print what makes a shell complete tassist's commands.

    It is printed whole, so that a new shell need not start tassist to learn it.
    """
    from click.shell_completion import get_completion_class

    from tassist.cli.app import root

    found = get_completion_class(shell)
    assert found is not None
    source = found(root, {}, "tassist", "_TASSIST_COMPLETE").source()
    # click's own for fish takes a help that has commas for more than one part, and shows the first.
    source = source.replace('string split ","', 'string split --max 1 ","')
    output.line(source.rstrip("\n"))
    return Exit.OK
