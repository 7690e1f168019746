"""Every verb of the command line runs in the console with everything it may be told, or says why not; its words are harmless."""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from textual.widgets import Input, Log, OptionList, Static

from tassist.cli.forms import forms_of
from tassist.cli.registry import VERBS
from tassist.tui.app import TassistApp
from tassist.tui.commands import NOT_RUN, NOT_TOLD, REACH, form_of, offers
from tassist.tui.screens.asking import TextModal
from tassist.tui.screens.command import CommandModal
from tests.support.console import asked, assert_harmless, console, hostile, settled, typical


def commands(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            below = command.get_command(click.Context(command), name)
            assert below is not None
            yield from commands(below, (*words, name))


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS if verb.name not in NOT_RUN])
def test_every_command_and_every_option_is_offered_or_has_a_reason_not_to_be(verb: str) -> None:
    module = next(one.module for one in VERBS if one.name == verb)
    forms = forms_of(verb)
    for words, command in commands(importlib.import_module(module).command, (verb,)):
        shown = {one.shown.split(" ")[0] for one in offers(forms, words)}
        options = {max(one.opts, key=len) for one in command.params if isinstance(one, click.Option)}
        if isinstance(command, click.Group):
            assert set(command.commands) <= shown
            if not command.invoke_without_command:
                continue
        assert options - set(NOT_TOLD) <= shown, words
        arguments = [one for one in command.params if isinstance(one, click.Argument)]
        assert len([one for one in offers(forms, words) if not one.adds]) == len(arguments), words


def test_what_is_not_run_here_has_a_reason_and_a_place_where_it_has_one() -> None:
    assert set(NOT_RUN) < {verb.name for verb in VERBS}
    assert all(len(reason) > 40 for reason in NOT_RUN.values())
    assert {"setup", "serve", "console"} <= set(REACH)
    assert all(len(reason) > 30 for reason in NOT_TOLD.values())


def test_a_line_belongs_to_the_longest_command_it_begins_with() -> None:
    forms = forms_of("migrate")

    found = form_of(forms, ["migrate", "shadow", "start", "acme/shop", "--days", "3"])

    assert found is not None
    assert found.words == ("migrate", "shadow", "start")
    assert form_of(forms, ["nothing"]) is None


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def opened(app: TassistApp, verb: str) -> CommandModal:
    await app.run_verb(verb)
    await settled(app)
    assert isinstance(app.screen, CommandModal)
    return app.screen


async def ended(app: TassistApp, screen: CommandModal) -> str:
    await until(lambda: screen.code is not None)
    await settled(app)
    return "\n".join(screen.query_one("#command-output", Log).lines)


async def test_a_command_is_put_together_by_keys_runs_and_what_it_says_is_harmless(home: Path) -> None:
    hostile(home)
    app = console(home)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, "deliveries")
        await pilot.press("tab")
        listed = screen.query_one("#command-offers", OptionList)
        assert app.focused is listed
        listed.highlighted = next(at for at, one in enumerate(screen.offered) if one.adds == "list")
        await pilot.press("enter")
        await settled(app)
        assert screen.query_one("#command-line", Input).value == "deliveries list "
        assert "--limit" in {one.adds for one in screen.offered}
        await pilot.press(*"--limit", "space", "3", "enter")
        said = await ended(app, screen)

        assert screen.code == 0
        assert len(said.splitlines()) == 1 + 3
        assert_harmless(app)
        await pilot.press("escape")
        await settled(app)
        assert app.screen.id == "place-home"


async def test_a_wrong_line_says_what_is_wrong_and_keeps_what_was_typed(home: Path) -> None:
    typical(home)
    app = console(home)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, "rules")
        line = screen.query_one("#command-line", Input)
        for typed, expected in (
            ('rules "open', "a quotation mark is not closed"),
            ("serve --poll", "start it in a terminal"),
            ("rm -rf /", "there is no command 'rm'"),
        ):
            line.value = typed
            await pilot.press("enter")
            await settled(app)
            assert expected in str(screen.query_one("#command-said").render())
            assert line.value == typed
        line.value = "rules list --nonsense"
        await pilot.press("enter")
        assert "No such option" in await ended(app, screen)
        assert screen.code == 2


async def test_escape_stops_what_runs_and_closes_only_afterwards(home: Path, tmp_path: Path) -> None:
    typical(home)
    pipe = tmp_path / "never"
    os.mkfifo(pipe)
    app = console(home)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, "run")
        screen.query_one("#command-line", Input).value = f"run {pipe} --event issues"
        await pilot.press("enter")
        await until(lambda: screen.busy)
        await pilot.press("escape")
        await until(lambda: not screen.busy)
        assert app.screen is screen
        assert screen.code is None

        await pilot.press("escape")
        await settled(app)
        assert app.screen is not screen


async def test_a_verb_that_is_not_run_here_says_why(home: Path) -> None:
    app = console(home)
    async with app.run_test(size=(80, 24)):
        await app.run_verb("demo")
        await asked(app, TextModal)

        assert isinstance(app.screen, TextModal)
        assert app.screen.copied == "tassist demo"
        assert "type tassist demo in a terminal" in app.screen.lines[1].plain


async def test_each_offer_is_one_line_and_what_is_cut_of_it_is_said_in_full(home: Path) -> None:
    app = console(home)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, "deliveries")
        listed = screen.query_one("#command-offers", OptionList)
        assert listed.virtual_size.height == len(screen.offered)
        await pilot.press("tab", "down")
        await settled(app)
        assert listed.highlighted is not None
        one = screen.offered[listed.highlighted]

        assert f"{one.shown}: {one.help}" == str(screen.query_one("#command-said", Static).content)
