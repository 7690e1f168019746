"""Reads a line from a person: with questionary at a capable terminal, plainly for screen readers; both can be interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator, Mapping


async def read_line(prompt: str, *, secret: bool, env: Mapping[str, str]) -> str:
    """One line, without its end.

    Args:
        prompt: On the same line, in front of what is typed.
        secret: Show nothing of it.
        env: ``ACCESSIBLE`` or ``TERM=dumb`` choose the way without any cursor movement.

    Raises:
        EOFError: the person ended the input.
        KeyboardInterrupt: Ctrl-C.
    """
    if env.get("ACCESSIBLE") or env.get("TERM", "dumb") == "dumb" or sys.platform == "win32":
        return await _plainly(prompt, secret=secret)
    import questionary
    from prompt_toolkit.output.defaults import create_output

    ask = questionary.password if secret else questionary.text
    question = ask(prompt, qmark="", output=create_output(stdout=sys.stderr))
    answer = await question.unsafe_ask_async()
    return str(answer)


async def _plainly(prompt: str, *, secret: bool) -> str:
    sys.stderr.write(f"{prompt} ")
    sys.stderr.flush()
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        import getpass

        return await loop.run_in_executor(None, getpass.getpass if secret else input, "")
    arrived: asyncio.Future[bytes] = loop.create_future()
    descriptor = sys.stdin.fileno()

    def readable() -> None:
        # The terminal hands over whole lines; a longer paste comes in parts.
        chunk = os.read(descriptor, 65536)
        if not arrived.done():
            arrived.set_result(chunk)

    loop.add_reader(descriptor, readable)
    try:
        with _without_echo(descriptor) if secret else contextlib.nullcontext():
            chunk = await arrived
    finally:
        loop.remove_reader(descriptor)
    if secret:
        sys.stderr.write("\n")
    if not chunk:
        raise EOFError
    return chunk.decode("utf-8", "replace").rstrip("\r\n")


@contextlib.contextmanager
def _without_echo(descriptor: int) -> Iterator[None]:
    import termios

    before = termios.tcgetattr(descriptor)
    quiet = termios.tcgetattr(descriptor)
    quiet[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
