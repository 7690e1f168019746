"""A command of the command line, run from here: a line to type, what it may be told beside it, and what it says."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Log, OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import Worker
from typing_extensions import override

from tassist.errors import redact
from tassist.text import safe_text
from tassist.tui.commands import NOT_RUN, Offer, form_of, offers
from tassist.tui.desk import Desk
from tassist.tui.safe import content
from tassist.tui.widgets.choices import Choices
from tassist.tui.widgets.field import Field
from tassist.tui.widgets.panels import KeyLine, Says

if TYPE_CHECKING:
    from tassist.opening import Form

_MOST_LINES = 5_000
_ENDS = {
    0: "done",
    1: "it did not work",
    2: "the line says too little or something wrong; of a command that compares: there are differences",
    3: "it worked, and found something that wants attention",
    4: "credentials or a permission are missing",
    5: "GitHub, the network or the disk is not available",
    8: "it waits for a person; where it asks, --yes agrees",
    130: "stopped",
}


class CommandModal(ModalScreen[None]):
    """Types nothing by itself: what is chosen is added to the line, and Enter runs it."""

    HELP = """# A command

**Enter** runs the line. **Tab** goes to what may be added to it, and **Enter** there adds it. **Escape** stops what runs, then closes.

It is the command of the command line itself, run with the folder of this console. It cannot ask: add `--yes` where it says so."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Stop or close", id="command-leave", tooltip="Stop what runs; then close"),
        Binding("ctrl+y", "copy", "Copy", id="command-copy", tooltip="Copy everything it said"),
    ]

    def __init__(self, desk: Desk, verb: str) -> None:
        super().__init__()
        self.desk = desk
        self.verb = verb
        self.forms: Sequence[Form] = ()
        self.offered: list[Offer] = []
        self.code: int | None = None
        """Of the last run; ``None`` before its end."""
        self._run: Worker[None] | None = None

    @override
    def compose(self) -> ComposeResult:
        with Vertical(classes="modal-box modal-tall"):
            yield Static("", id="command-help", classes="modal-title")
            yield Field(f"{self.verb} ", id="command-line", select_on_focus=False)
            yield Choices(id="command-offers")
            yield Says("", id="command-said")
            yield Log(max_lines=_MOST_LINES, id="command-output")
            yield KeyLine()

    def on_mount(self) -> None:
        """Read what the verb may be told."""
        self.query_one("#command-line").focus()
        self.run_worker(self._load(), name="command-forms", group="command-forms", description="read the options")

    async def _load(self) -> None:
        self.forms = await asyncio.to_thread(self.desk.forms, self.verb)
        self._offer()

    # --- the line -----------------------------------------------------------------------------

    def words(self) -> list[str]:
        """The words of the line; ``tassist`` before them is tolerated.

        Raises:
            ValueError: a quotation mark is not closed.
        """
        words = shlex.split(self.query_one("#command-line", Input).value)
        return words[1:] if words[:1] == ["tassist"] else words

    def _offer(self) -> None:
        try:
            words = self.words()
        except ValueError:
            return
        form = form_of(self.forms, words)
        said = f"tassist {' '.join(form.words)}: {form.help}" if form else f"tassist {self.verb}"
        self.query_one("#command-help", Static).content = content(said, max_chars=300)
        listed = self.query_one("#command-offers", OptionList)
        self.offered = offers(self.forms, words)
        listed.clear_options()
        listed.add_options([Option(content(f"{one.shown:<26} {one.help}", max_chars=200)) for one in self.offered])

    def on_input_changed(self, event: Input.Changed) -> None:
        """Offer what fits the line."""
        event.stop()
        self._offer()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say all of what the list has no room for."""
        event.stop()
        if event.option_list.has_focus and not self.busy:
            one = self.offered[event.option_index]
            self._say(f"{one.shown}: {one.help}")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Add it, and go on typing."""
        event.stop()
        line = self.query_one("#command-line", Input)
        adds = self.offered[event.option_index].adds
        if adds:
            line.value = f"{line.value.rstrip()} {adds} "
        line.focus()
        line.cursor_position = len(line.value)

    # --- running ------------------------------------------------------------------------------

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Run it."""
        event.stop()
        if self.busy:
            self._say("it still runs: escape stops it")
            return
        try:
            words = self.words()
        except ValueError:
            self._say("error: a quotation mark is not closed")
            return
        verb = words[0] if words else ""
        if verb in NOT_RUN or verb not in {one.name for one in self.desk.verbs}:
            self._say(f"error: {NOT_RUN.get(verb, f'there is no command {verb!r}')}")
            return
        self.query_one("#command-output", Log).clear()
        self.code = None
        self._say("running …")
        self._run = self.run_worker(
            self._follow(words),
            name="command-run",
            group="command-run",
            description="run a command",
            exit_on_error=False,
        )

    @property
    def busy(self) -> bool:
        """Whether a command is under way."""
        return self._run is not None and not self._run.is_finished

    async def _follow(self, words: Sequence[str]) -> None:
        from tassist.tui.child import run

        output = self.query_one("#command-output", Log)
        width = max(output.size.width - 2, 40)
        home = {
            "TASSIST_HOME": str(self.desk.home.absolute()),
            "TASSIST_PLAIN": "1",
            "NO_COLOR": "1",
            "COLUMNS": str(width),
        }

        def told(line: str) -> None:
            output.write_line(safe_text(redact(line), max_chars=2_000))

        try:
            self.code = await run(words, home, told)
        except asyncio.CancelledError:
            self._say("stopped")
            raise
        self._say(f"exit code {self.code}: {_ENDS.get(self.code, 'ended by a signal')}")

    def _say(self, text: str) -> None:
        if self.is_attached:
            self.query_one("#command-said", Says).say(text)

    def action_leave(self) -> None:
        """Stop what runs; where nothing does, close."""
        if self.busy and self._run is not None:
            self._run.cancel()
        else:
            _ = self.dismiss()

    def action_copy(self) -> None:
        """Copy what it said."""
        self.app.copy_to_clipboard("\n".join(self.query_one("#command-output", Log).lines))
        self.notify("Copied; a terminal may keep what was copied.", markup=False)
