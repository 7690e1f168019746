"""A field for a secret: shown as dots, never copied, never in a picture."""

from __future__ import annotations

from textual.actions import SkipAction
from typing_extensions import override

from tassist.tui.widgets.field import Field


class SecretInput(Field):
    """Masks what is typed; copying and cutting, which would hand the clear text to the terminal, do nothing."""

    HELP = "What is typed here is shown as dots. It cannot be copied or cut; paste with the terminal's own keys."

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 – Textual's name
        super().__init__(password=True, id=id, select_on_focus=False)

    @override
    def action_copy(self) -> None:
        """Nothing: a secret does not go to the clipboard."""
        raise SkipAction  # as where nothing is selected: the person is told how to leave

    @override
    def action_cut(self) -> None:
        """Nothing, and what was typed stays."""
