"""The place Health: every check of the doctor as it comes in, what it means, and the fix by a key."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option
from typing_extensions import override

from tassist.config.typed import home_option, with_home
from tassist.doctor.check import State
from tassist.doctor.examine import Examined
from tassist.errors import redact
from tassist.services import doctor
from tassist.text import noun, safe_text
from tassist.tui.messages import Told
from tassist.tui.safe import content
from tassist.tui.screens.place import PlaceScreen
from tassist.tui.widgets.choices import Choices
from tassist.tui.widgets.panels import Says

WORDS: dict[State, tuple[str, str, str]] = {
    State.OK: ("✓", "ok", "$text-success"),
    State.WARNING: ("!", "warning", "$text-warning"),
    State.FAILED: ("✗", "failed", "bold $text-error"),
    State.SKIPPED: ("·", "skipped", "$text-muted"),
    State.WAITING: ("…", "waiting", "bold $text-warning"),
}
"""Glyph, word and style of a state."""

PATIENT_S = 10.0
"""Each check is shown as it comes in, so that a slow one keeps nobody from reading the others."""


class HealthScreen(PlaceScreen):
    """Checks on the left or above, the chosen one's reason and fix beside or below."""

    HELP = """# Health

Every check of `tassist doctor`. **Up** and **Down** choose one; beside it stand the reason and what to do. **f** applies the
fix of the chosen one, where there is a safe one. **r** looks again, **d** looks deeply: it sends 25 MB to the public address."""
    CSS_PATH = str(Path(__file__).parent.parent / "setup" / "health.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "look", "Look again", id="health-look", tooltip="Run every check again"),
        Binding("f", "fix", "Fix", id="health-fix", tooltip="Apply the fix of the chosen check"),
        Binding("n", "next_trouble", "Next trouble", id="health-next", tooltip="To the next check that is not well"),
        Binding("d", "deep", "Deep", show=False, id="health-deep", tooltip="Also send 25 MB and slow deliveries"),
    ]

    @override
    def compose_place(self) -> ComposeResult:
        yield Says(id="health-says")
        with Container(id="health-body"):
            yield Choices(id="checks")
            with VerticalScroll(id="finding", can_focus=True):
                yield Static(id="finding-text")

    def on_mount(self) -> None:
        """Look."""
        self.found: dict[str, Examined] = {}
        self.lit = ""
        self.query_one("#checks").focus()
        self.look()

    @override
    def show_wanted(self, what: str) -> None:
        """A check is asked for."""
        listed = self.query_one("#checks", OptionList)
        ids = [option.id for option in listed.options]
        if what in ids:
            listed.highlighted = ids.index(what)

    # --- looking --------------------------------------------------------------------------------

    def look(self, *, deep: bool = False, first: str = "") -> None:
        """Run every check; each is shown as it comes in."""
        checks = doctor.all_checks()
        self.found = {}
        listed = self.query_one("#checks", OptionList)
        listed.clear_options()
        listed.add_options([Option(_waiting_row(check.title), id=check.id) for check in checks])
        listed.highlighted = next((at for at, check in enumerate(checks) if check.id == first), 0)
        self.query_one("#health-says", Says).say("Looking …")
        home, deadline_s = str(self.desk.home), float(self.desk.options.get("doctor_deadline_s", PATIENT_S))

        def told(item: Examined) -> None:
            self.post_message(Told(partial(self._came_in, item)))

        def read() -> doctor.Report:
            return asyncio.run(doctor.diagnose(home=home, deadline_s=deadline_s, deep=deep, told=told))

        self.in_background("health", read, self._all_in, said="run the checks")

    def _came_in(self, item: Examined) -> None:
        self.found[item.id] = item
        listed = self.query_one("#checks", OptionList)
        listed.replace_option_prompt(item.id, row(item, lit=item.id == self.lit))
        at = listed.highlighted
        if at is not None and listed.get_option_at_index(at).id == item.id:
            self._show(item.id)

    def _all_in(self, report: doctor.Report) -> None:
        for item in report.found:
            self._came_in(item)
        counted = {state: sum(item.finding.state == state for item in report.found) for state in State}
        parts = [
            f"{WORDS[state][0]} {counted[state]} {_counted(state, counted[state])}" for state in State if counted[state]
        ]
        said = "   ".join(parts)
        self.query_one("#health-says", Says).say(said if self.troubled or not self.found else f"{said}   all is well")
        self.refresh_bindings()

    # --- the chosen one ---------------------------------------------------------------------------

    @property
    def chosen(self) -> Examined | None:
        """The check that is highlighted, once it has come in."""
        listed = self.query_one("#checks", OptionList)
        at = listed.highlighted
        return self.found.get(listed.get_option_at_index(at).id or "") if at is not None else None

    @property
    def troubled(self) -> set[str]:
        """The checks that are not well."""
        return {item.id for item in self.found.values() if item.finding.state not in {State.OK, State.SKIPPED}}

    @on(OptionList.OptionHighlighted, "#checks")
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        before, self.lit = self.lit, event.option.id or ""
        for check_id in {before, self.lit} & set(self.found):
            event.option_list.replace_option_prompt(check_id, row(self.found[check_id], lit=check_id == self.lit))
        self._show(event.option.id or "")
        self.refresh_bindings()

    def _show(self, check_id: str) -> None:
        check = next((check for check in doctor.all_checks() if check.id == check_id), None)
        if check is None:
            return
        item = self.found.get(check_id)
        parts = (
            [_finding(item, home_option(self.desk.settings))]
            if item is not None
            else [content(f"{check.title}: looking …", style="bold")]
        )
        parts.append(Content.styled(safe_text(check.explains.replace("`", "")), "$text-muted"))
        self.query_one("#finding-text", Static).content = Content("\n\n").join(parts)
        self.query_one("#finding").scroll_home(animate=False)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "fix" and self.is_mounted:
            chosen = self.chosen
            return True if chosen is not None and chosen.mends else None
        if action == "next_trouble" and self.is_mounted:
            return True if self.troubled else None
        return super().check_action(action, parameters)

    def action_look(self) -> None:
        """Look again."""
        self.look(first=self.chosen.id if self.chosen is not None else "")

    def action_deep(self) -> None:
        """Look deeply."""
        self.look(deep=True, first="way-in")

    def action_next_trouble(self) -> None:
        """To the next one that is not well."""
        listed = self.query_one("#checks", OptionList)
        ids = [check.id for check in doctor.all_checks()]
        start = (listed.highlighted or 0) + 1
        for at in [*range(start, len(ids)), *range(start)]:
            if ids[at] in self.troubled:
                listed.highlighted = at
                return

    def action_fix(self) -> None:
        """Apply the chosen one's fix."""
        chosen = self.chosen
        if chosen is None or not chosen.mends:
            return
        check_id, home = chosen.id, str(self.desk.home)

        def read() -> str:
            return asyncio.run(doctor.mend(check_id, home=home))

        def done(said: str) -> None:
            self.notify(safe_text(said, max_chars=300), title="Fixed", markup=False)
            self.look(first=check_id)

        self.in_background("fix", read, done, said="apply a fix")


def row(item: Examined, *, lit: bool = False) -> Content:
    """A check in the list: its state in a glyph and a word, its title; the chosen one in the cursor's colours alone."""
    glyph, word, style = WORDS[item.finding.state]
    style = "" if lit else style
    return Content.assemble((f" {glyph} {word:<8}", style), safe_text(item.title, max_chars=40))


def _counted(state: State, count: int) -> str:
    return noun(count, "warning") if state is State.WARNING else WORDS[state][1]


def _waiting_row(title: str) -> Content:
    return Content.assemble(("   …       ", "$text-muted"), safe_text(title, max_chars=40))


def _finding(item: Examined, home: str) -> Content:
    glyph, word, style = WORDS[item.finding.state]
    finding = item.finding
    lines = [Content.assemble((f"{glyph} {word}: ", style), (_shown(finding.said), "bold"))]
    if finding.why:
        lines.append(Content.assemble(("why: ", "$text-muted"), _shown(finding.why)))
    if finding.fix:
        lines.append(Content.assemble(("fix: ", "$text-muted"), _shown(with_home(finding.fix, home))))
    if item.mends:
        lines.append(Content.styled(f"f: {_shown(item.mends)}", "bold $text-primary"))
    return Content("\n").join(lines)


def _shown(text: str) -> str:
    return safe_text(redact(text), max_chars=800)
