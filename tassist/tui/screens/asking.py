"""Questions the app asks: yes or no, one of several, a line of text. Each gives its answer, or nothing on Escape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option
from typing_extensions import override

from tassist.tui.safe import content
from tassist.tui.widgets.choices import Choices
from tassist.tui.widgets.field import Field
from tassist.tui.widgets.lines import Lines
from tassist.tui.widgets.panels import KeyLine


class ConfirmModal(ModalScreen[bool]):
    """Shows what would be done, and asks whether to do it."""

    HELP = "**y** does what is shown, **n** or **Escape** does nothing."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Do it", id="confirm-yes", tooltip="Do what is shown"),
        Binding("n,escape", "answer(False)", "Do nothing", id="confirm-no", tooltip="Change nothing"),
    ]

    def __init__(self, title: str, lines: Sequence[str | Content], *, possible: bool = True) -> None:
        super().__init__()
        self.head = title
        self.lines = [line if isinstance(line, Content) else content(line, max_chars=600) for line in lines]
        self.possible = possible

    @override
    def compose(self) -> ComposeResult:
        with Vertical(classes="modal-box"):
            yield Static(content(self.head, max_chars=300), classes="modal-title")
            with VerticalScroll(id="confirm-lines"):
                yield Lines(Content("\n").join(self.lines))
            yield KeyLine()

    def on_mount(self, event: events.Mount) -> None:
        """Note since when it can be read."""
        self._since = event.time
        self.call_after_refresh(self._stands)

    def _stands(self) -> None:
        self._since = events.Callback(self._stands).time

    def on_key(self, event: events.Key) -> None:
        """What was typed before the question stood there is no answer to it."""
        if event.time < self._since:
            event.stop()

    def action_answer(self, answer: bool) -> None:  # noqa: FBT001 – from a binding
        """Give the answer."""
        _ = self.dismiss(answer and self.possible)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "answer" and parameters == (True,) and not self.possible:
            return None
        return super().check_action(action, parameters)


class ChoiceModal(ModalScreen[str | None]):
    """One of several; each has a name and a sentence."""

    HELP = "Up and down choose, **Enter** takes it, **Escape** takes none."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "none", "Back", id="choose-none", tooltip="Choose nothing")
    ]

    def __init__(self, title: str, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.head = title
        self.choices = choices

    @override
    def compose(self) -> ComposeResult:
        with Vertical(classes="modal-box"):
            yield Static(content(self.head), classes="modal-title")
            yield Choices(*(Option(content(text), id=name) for name, text in self.choices))
            yield KeyLine()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take it."""
        event.stop()
        _ = self.dismiss(event.option.id)

    def action_none(self) -> None:
        """Take none."""
        _ = self.dismiss(None)


class AskModal(ModalScreen[str | None]):
    """A line of text; what is wrong with it is said under it, and nothing is lost."""

    HELP = "**Enter** goes on, **Escape** goes back."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "none", "Back", id="ask-back", tooltip="Leave it, nothing is changed")
    ]

    def __init__(
        self, title: str, *, value: str = "", example: str = "", wrong: Callable[[str], str] = lambda _: ""
    ) -> None:
        """A question.

        Args:
            title: What is asked.
            value: Stands there already.
            example: What an answer looks like.
            wrong: What is wrong with an answer, in words; empty where nothing is.
        """
        super().__init__()
        self.head = title
        self.value = value
        self.example = example
        self.wrong = wrong

    @override
    def compose(self) -> ComposeResult:
        with Vertical(classes="modal-box"):
            yield Static(content(self.head), classes="modal-title")
            yield Field(self.value, placeholder=self.example, id="ask-input")
            yield Static("", id="ask-wrong")
            yield KeyLine()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Check it, and go on."""
        event.stop()
        why = self.wrong(event.value.strip())
        if why:
            self.query_one("#ask-wrong", Static).content = content(f"error: {why}", style="$text-error")
        else:
            _ = self.dismiss(event.value.strip())

    def action_none(self) -> None:
        """Go back."""
        _ = self.dismiss(None)


class TextModal(ModalScreen[None]):
    """A page to read, with keys to copy it."""

    HELP = "Up and down scroll. **c** copies everything, **Escape** closes."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", id="close-text", tooltip="Back to where you were"),
        Binding("c", "copy", "Copy", id="copy-text", tooltip="Copy everything that is shown"),
    ]

    def __init__(self, title: str, lines: Sequence[Content], *, copied: str = "") -> None:
        super().__init__()
        self.head = title
        self.lines = lines
        self.copied = copied or "\n".join(line.plain for line in lines)

    @override
    def compose(self) -> ComposeResult:
        with Vertical(classes="modal-box"):
            yield Static(content(self.head, max_chars=300), classes="modal-title")
            with VerticalScroll(id="text-lines"):
                yield Lines(Content("\n").join(self.lines))
            yield KeyLine()

    def on_mount(self) -> None:
        """Let it be scrolled at once."""
        self.query_one("#text-lines").focus()

    def action_copy(self) -> None:
        """Copy it."""
        self.app.copy_to_clipboard(self.copied)
        self.notify("Copied; a terminal may keep what was copied.", markup=False)

    def action_close(self) -> None:
        """Close it."""
        _ = self.dismiss()
