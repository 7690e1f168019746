"""Where the `tassist` command starts: it runs a verb and turns whatever happens into words and an exit code.

Nothing of weight is imported on top, so that Ctrl-C is answered in words from the first moment on.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing's own costs a third of the time in which the first line is to stand
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tassist.opening import Form, OpenPlace

_AT_ONCE: tuple[list[str], ...] = ([], ["setup"])
"""What opens the app and says nothing that the command line would have to read."""


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit with a documented code."""
    try:
        _open_closed_streams()
        if sys.platform == "win32":
            _leave_windows()
        code = run(list(sys.argv[1:] if args is None else args))
    except KeyboardInterrupt:  # while modules were being loaded, or a second one while the first was being answered
        sys.stderr.write("stopped\n")
        code = 130
    except ImportError:
        strange = _strange_room()
        if strange is None:
            raise
        code = strange
    import signal

    # The verb is done and everything is whole; another Ctrl-C ends the process and needs no words.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if code:
        _say_the_rest()
    sys.exit(code)


def _say_the_rest() -> None:
    """Write what is left; where nobody reads any more Python would end with 120, whatever the verb's code is."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def run(args: list[str]) -> int:
    """Run the command line and return its exit code; a mistake of the user's or the world's is never a traceback."""
    from tassist.terminal import may_draw, splash

    alone = args in ([], ["--plain"])
    if args in _AT_ONCE and may_draw():
        # In a terminal it is the app; the first line stands before anything heavy is read.
        splash()
        return _at_once(*args)
    import click

    from tassist.cli import diagnostics
    from tassist.cli.app import root
    from tassist.errors import Exit
    from tassist.opening import OpenPlace

    debug = "--debug" in args
    args = [arg for arg in args if arg != "--debug"]
    diagnostics.begin(args)
    try:
        result = root.main(args=["--help"] if alone else args, prog_name="tassist", standalone_mode=False)
        if isinstance(result, OpenPlace):
            splash()
            return _open(result)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        diagnostics.say("stopped")
        return Exit.INTERRUPTED
    except KeyboardInterrupt:
        diagnostics.say("stopped")
        return Exit.INTERRUPTED
    except click.ClickException as error:
        from tassist.cli.mistakes import words

        context = getattr(error, "ctx", None)
        diagnostics.say(f"error: {words(error)}")
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
        return _told(error)
    return int(result) if isinstance(result, int) else Exit.OK


def _at_once(place: str = "home") -> int:
    """The app at a place, without the command line, which takes as long to load again."""
    from tassist.opening import OpenPlace

    try:
        return _open(OpenPlace(place, options={"at_once": True} if place == "setup" else {}))
    except Exception as error:  # noqa: BLE001 – told, as every command's
        return _told(error)


def _told(error: Exception) -> int:
    """Say what went wrong in words; its exit code."""
    from engine.problems import ProblemError
    from tassist.cli import diagnostics
    from tassist.errors import Exit, exit_code, problems_of

    if isinstance(error, OSError) and isinstance(error.__context__, KeyboardInterrupt):
        return Exit.INTERRUPTED  # click ends the line first, on a terminal that has been closed
    found = problems_of(error)
    diagnostics.problems(found)
    return exit_code(found) if isinstance(error, ProblemError | OSError) else Exit.FAILED


def _open(wanted: OpenPlace) -> int:
    """Open the app where a verb asks for it; only here the two faces of the product meet."""
    from tassist.terminal import clear_splash

    try:
        from tassist.cli.registry import VERBS
        from tassist.tui.opening import open_app

        if wanted.web is not None:
            from tassist.tui.web import serve_web

            clear_splash()
            return serve_web(wanted)
        return open_app(wanted, [(verb.name, verb.help) for verb in VERBS], _forms)
    except BaseException:
        clear_splash()  # or its words would stand before those of the problem
        raise


def _forms(verb: str) -> Sequence[Form]:
    from tassist.cli.forms import forms_of

    return forms_of(verb)


def _strange_room() -> int | None:
    """Say whose package stands in the place of one of ours, where nothing that says it well can be imported; its exit code."""
    from tassist.rooms import stranger
    from tassist.text import safe_text

    found = stranger()
    if found is None:
        return None
    lines = (f"error: {found.what}: {found.why}", f"  fix: {found.fix}")
    sys.stderr.write("".join(f"{safe_text(line)}\n" for line in lines))
    return 1


def _leave_windows() -> None:
    """Say in words what would otherwise be a module that cannot be found; see docs/explanation/platforms.md.

    Raises:
        SystemExit: Always, with the code of usage.
    """
    from engine.problems import Problem
    from tassist.cli import diagnostics
    from tassist.errors import exit_code

    problem = Problem(
        code="platform-unsupported",
        what="tassist does not run on Windows itself",
        why="its journal rests on locks and signals that Windows does not have",
        fix="run it in WSL (wsl --install) or in a container; both are Linux",
    )
    diagnostics.problems((problem,))
    raise SystemExit(exit_code((problem,)))


def _open_closed_streams() -> None:
    """Give a stream that was closed before the start (`2>&-`) the null device, or the next open file takes its place."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115 - lives as long as the process
