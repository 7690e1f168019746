"""The configuration: checked as one types, tried over history before it is saved, with what would differ and consent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import TextArea
from typing_extensions import override

from engine.problems import Problem, ProblemError
from tassist.errors import problems_of
from tassist.text import noun, safe_text
from tassist.tui.desk import Desk
from tassist.tui.messages import Troubled
from tassist.tui.places import Place
from tassist.tui.safe import content
from tassist.tui.screens.asking import AskModal, ConfirmModal, TextModal
from tassist.tui.screens.place import PlaceScreen
from tassist.tui.widgets.lines import Lines
from tassist.tui.widgets.panels import Says, problems_content

if TYPE_CHECKING:
    from tassist.services.config_trial import Trial

FILE = ".github/task-assistant.yml"
_REST_S = 0.4
"""Checked when nobody has typed for so long."""
_WAYS = (
    ("f2", "opens a file of this machine"),
    ("f3", "reads a repository's own from GitHub, to be looked at and tried"),
    ("f6", "shows every rule there is, with its explanation"),
)
_WITHOUT = ("tassist config init, started in a checkout, writes a first one.",)


class RulesScreen(PlaceScreen):
    """An editor with what is wrong beside it."""

    HELP = """# Rules and configuration

**F2** opens a file, **F3** reads a repository's own from GitHub (to be looked at and tried; it is saved there by a pull request).

What is wrong is listed as you type. **F5** tries what you changed over recorded history: what would have differed. **Ctrl+S** does
the same and then asks whether to save. **Escape** leaves the editor, so that digits go to places again."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "open", "Open", id="open-config", tooltip="Open a configuration file"),
        Binding("f3", "from_github", "From GitHub", show=False, id="config-from-github",
                tooltip="Read a repository's configuration, with a token that cannot write"),
        Binding("f5", "simulate", "Try", id="try-config", tooltip="What the change would have done to recorded history"),
        Binding("ctrl+s", "save", "Save", id="save-config", tooltip="Try it, show what differs, ask, then save"),
        Binding("f6", "show_rules", "Rules", id="show-rules", tooltip="The rules in the order they are asked"),
        Binding("f7", "values", "Values", show=False, id="show-values", tooltip="Every value in force, and its line"),
        Binding("escape", "leave_editor", "Leave editor", show=False, id="leave-editor",
                tooltip="Take the focus out of the editor"),
    ]  # fmt: skip

    def __init__(self, place: Place, desk: Desk) -> None:
        super().__init__(place, desk)
        self.path: Path | None = None
        self.source = ""
        """Where the text is from, for people."""
        self.before = ""
        """As it was read."""
        self._loaded = ""
        """The same as the editor has it: without what could act on a terminal."""
        self.problems: tuple[Problem, ...] = ()
        self._resting: Timer | None = None

    @override
    def compose_place(self) -> ComposeResult:
        yield Says("", id="rules-said")
        with Horizontal(id="rules-body"):
            yield TextArea("", id="rules-text", show_line_numbers=True, tab_behavior="focus")
            with VerticalScroll(id="rules-wrong", classes="pane") as pane:
                pane.border_title = "Check"
                yield Lines(id="rules-wrong-text")

    def on_mount(self) -> None:
        """Open the configuration of the current folder, where there is one."""
        wanted = Path(str(self.desk.options.get("config", "") or FILE))
        self.query_one("#rules-wrong").focus()
        if wanted.is_file():
            self.open(wanted)
        else:
            self.query_one("#rules-text").display = False  # nothing to type into
            self._say(f"There is no {FILE} here")
            ways = [f"{key:<4}{what}" for key, what in _WAYS]
            lines = ["No configuration is open", "", *ways, "", *_WITHOUT]
            self.query_one("#rules-wrong-text", Lines).tell(Content("\n").join([content(line) for line in lines]))

    def open(self, path: Path) -> None:
        """Open a file."""
        from tassist.services.config_trial import read_config

        path = path.expanduser()

        def show(text: str) -> None:
            self.path = path
            self.take(text, str(path))

        self.in_background("rules-open", lambda: read_config(path), show, said="reading a configuration")

    def take(self, text: str, source: str) -> None:
        """Show a configuration."""
        self.before, self.source = text, source
        area = self.query_one("#rules-text", TextArea)
        area.display = True
        area.load_text(safe_text(text, max_chars=2_000_000, newlines=True))
        self._loaded = area.text
        area.focus()
        self._check()

    @property
    def text(self) -> str:
        """As it is in the editor."""
        return self.query_one("#rules-text", TextArea).text

    @property
    def is_changed(self) -> bool:
        """Whether it differs from what was read."""
        return self.text != self._loaded

    def on_text_area_changed(self) -> None:
        """Check it once nobody types."""
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(_REST_S, self._check)

    def _check(self) -> None:
        from tassist.services.config_trial import problems_in

        text, name = self.text, self.source or FILE
        self.in_background(
            "rules-check", lambda: problems_in(text, name=name), self._show_problems, said="checking", quiet=True
        )

    def _show_problems(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        if problems:
            text = problems_content(problems[:100])
        else:
            text = content("valid: nothing is wrong with it" if self.source else "")
        self.query_one("#rules-wrong-text", Lines).tell(text)
        found = f"{len(problems)} {noun(len(problems), 'problem')}" if problems else "valid"
        state = "changed, not saved" if self.is_changed else "as it was read"
        # What a long name would push out of a narrow line stands first.
        self._say(f"{found} · {state} · {self.source}" if self.source else found)

    def _say(self, text: str) -> None:
        self.query_one("#rules-said", Says).say(text)

    # --- what one does ------------------------------------------------------------------------

    def action_leave_editor(self) -> None:
        """Out of the editor."""
        self.query_one("#rules-wrong").focus()

    @work(exclusive=True, group="rules-act", exit_on_error=False, description="opening a configuration")
    async def action_open(self) -> None:
        """Ask for a file; what was changed is not dropped without asking."""
        if not await self._may_drop():
            return

        def wrong(text: str) -> str:
            return "" if Path(text).expanduser().is_file() else "there is no such file"

        path = await self.app.push_screen_wait(AskModal("Which file?", value=str(self.path or FILE), wrong=wrong))
        if path:
            self.open(Path(path))

    @work(exclusive=True, group="rules-act", exit_on_error=False, description="reading a repository's configuration")
    async def action_from_github(self) -> None:
        """Read a repository's configuration from GitHub."""
        import asyncio

        from tassist.services.config_trial import from_github

        if not await self._may_drop():
            return
        repo = await self.app.push_screen_wait(
            AskModal("Of which repository?", value=await asyncio.to_thread(self._last_repo), example="owner/name")
        )
        if not repo:
            return
        self._say(f"asking GitHub for the configuration of {repo} …")
        try:
            async with self.desk.github(dry=True) as connection:
                text, source = await from_github(connection, repo)
        except (ProblemError, OSError) as error:
            self.post_message(Troubled("rules-github", problems_of(error)))
            return
        self.path = None
        self.take(text, source)

    def _last_repo(self) -> str:
        """Runs in a thread; the one most likely meant: where an issue was looked at last."""
        if not self.desk.has_journal():
            return ""
        return next((run.repo for run in self.desk.journal().browse.recent_issues(limit=1).runs), "")

    async def _may_drop(self) -> bool:
        if not self.is_changed or not self.source:
            return True
        return await self.app.push_screen_wait(ConfirmModal("Drop what was changed?", [self.source]))

    def action_simulate(self) -> None:
        """Try it."""

        def show(trial: Trial) -> None:
            from tassist.services.config_trial import in_words

            lines = [content(line, max_chars=400) for line in in_words(trial)]
            _ = self.app.push_screen(TextModal("What the change would have done", lines))

        if self._is_open():
            self.in_background("rules-try", self._trial, show, said="trying a configuration over history")

    def _trial(self) -> Trial:
        from tassist.services.config_trial import try_out

        return try_out(self.text, before=self.before, history=self.desk.telemetry)

    @work(exclusive=True, group="rules-act", exit_on_error=False, description="saving a configuration")
    async def action_save(self) -> None:
        """Try it, show what changed and what would differ, ask, save."""
        import asyncio

        from tassist.services import config_trial

        if not self._is_open():
            return
        if not self.is_changed:
            self.notify("Nothing was changed.", markup=False)
            return
        if self.path is None:
            self.notify("It is a repository's own: save a copy there with a pull request.", markup=False)
            return
        path, text = self.path, self.text
        try:
            trial = await asyncio.to_thread(self._trial)
            lines = [*trial.changed, "", *config_trial.in_words(trial)]
            if await self.app.push_screen_wait(ConfirmModal(f"Save {path}?", lines)):
                await asyncio.to_thread(config_trial.save, path, text)
                self.before = self._loaded = text
                self._check()
                self.notify("Saved.", markup=False)
        except (ProblemError, OSError) as error:
            self.post_message(Troubled("rules-save", problems_of(error)))

    def _is_open(self) -> bool:
        if not self.source:
            self.notify("No configuration is open: f2 opens a file, f3 reads a repository's.", markup=False)
        return bool(self.source)

    def action_show_rules(self) -> None:
        """Every rule."""
        from tassist.services.rules import list_rules, rule_in_words

        lines = [content(line) for rule in list_rules() for line in (*rule_in_words(rule), "")]
        _ = self.app.push_screen(TextModal("Rules, in the order they are asked", lines))

    def action_values(self) -> None:
        """Every value in force."""
        from tassist.services.config_trial import value_lines

        text, source = self.text, self.source

        def show(lines: list[str]) -> None:
            _ = self.app.push_screen(TextModal("Values in force", [content(line) for line in lines]))

        if self._is_open():
            self.in_background("rules-values", lambda: value_lines(text, name=source), show, said="reading values")

    @override
    def problems_found(self, name: str, problems: Sequence[Problem]) -> None:
        if name in {"rules-try", "rules-values"}:
            self._show_problems(tuple(problems))
