"""The installer in lines: one event a line, numbered choices, nothing drawn twice; and the installer that asks nothing."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence

from typing_extensions import override

from engine.problems import Problem
from setup_wizard.flow import Ask, Face, Failed, News, Planned, Preview, Signal, Standing, Wait
from setup_wizard.question import NONE, Choice, together
from tassist.cli import diagnostics
from tassist.cli.folding import folded
from tassist.cli.reading import Item, can_pick, pick, read_line
from tassist.text import safe_text

SHOWN = 15
"""Longer lists are shown in part, and searched."""
_WIDEST = 100
"""Longer lines are hard to read."""
_TYPED = 8
"""Columns beside a prompt, for what is typed."""
WORDS = {"back": Signal.BACK, "quit": Signal.LEAVE, "leave": Signal.LEAVE}
_DONE = {Standing.ALREADY: "already so", Standing.APPLIED: "done", Standing.CHECKED: "now"}


class PlainFace(Face):
    """Prompts."""

    def __init__(self, env: Mapping[str, str], *, opens_browser: bool, every_s: float = 10) -> None:
        self._env = env
        self._every_s = every_s
        self._counting: asyncio.Task[None] | None = None
        self._opens_browser = opens_browser
        self._told_how = False
        self._last = ""
        """The question whose text was said last, and nothing since."""

    @override
    async def ask(self, ask: Ask) -> str | Signal:
        self._stop_counting()
        question = ask.question
        if not self._told_how:
            _say("Enter takes what stands in brackets; ? explains, back goes to the question before, Ctrl-C leaves.")
            _say("Whatever is done is kept: tassist setup goes on where you left.")
            self._told_how = True
        if not ask.problems or self._last != question.id:
            # Also one that a step has opened again: what stands above it is old by then.
            _say("")
            _say(f"{ask.stage}, question {ask.number}")
            _say(question.text)
            _say(f"  {question.why}")
            if not self._picks(ask):
                show_choices(question.choices_for(ask.known), many=question.kind == "many")
        self._last = question.id
        diagnostics.problems(ask.problems)
        if self._picks(ask):
            return await self._pick(ask)
        while True:
            line = await self._read(_prompt(ask), secret=question.secret)
            if isinstance(line, Signal):
                return line
            word = line.strip().lower()
            if word.startswith("/") and question.choices_from is not None:
                show_choices(question.choices_for(ask.known), many=question.kind == "many", part=word[1:])
                continue
            if word == "?":
                _say(f"  {question.help}")
                if question.example:
                    _say(f"  example: {question.example}")
                _say(f"  without this question: {question.flag}, {question.env}, or {question.id} in an answers file")
                continue
            if word in WORDS:
                if WORDS[word] == Signal.BACK and not ask.can_go_back:
                    _say("  this is the first question")
                    continue
                return WORDS[word]
            return line if line.strip() or question.secret else _offered(ask)

    def _picks(self, ask: Ask) -> bool:
        """Whether the answer is picked from a list with a search, rather than typed."""
        choices = ask.question.choices_for(ask.known)
        wide = ask.question.kind == "many" or (ask.question.choices_from is not None and len(choices) > SHOWN)
        return wide and bool(choices) and can_pick(self._env)

    async def _pick(self, ask: Ask) -> str | Signal:
        question, offered = ask.question, set((ask.value or ask.default or "").split(","))
        _say(f"  {question.help}")
        items = [
            Item(choice.value, safe_text(choice.label + (f" ({choice.help})" if choice.help else ""), max_chars=100), choice.value in offered)
            for choice in question.choices_for(ask.known)
        ]  # fmt: skip
        several = question.kind == "many"
        found = await pick("Choose", items, several=several)
        if found is None:
            if ask.can_go_back:
                return Signal.BACK
            _say("  this is the first question")
            return await self._pick(ask)
        if not several:
            return found[0]
        if not found and NONE not in {item.value for item in items}:
            _say("  nothing is marked; Space marks what is pointed at")
            return await self._pick(ask)
        return ",".join(together(found, offered)) or NONE

    @override
    async def preview(self, preview: Preview) -> bool | Signal:
        self._over()
        show_preview(preview)
        if preview.dry:
            return True
        while True:
            line = await self._read("Go on? yes, no or back [yes]:")
            if isinstance(line, Signal):
                return line
            word = line.strip().lower()
            if word in {"", "y", "yes"}:
                return True
            if word in {"n", "no", "quit", "leave"}:
                return Signal.LEAVE
            if word == "back":
                return Signal.BACK
            _say("  type yes, no or back")

    @override
    async def wait(self, wait: Wait) -> str | Signal:
        self._over()
        diagnostics.problems(wait.problems)
        if not wait.problems:
            await show_waiting(wait, opens_browser=self._opens_browser, draws=can_pick(self._env))
        accepts = wait.waiting.accepts
        prompt = f"Paste {accepts}:" if accepts else "It goes on by itself; Enter looks at once:"
        if accepts and wait.waiting.by_itself:
            # Said above the prompt, which would be cut in the middle of a word.
            _say(f"  it goes on by itself; otherwise paste {accepts}")
            prompt = "Paste, or just wait:"
        while True:
            line = await self._read(prompt)
            if isinstance(line, Signal):
                return line
            word = line.strip().lower()
            if word in WORDS:
                return WORDS[word]
            if word or not accepts:
                return line

    @override
    async def failed(self, failed: Failed) -> Signal:
        self._over()
        diagnostics.problems(failed.problems)
        while True:
            line = await self._read("Type again, back or quit [again]:")
            if isinstance(line, Signal):
                return line
            word = line.strip().lower()
            if word in {"", "again"}:
                return Signal.AGAIN
            if word in WORDS:
                return WORDS[word]
            _say("  type again (or only Enter) to try once more, back for the question before, quit to leave")

    @override
    async def say(self, news: News) -> None:
        self._over()
        _say(f"{_DONE.get(news.standing, news.standing)}: {safe_text(news.text, max_chars=300)}")

        if news.standing == Standing.CHECKED:
            self._counting = asyncio.create_task(self._count())

    def _over(self) -> None:
        """Something else is said now: a question above is old, and what was counted has ended."""
        self._last = ""
        self._stop_counting()

    def _stop_counting(self) -> None:
        if self._counting is not None:
            self._counting.cancel()
            self._counting = None

    async def _count(self) -> None:
        """Say now and then for how long something has been going on."""
        for number in itertools.count(1):
            await asyncio.sleep(self._every_s)
            _say(f"  still at it, for {number * self._every_s:g} s now")

    async def _read(self, prompt: str, *, secret: bool = False) -> str | Signal:
        # A prompt that is too long for a line would be broken in a word; it leaves room for some of what is typed.
        *above, last = folded(prompt, max(_width() - _TYPED, 1))
        for line in above:
            _say(line)
        try:
            return await read_line(last, secret=secret, env=self._env)
        except EOFError:
            return Signal.LEAVE


class SilentFace(PlainFace):
    """Asks only what the answers file says is to be asked; waits for what only a person can do."""

    def __init__(self, env: Mapping[str, str], *, opens_browser: bool, terminal: bool, wait_s: float) -> None:
        super().__init__(env, opens_browser=opens_browser)
        self._terminal = terminal
        self._wait_s = wait_s

    @override
    async def preview(self, preview: Preview) -> bool | Signal:
        show_preview(preview)
        return True

    @override
    async def wait(self, wait: Wait) -> str | Signal:
        if self._terminal and self._wait_s:
            return await super().wait(wait)
        await show_waiting(wait, opens_browser=self._opens_browser, draws=can_pick(self._env))
        if self._wait_s and not wait.waiting.by_itself:
            _say("  nobody can type here; type the same command at a terminal, and it goes on from there")
            return Signal.LEAVE
        await asyncio.sleep(self._wait_s)
        return Signal.LEAVE

    @override
    async def failed(self, failed: Failed) -> Signal:
        return Signal.LEAVE


def show_choices(choices: Sequence[Choice], *, many: bool, part: str = "") -> None:
    """The numbered choices; of a long list the first ones, or those that hold what is searched for."""
    numbered = [(number, choice) for number, choice in enumerate(choices, 1) if part in choice.label.casefold()]
    for number, choice in numbered[: SHOWN if part or len(choices) > SHOWN else None]:
        more = f" ({choice.help})" if choice.help else ""
        _say(f"  {number}. {safe_text(choice.label, max_chars=100)}{more}")
    if part and not numbered:
        _say(f"  nothing holds {safe_text(part, max_chars=60)}")
    elif len(numbered) > SHOWN:
        _say(f"  … {len(numbered) - SHOWN} more; type / and a part of the name to search")
    if many and not part:
        _say("  several: their numbers or names, separated by commas")


def show_preview(preview: Preview) -> None:
    """Every change of a stage."""
    if not any(planned.found.changes for planned in preview.planned):
        return
    _say("")
    _say(f"{preview.title}: this would change" if preview.dry else f"{preview.title}: this will change")
    for planned in preview.planned:
        for line in preview_lines(planned):
            _say(f"  {line}")


def preview_lines(planned: Planned) -> list[str]:
    """A step's changes, a line for each."""
    lines = []
    for change in planned.found.changes:
        lines.append(f"{safe_text(change.where, max_chars=200)}: {safe_text(change.what, max_chars=400)}")
        lines += [f"    {safe_text(line, max_chars=300)}" for line in change.diff]
    if lines and planned.undo:
        lines.append(f"    to take it back: {diagnostics.typed(planned.undo)}")
    return lines


async def show_waiting(wait: Wait, *, opens_browser: bool, draws: bool) -> None:
    """What a person has to do, with the link alone on its line; a QR code only where somebody sees it."""
    waiting = wait.waiting
    _say("")
    _say(f"waiting for {waiting.for_what}")
    if waiting.short_link and draws:
        from tassist.services.setup.qr import qr_lines

        for line in qr_lines(waiting.short_link, columns=(diagnostics.width() or 0) - 1):
            diagnostics.say(line)
    # Below the code, which takes all the lines of a small terminal.
    if waiting.link:
        diagnostics.say(waiting.link)
    for hint in waiting.hints:
        _say(f"  {hint}")
    if waiting.opens_browser and opens_browser:
        from tassist.services.browser import open_page

        # Beside the loop: the page it asks for may be one that this loop answers.
        opened = await asyncio.to_thread(open_page, waiting.link)
        _say("  your browser has been opened" if opened else "  open the link in your browser")


def _offered(ask: Ask) -> str:
    """What Enter takes: what was said before, unless that was wrong, else the default."""
    return (ask.value if not ask.problems else "") or ask.default or ""


def _prompt(ask: Ask) -> str:
    question = ask.question
    if question.secret:
        return "Answer (it is not shown):"
    offered = _offered(ask)
    shown = safe_text(offered, max_chars=60) if offered else ""
    choices = question.choices_for(ask.known)
    if choices and question.kind == "many":
        return f"Answer [{shown}]:" if shown else "Answer:"
    if choices:
        number = next((str(place) for place, choice in enumerate(choices, 1) if choice.value == offered), "")
        return f"Answer, 1 to {len(choices)}{f' [{number}]' if number else ''}:"
    if not shown and question.example:
        return f"Answer, such as {question.example}:"
    return f"Answer [{shown}]:" if shown else "Answer:"


def _say(text: str) -> None:
    indent = len(text) - len(text.lstrip())
    for line in folded(text, _width(), hang=indent + 2 if indent else 0):
        diagnostics.say(line)


def _width() -> int:
    return min(diagnostics.width() or _WIDEST, _WIDEST)


def left(problems: tuple[Problem, ...], *, go_on: str) -> None:
    """Say why it ended, and the command that goes on."""
    diagnostics.problems(problems)
    said = "what was done is kept; go on with:"
    if len(folded(f"{said} {go_on}", diagnostics.width())) == 1:
        diagnostics.say(f"{said} {go_on}")
        return
    _say(said)
    diagnostics.say(go_on)  # whole on its line, so that it can be copied
