"""Reads a line from a person: with questionary at a capable terminal, plainly for screen readers; both can be interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tassist.cli.folding import folded


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
    if not _moves_cursor(env):
        return await _plainly(prompt, secret=secret)
    import questionary
    from prompt_toolkit.output.defaults import create_output

    ask = questionary.password if secret else questionary.text
    question = ask(prompt, qmark="", output=create_output(stdout=sys.stderr))
    answer = await question.unsafe_ask_async()
    return str(answer)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a list."""

    value: str
    label: str
    marked: bool = False


def can_pick(env: Mapping[str, str]) -> bool:
    """Whether a list can be drawn and moved in; otherwise names and numbers are typed."""
    return _moves_cursor(env)


async def pick(prompt: str, items: Sequence[Item], *, several: bool) -> list[str] | None:
    """Choose from a list with a search: the values, or ``None`` where Escape was pressed.

    Args:
        prompt: Above the list.
        items: In order; those marked are chosen already, or where one is chosen, pointed at.
        several: Any number may be chosen, with the space bar; otherwise Enter takes one.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    import questionary
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.keys import Keys
    from prompt_toolkit.output.defaults import create_output

    out = create_output(stdout=sys.stderr)
    choices = [questionary.Choice(item.label, item.value, checked=several and item.marked) for item in items]
    first = next((choice for choice, item in zip(choices, items, strict=True) if item.marked), None)
    keys = f"(type to search, {'Space marks, Enter goes on' if several else 'Enter takes one'}, Escape goes back)"
    columns = out.get_size().columns
    # On a line of their own where they do not fit beside the prompt: the library would break them in a word.
    beside = len(f" {prompt} {keys}") < columns
    instruction = keys if beside else "".join(f"\n {line}" for line in folded(keys, columns - 2))
    if several:
        question = questionary.checkbox(
            prompt, choices, qmark="", initial_choice=first, use_search_filter=True, use_jk_keys=False,
            instruction=instruction, output=out,
        )  # fmt: skip
    else:
        question = questionary.select(
            prompt, choices, qmark="", default=first, use_search_filter=True, use_jk_keys=False,
            instruction=instruction, output=out,
        )  # fmt: skip
    bindings = question.application.key_bindings
    assert isinstance(bindings, KeyBindings)

    @bindings.add(Keys.Escape, eager=True)
    def _back(event: KeyPressEvent) -> None:
        event.app.exit(result=None)

    answer = await question.unsafe_ask_async()
    return answer if answer is None or several else [answer]


def _moves_cursor(env: Mapping[str, str]) -> bool:
    return not env.get("ACCESSIBLE") and env.get("TERM", "dumb") != "dumb" and sys.platform != "win32"


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
    except asyncio.CancelledError:
        sys.stderr.write("\n")
        raise
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
