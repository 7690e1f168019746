"""Small panels: problems with what, why and fix; the empty state; the bar of places; a line that says what goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer, Static
from typing_extensions import override

from engine.problems import Problem
from tassist.errors import redact
from tassist.text import safe_text
from tassist.tui.messages import Wanted
from tassist.tui.places import PLACES
from tassist.tui.safe import content
from tassist.tui.widgets.lines import Lines


def problem_content(problem: Problem) -> Content:
    """A problem in the form every face of the product uses, with its first word for those who see no colour."""
    head, *rest = safe_text(redact(str(problem)), newlines=True).split("\n")
    parts = [Content.styled(f"error: {head}", "bold $text-error")]
    parts += [Content.styled(line, "$text") for line in rest]
    return Content("\n").join(parts)


def problems_content(problems: Sequence[Problem]) -> Content:
    """Several of them, with room between."""
    return Content("\n\n").join([problem_content(problem) for problem in problems])


class ProblemPanel(VerticalScroll, can_focus=True):
    """Every problem at once."""

    HELP = "What is wrong, why, and what to do. **c** copies it as a report."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy report", id="copy-report", tooltip="Copy these problems; secrets are blanked out")
    ]

    def __init__(self, problems: Sequence[Problem] = (), *, id: str | None = None) -> None:  # noqa: A002 – Textual's name
        super().__init__(id=id)
        self.problems = tuple(problems)

    @override
    def compose(self) -> ComposeResult:
        yield Lines(problems_content(self.problems), id="problem-text")

    def show(self, problems: Sequence[Problem]) -> None:
        """Show these instead."""
        self.problems = tuple(problems)
        self.query_one("#problem-text", Lines).tell(problems_content(self.problems))

    def action_copy(self) -> None:
        """Copy what is shown, without secrets."""
        self.app.copy_to_clipboard(report(self.problems))


def report(problems: Sequence[Problem]) -> str:
    """Problems as text for a bug report: harmless and without secrets."""
    return "\n\n".join(
        safe_text(redact(f"error: {problem}\n  code: {problem.code}"), newlines=True) for problem in problems
    )


class Empty(Static):
    """Says that there is nothing, why, and what to do about it."""

    def __init__(self, what: str, fix: str = "", *, id: str | None = None) -> None:  # noqa: A002 – Textual's name
        super().__init__(self._content(what, fix), id=id)

    def say(self, what: str, fix: str = "") -> None:
        """Say something else."""
        # Not by `update`: that measures anew before it forgets how high the text before was, whenever the map of the
        # screen happens to be out of date, and the second line is never drawn. So with every text of the app.
        self.content = self._content(what, fix)

    @staticmethod
    def _content(what: str, fix: str) -> Content:
        head = content(what, style="bold")
        return Content("\n").join([head, content(fix)]) if fix else head


class PlaceBar(Widget):
    """Where one is, and the keys that lead elsewhere; only what fits is shown, the present place always."""

    DEFAULT_CSS = "PlaceBar { height: 1; }"
    here: reactive[str] = reactive("")

    @override
    def render(self) -> Content:
        return Content("").join([part for _, parts in self._parts() for part in parts])

    def on_click(self, event: events.Click) -> None:
        """The mouse goes there as well."""
        at = 0
        for place, parts in self._parts():
            at += sum(part.cell_length for part in parts)
            if event.x < at:
                self.post_message(Wanted(place, ""))
                return

    def _parts(self) -> list[tuple[str, list[Content]]]:
        """By place what stands for it, in the longest form that fits."""
        tiers = (
            self._line(" {} {} ", titles=True),
            self._line("{}{} ", titles=True),
            self._line(" {} {} ", titles=False),
        )
        fits = (
            line for line in tiers if sum(part.cell_length for _, parts in line for part in parts) <= self.size.width
        )
        return next(fits, tiers[-1])

    def _line(self, form: str, *, titles: bool) -> list[tuple[str, list[Content]]]:
        found = []
        for place in PLACES:
            parts: list[Content] = []
            found.append((place.id, parts))
            if place.id == self.here:
                # Brackets too, because not everybody sees reverse.
                parts.append(Content.styled(f"[{form.format(place.key, place.title).strip()}]", "bold reverse"))
                parts.append(Content(" ") if not form.startswith(" ") else Content(""))
            else:
                head, _, tail = form.format("\0", place.title if titles else "").partition("\0")
                parts += [Content(head), Content.styled(place.key, "bold"), Content.styled(tail, "dim")]
        return found


class Says(Static):
    """One line that says what goes on: how many, how old, what is being waited for."""

    DEFAULT_CSS = "Says { height: 1; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }"

    def say(self, text: str) -> None:
        """Say it."""
        self.content = content(text, max_chars=500)


class KeyLine(Footer):
    """The keys that do something here; made anew only where they are others than before."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: object = None

    @override
    def bindings_changed(self, screen: Screen[Any]) -> None:
        now = [
            (one.binding.key, one.binding.description, one.enabled)
            for one in screen.active_bindings.values()
            if one.binding.show
        ]
        if now == self._shown and self._bindings_ready:
            return
        super().bindings_changed(screen)
        if screen.app.app_focus:  # without it nothing is made anew now, but at the next change
            self._shown = now
        elif self._shown is None and self.is_attached and screen is self.screen:
            # A page in a browser may not have been clicked at yet: the keys are to be seen all the same.
            self.call_after_refresh(self.recompose)
