"""Where the `tassist` command starts: it runs a verb and turns whatever happens into words and an exit code.

Nothing of weight is imported on top, so that Ctrl-C is answered in words from the first moment on.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit with a documented code."""
    try:
        _open_closed_streams()
        code = run(list(sys.argv[1:] if args is None else args))
    except KeyboardInterrupt:  # while modules were being loaded, or a second one while the first was being answered
        sys.stderr.write("stopped\n")
        code = 130
    # The verb is done and everything is whole; another Ctrl-C ends the process and needs no words.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(code)


def run(args: list[str]) -> int:
    """Run the command line and return its exit code; a mistake of the user's or the world's is never a traceback."""
    import click

    from engine.problems import ProblemError
    from tassist.cli import diagnostics
    from tassist.cli.app import root
    from tassist.errors import Exit, exit_code, problems_of

    debug = "--debug" in args
    args = [arg for arg in args if arg != "--debug"]
    try:
        result = root.main(args=args or ["--help"], prog_name="tassist", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        diagnostics.say("stopped")
        return Exit.INTERRUPTED
    except KeyboardInterrupt:
        diagnostics.say("stopped")
        return Exit.INTERRUPTED
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        diagnostics.say(f"error: {error.format_message()}")
        if context is not None:
            diagnostics.say(f"  fix: {context.command_path} --help")
        return Exit.USAGE
    except BrokenPipeError:
        # The reader of our output has gone; Python would complain about the rest at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as error:
        if debug:
            raise
        if isinstance(error, OSError) and isinstance(error.__context__, KeyboardInterrupt):
            return Exit.INTERRUPTED  # click ends the line first, on a terminal that has been closed
        found = problems_of(error)
        diagnostics.problems(found)
        return exit_code(found) if isinstance(error, ProblemError | OSError) else Exit.FAILED
    return int(result) if isinstance(result, int) else Exit.OK


def _open_closed_streams() -> None:
    """Give a stream that was closed before the start (`2>&-`) the null device, or the next open file takes its place."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115 - lives as long as the process
