"""The log: a file of any size from its end, followed until one scrolls, searched both ways."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.widgets import Input
from typing_extensions import override

from engine.problems import Problem
from tassist.config.env import environment
from tassist.text import noun
from tassist.tui.desk import Desk
from tassist.tui.places import Place
from tassist.tui.safe import content, size
from tassist.tui.screens.asking import AskModal, TextModal
from tassist.tui.screens.place import PlaceScreen
from tassist.tui.widgets.field import Field
from tassist.tui.widgets.panels import Empty, ProblemPanel, Says
from tassist.tui.widgets.rows import Column, Mark, Row, Rows

if TYPE_CHECKING:
    from tassist.services.log_file import Line

PAGE = 300
_LEVELS: tuple[tuple[str, Mark], ...] = (("error: ", "bad"), ("critical: ", "bad"), ("warning: ", "wait"))


@dataclass(frozen=True, slots=True)
class _Loaded:
    """Lines that were read."""

    lines: tuple[Line, ...]
    state: tuple[int, int]
    at: int
    """Where the cursor goes; negative counts from the end."""
    follows: bool


class LogScreen(PlaceScreen):
    """What the service says."""

    HELP = """# Log

The last line is followed as long as the cursor is on it; **t** goes back there. **/** looks for a word, **n** and **N** for the next
one after and before. **Enter** shows a line whole, **e** opens the file in `$PAGER`, **o** opens another file."""
    BINDINGS: ClassVar[list[BindingType]] = [
        # Priority: what is typed right after it, in one burst over a slow line, is for the field and for no other key.
        Binding("slash", "search", "Search", priority=True, id="search-log", tooltip="A word to look for"),
        Binding("n", "next(True)", "Next", show=False, id="next-hit", tooltip="The next line that holds it"),
        Binding("N", "next(False)", "Before", show=False, id="hit-before", tooltip="The line before that holds it"),
        Binding("t", "tail", "Newest", id="tail-log", tooltip="Back to the last line, and follow it"),
        Binding("e", "pager", "Pager", id="log-in-pager", tooltip="Open the file in $PAGER"),
        Binding("o", "open", "Open", show=False, id="open-log", tooltip="Open another file"),
        Binding("escape", "close_search", "Close", show=False, id="close-search", tooltip="Close the search"),
    ]

    def __init__(self, place: Place, desk: Desk) -> None:
        super().__init__(place, desk)
        self.path: Path | None = None
        self.lines: tuple[Line, ...] = ()
        self.state = (0, 0)
        self.follows = True
        self.word = ""
        self.waiting = 0

    @override
    def compose_place(self) -> ComposeResult:
        yield Says("", id="log-said")
        yield Field(placeholder="a word; n and N go on", id="log-word")
        yield ProblemPanel(id="log-problem")
        yield Empty("", id="log-empty")
        yield Rows(Column("log", 0), id="log-rows")

    def on_mount(self) -> None:
        """Open the service's log."""
        for name in ("#log-word", "#log-problem", "#log-empty"):
            self.query_one(name).display = False
        self.query_one(Rows).focus()
        self._tick()
        self.every_tick(self._tick)

    def _tick(self) -> None:
        from tassist.services.log_file import LogFile, log_in

        if self.path is None:
            self.path = log_in(self.desk.home)
            empty = self.query_one("#log-empty", Empty)
            empty.display = self.path is None
            self.query_one(Rows).display = self.path is not None
            if self.path is None:
                serve = self.desk.command("serve")
                fix = f"A service in this app writes one ({serve} in a terminal); o opens any file, such as a journal's"
                empty.say(f"There is no log in {self.desk.home}", fix)
                return
            self.load("end")
            return
        if self.is_looking("log-page"):
            return
        path, known = self.path, self.state

        def read() -> tuple[tuple[int, int], int]:
            file = LogFile(path)
            state = file.state()
            fresh = file.lines_after(known[1]) if state[0] == known[0] and state[1] > known[1] else 0
            return state, fresh

        def show(found: tuple[tuple[int, int], int]) -> None:
            state, fresh = found
            if state == self.state:
                return
            replaced = state[0] != self.state[0] or state[1] < self.state[1]
            if self.follows or replaced:
                self.load("end", by_itself=not replaced)
            else:
                self.waiting = fresh
                self._say()

        try:
            changed = LogFile(path).state() != known
        except Exception:  # noqa: BLE001 – the reading below says what is wrong
            changed = True
        if changed:
            self.in_background("log-tick", read, show, said="looking for new lines", quiet=True)

    # --- pages --------------------------------------------------------------------------------

    def load(
        self,
        way: Literal["end", "begin", "older", "newer"],
        *,
        around: int | None = None,
        by_itself: bool = False,
    ) -> None:
        """Read lines.

        Args:
            way: The last, the first, the ones before or after those shown.
            around: Those around this place instead.
            by_itself: Nobody asked for it; it is not shown to a person who has moved meanwhile.
        """
        from tassist.services.log_file import LogFile

        path, lines, under = self.path, self.lines, self.query_one(Rows).key
        if path is None:
            return

        def read() -> _Loaded:
            file = LogFile(path)
            state = file.state()
            if around is not None:
                head = file.before(around, PAGE // 2)
                return _Loaded((*head, *file.after(around, PAGE // 2)), state, len(head), follows=False)
            if way == "begin":
                return _Loaded(tuple(file.after(0, PAGE)), state, 0, follows=False)
            if way == "older" and lines:
                found = file.before(lines[0].at, PAGE)
                return _Loaded(tuple(found) or lines, state, -1 if found else 0, follows=False)
            if way == "newer" and lines:
                found = file.after(lines[-1].end, PAGE)
                if len(found) == PAGE:
                    return _Loaded(tuple(found), state, 0, follows=False)
            return _Loaded(tuple(file.before(None, PAGE)), state, -1, follows=True)

        def show(loaded: _Loaded) -> None:
            if not by_itself or self.query_one(Rows).key == under:
                self._show(loaded)

        self.in_background("log-page", read, show, said="reading the log", quiet=True)

    def _show(self, loaded: _Loaded) -> None:
        self.query_one("#log-problem").display = False
        self.lines, self.follows = loaded.lines, loaded.follows
        self.state = (loaded.state[0], self.lines[-1].end if loaded.follows and self.lines else loaded.state[1])
        self.waiting = 0
        self.query_one(Rows).fill(self._rows(), keep=False, at=loaded.at)
        self._say()

    def _rows(self) -> list[Row]:
        word = self.word.casefold()
        rows = []
        for line in self.lines:
            said = line.sentence
            mark: Mark = next((one for level, one in _LEVELS if level in said[:24]), "")
            if word:
                mark = "good" if word in line.text.casefold() else "dim"
            rows.append(Row(line.at, (said,), mark))
        return rows

    def _say(self) -> None:
        parts = [f"{self.path}", size(self.state[1])]
        if self.waiting:
            parts.append(
                f"{self.waiting}{'+' if self.waiting >= 1000 else ''} new {noun(self.waiting, 'line waits', 'lines wait')}: t shows {noun(self.waiting, 'it', 'them')}"
            )
        else:
            parts.append("following" if self.follows else "stopped: t follows again")
        if self.word:
            parts.append(f"looking for {self.word}: n, N")
        self.query_one("#log-said", Says).say(" · ".join(parts))

    def on_rows_highlighted(self, event: Rows.Highlighted) -> None:
        """Off the last line nothing is followed."""
        event.stop()
        at_end = bool(self.lines) and event.row.key == self.lines[-1].at
        if self.follows != at_end and (not at_end or (self.lines and self.lines[-1].end >= self.state[1])):
            self.follows = at_end
            self._say()

    def on_rows_edge_reached(self, event: Rows.EdgeReached) -> None:
        """More lines."""
        event.stop()
        self.load({"top": "older", "bottom": "newer", "first": "begin", "last": "end"}[event.edge])  # type: ignore[arg-type]  # one of four

    # --- what one does ------------------------------------------------------------------------

    def on_rows_opened(self, event: Rows.Opened) -> None:
        """A line whole; a record laid out."""
        event.stop()
        line = next((one for one in self.lines if one.at == event.row.key), None)
        if line is not None:
            _ = self.app.push_screen(TextModal("A line of the log", [content(one) for one in laid_out(line.text)]))

    def action_search(self) -> None:
        """Ask for a word."""
        field = self.query_one("#log-word", Input)
        field.display = True
        self.set_focus(field)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "search":
            return not isinstance(self.focused, Input)
        return super().check_action(action, parameters)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Look for it, backwards from the cursor."""
        event.stop()
        self.action_close_search()
        self.word = event.value.strip()
        self.query_one(Rows).fill(self._rows())
        self._say()
        self.action_next(forward=False, here=True)

    def action_close_search(self) -> None:
        """Close the field; with none open, forget the word."""
        field = self.query_one("#log-word", Input)
        if field.display:
            field.display = False
            self.query_one(Rows).focus()
        elif self.word:
            self.word = ""
            self.query_one(Rows).fill(self._rows())
            self._say()

    def action_next(self, forward: bool, *, here: bool = False) -> None:  # noqa: FBT001 – from a binding
        """The next line that holds the word."""
        from tassist.services.log_file import LogFile

        row, path, word = self.query_one(Rows).row, self.path, self.word
        line = next((one for one in self.lines if row is not None and one.at == row.key), None)
        if line is None or path is None or not word:
            return
        place = line.end if forward or here else line.at

        def show(found: int | None) -> None:
            if found is None:
                self.notify(f"No line {'after' if forward else 'before'} this one holds it.", markup=False)
                return
            index = next((index for index, one in enumerate(self.lines) if one.at == found), None)
            if index is None:
                self.load("end", around=found)
            else:
                self.query_one(Rows).cursor = index

        self.in_background(
            "log-find", lambda: LogFile(path).find(word, place, forward=forward), show, said="searching the log"
        )

    def action_tail(self) -> None:
        """The last line."""
        self.load("end")

    def action_open(self) -> None:
        """Ask for a file."""

        def wrong(text: str) -> str:
            return "" if Path(text).expanduser().is_file() else "there is no such file"

        def go_on(text: str | None) -> None:
            if text:
                self.path = Path(text).expanduser()
                self.query_one("#log-empty").display = False
                self.query_one(Rows).display = True
                self.load("end")

        _ = self.app.push_screen(AskModal("Which file?", value=str(self.path or ""), wrong=wrong), go_on)

    def action_pager(self) -> None:
        """Open the file in the person's pager."""
        if self.path is None:
            return
        command = [*shlex.split(environment().get("PAGER") or "less"), str(self.path)]
        try:
            with self.app.suspend():
                subprocess.run(command, check=False)
        except SuspendNotSupported:
            self.notify("Not in a browser.", markup=False)
        except OSError as error:
            self.notify(content(f"{command[0]}: {error.strerror}").plain, severity="error", markup=False)

    @override
    def problems_found(self, name: str, problems: Sequence[Problem]) -> None:
        if name.startswith("log-"):
            panel = self.query_one("#log-problem", ProblemPanel)
            panel.show(problems)
            panel.display = True


def laid_out(text: str) -> list[str]:
    """A line as one reads it whole."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False).split("\n")
    except (ValueError, RecursionError):
        return [text]
