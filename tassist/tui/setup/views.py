"""The views of the installer, one for each move: question, preview, waiting, failure, the end. Each answers once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, OptionList, Static
from typing_extensions import override

from engine.problems import Problem
from setup_wizard.flow import Ask, Failed, Planned, Preview, Signal, Wait
from setup_wizard.question import Choice, Question
from tassist.config.typed import with_home
from tassist.text import safe_text
from tassist.tui.safe import content
from tassist.tui.setup.lists import LONG, ManyList, OneList, SearchedList
from tassist.tui.setup.sighted import Sighted
from tassist.tui.widgets.field import Field
from tassist.tui.widgets.lines import Lines
from tassist.tui.widgets.link_panel import LinkPanel
from tassist.tui.widgets.panels import ProblemPanel, problems_content
from tassist.tui.widgets.secret_input import SecretInput

if TYPE_CHECKING:
    from engine.ports import Clock

A = TypeVar("A")


class View(Sighted, Generic[A], can_focus=False):
    """What stands beside the rail. Whoever shows it waits for `answer`."""

    can_go_back: bool = True

    def __init__(self, *, id: str) -> None:  # noqa: A002 – Textual's name
        super().__init__(id=id, classes="setup-view")
        self.answer: asyncio.Future[A | Signal] = asyncio.get_running_loop().create_future()

    def resolve(self, value: A | Signal) -> None:
        """Answer; a second answer counts for nothing."""
        if not self.answer.done():
            self.answer.set_result(value)

    def go_back(self) -> None:
        """The person wants to go back."""
        if self.can_go_back:
            self.resolve(Signal.BACK)

    def focus_first(self) -> None:
        """Put the focus where one types."""

    def draft(self) -> str:
        """What is typed and not answered; empty where nothing may be kept."""
        return ""


class QuestionView(View[str]):
    """One question: why it is asked, the field, what is wrong with the answer, an example."""

    def __init__(self, ask: Ask, draft: str = "") -> None:
        super().__init__(id="question")
        self.ask = ask
        self.can_go_back = ask.can_go_back
        self.first = ask.value or draft or ask.default or ""

    @override
    def compose(self) -> ComposeResult:
        question = self.ask.question
        yield Static(content(f"{self.ask.stage} · question {self.ask.number}"), classes="setup-small")
        yield Static(content(question.text, style="bold"), id="question-text")
        yield Static(content(f"Why: {question.why}"), classes="setup-why")
        yield _field(self.ask, self.first)
        yield Lines(id="field-error")
        if question.example and not question.choices_for(self.ask.known):
            yield Static(content(f"Example: {question.example}"), classes="setup-small")
        with Horizontal(classes="setup-buttons"):
            yield Button("Go on", id="next", compact=True)
            if self.can_go_back:
                yield Button("Back", id="previous", compact=True)
        keys = "Enter goes on" + (" · Escape goes back, and keeps what is typed" if self.can_go_back else "")
        if question.kind == "many" and question.choices_for(self.ask.known):
            keys = f"Space marks · Enter goes on{' · Escape goes back' if self.can_go_back else ''}"
        yield Static(content(f"{keys} · F1 explains"), classes="setup-small")

    def on_mount(self) -> None:
        """What was wrong with the last answer."""
        self.show_problems(self.ask.problems)

    @override
    def focus_first(self) -> None:
        search = self.query("#search")
        self.focus_on(search.first() if search else self.query_one("#field"))

    @override
    def draft(self) -> str:
        field = self.query("#field")
        if self.ask.question.secret or not field:
            return ""
        first = field.first()
        if isinstance(first, ManyList):
            return ",".join(first.chosen())
        return first.value if isinstance(first, Input) else ""

    def show_problems(self, problems: tuple[Problem, ...]) -> None:
        """Below the field, in words that say what to type."""
        error = self.query_one("#field-error", Lines)
        error.display = bool(problems)
        error.tell(problems_content(problems))

    def judge(self, raw: str) -> bool:
        """Whether it is a good answer; says what is wrong where it is not."""
        _, problems = self.ask.question.read(raw, self.ask.known)
        self.show_problems(problems)
        return not problems

    @on(Input.Submitted, "#field")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.judge(event.value):
            self.resolve(event.value)
        elif self.ask.question.secret:
            # Nobody can mend what is not shown: what is pasted next takes its place.
            event.input.select_all()

    @on(Input.Blurred, "#field")
    def _left(self, event: Input.Blurred) -> None:
        if event.value and event.value != self.first:
            self.judge(event.value)

    @on(OptionList.OptionSelected, "#field")
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        value = event.option.id or ""
        if self.judge(value):
            self.resolve(value)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "previous":
            self.go_back()
            return
        field = self.query_one("#field")
        if isinstance(field, ManyList):
            self.take_marked()
        elif isinstance(field, OptionList):
            field.action_select()
        elif isinstance(field, Input) and self.judge(field.value):
            self.resolve(field.value)

    @on(ManyList.Taken)
    def take_marked(self) -> None:
        """What is marked in a list of many is the answer."""
        marked = self.query_one("#field", ManyList)
        value = ",".join(marked.chosen())
        if not value:
            self.show_problems((Problem("answer-wrong", "nothing is marked", fix="mark one or more with Space"),))
        elif self.judge(value):
            self.resolve(value)


YES_NO = (Choice("yes", "yes"), Choice("no", "no"))


def _field(ask: Ask, first: str) -> Widget:
    question, choices = ask.question, ask.question.choices_for(ask.known)
    found: Widget
    if question.kind == "yes-no":
        found = OneList(YES_NO, first)
    elif question.kind == "many" and choices:
        found = ManyList(choices, first.split(","))
    elif choices:
        found = OneList(choices, first)
    elif question.secret:
        found = SecretInput(id="field")
    else:
        found = Field(safe_text(first, max_chars=2000), id="field", select_on_focus=True)
    found.HELP = explained(question)  # type: ignore[misc]  # Textual looks it up on the widget that has the focus
    return SearchedList(found) if isinstance(found, OneList | ManyList) and len(choices) > LONG else found


def explained(question: Question) -> str:
    """The help of a question, for the help panel."""
    choices = "\n".join(f"- **{each.label}** {each.help}" for each in question.choices)
    return (
        f"# {question.text}\n\n{question.help}\n\n{choices}\n\n"
        f"Without this question: `{question.flag}`, `{question.env}`, or `{question.id}` in an answers file."
    )


class PreviewView(View[bool]):
    """Every change of a stage before the first is made."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(f"{key}", f"read('{way}')", name, show=False, id=f"read-{way}", tooltip=text)
        for key, way, name, text in (
            ("up", "up", "Up", "One line up in the changes"),
            ("down", "down", "Down", "One line down in the changes"),
            ("pageup", "page_up", "Page up", "One page up in the changes"),
            ("pagedown", "page_down", "Page down", "One page down in the changes"),
        )
    ]

    def __init__(self, preview: Preview) -> None:
        super().__init__(id="preview")
        self.preview = preview

    @override
    def compose(self) -> ComposeResult:
        changes = any(planned.found.changes for planned in self.preview.planned)
        word = (
            "Nothing is to change" if not changes else "This would change" if self.preview.dry else "This will change"
        )
        yield Static(content(f"{word}: {self.preview.title}", style="bold"), id="preview-title")
        with VerticalScroll(id="changes", can_focus=True):
            for planned in self.preview.planned:
                with Vertical(classes="change"):
                    yield from _planned(planned, getattr(self.app, "home_option", ""))
        with Horizontal(classes="setup-buttons"):
            yield Button("Go on" if not self.preview.dry else "Go on; nothing is changed", id="go", compact=True)
            yield Button("Back to the questions", id="back", compact=True)
            yield Button("Leave", id="leave", compact=True)

    @override
    def focus_first(self) -> None:
        self.focus_on(self.query_one("#go"))

    def action_read(self, way: str) -> None:
        """Move in the changes, whatever has the focus: everything is read before the button that has it is pressed."""
        changes = self.query_one("#changes", VerticalScroll)
        ways = {
            "up": changes.scroll_up,
            "down": changes.scroll_down,
            "page_up": changes.scroll_page_up,
            "page_down": changes.scroll_page_down,
        }
        ways[way](animate=False)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        answers: dict[str | None, bool | Signal] = {"go": True, "back": Signal.BACK, "leave": Signal.LEAVE}
        self.resolve(answers[event.button.id])


def _planned(planned: Planned, home: str) -> Iterator[Static]:
    """A line a widget, so that what wraps keeps its indent."""
    title = f"○ {safe_text(planned.title, max_chars=100)}"
    if not planned.found.changes:
        yield Static(
            Content.assemble((f"{title}: ", "bold"), safe_text(planned.found.said, max_chars=300)), classes="unchanged"
        )
        return
    yield Static(Content.styled(title, "bold"))
    for change in planned.found.changes:
        where = (safe_text(change.where, max_chars=200) + ": ", "$text-primary")
        yield Static(Content.assemble(where, safe_text(change.what, max_chars=600)), classes="what")
        for line in change.diff:
            style = {"+": "$text-success", "-": "$text-error"}.get(line[:1], "$text-muted")
            yield Static(Content.styled(safe_text(line, max_chars=300), style), classes="diff")
    if planned.undo:
        undo = f"To take it back: {with_home(safe_text(planned.undo, max_chars=300), home)}"
        yield Static(Content.styled(undo, "$text-muted"), classes="what")


class WaitView(View[str]):
    """Waits for something that a person does elsewhere; says for how long, and goes on by itself."""

    def __init__(self, wait: Wait, clock: Clock, *, may_open: bool, since: datetime | None = None) -> None:
        super().__init__(id="waiting")
        self.wait_for = wait
        self.clock = clock
        self.may_open = may_open
        self.since = since or clock.now()

    @override
    def compose(self) -> ComposeResult:
        waiting = self.wait_for.waiting
        yield Static(content(f"Waiting for {waiting.for_what}", style="bold"), id="waiting-for")
        yield Static(id="elapsed", classes="setup-small")
        if waiting.link:
            yield LinkPanel(waiting, may_open=self.may_open)
        if waiting.hints:
            hints = Content("\n").join([content(f"· {hint}") for hint in waiting.hints])
            yield Lines(hints, classes="setup-hint")
        if not waiting.link:
            yield LinkPanel(waiting, may_open=self.may_open)
        error = Lines(problems_content(self.wait_for.problems), id="field-error")
        error.display = bool(self.wait_for.problems)
        yield error

    def on_mount(self) -> None:
        """Count."""
        self.tick()
        self.set_interval(1, self.tick)

    def tick(self) -> None:
        """Say how long; nothing runs out."""
        goes_on = "it goes on by itself" if self.wait_for.waiting.by_itself else "it goes on with what you paste"
        passed = in_words((self.clock.now() - self.since).total_seconds())
        self.query_one("#elapsed", Static).content = content(f"for {passed} now; {goes_on}, Escape goes back")

    @override
    def focus_first(self) -> None:
        self.focus_on(self.query_one(LinkPanel).first())

    @on(LinkPanel.Pasted)
    def _pasted(self, event: LinkPanel.Pasted) -> None:
        event.stop()
        self.resolve(event.text)

    @on(LinkPanel.Done)
    def _done(self, event: LinkPanel.Done) -> None:
        event.stop()
        # Where nothing can be pasted an empty text looks at once; where something can, the wait itself looks all the time.
        if not self.wait_for.waiting.accepts:
            self.resolve("")
        else:
            by_itself = self.wait_for.waiting.by_itself
            said = "not there yet; it goes on by itself as soon as it is" if by_itself else "paste it into the field"
            self.query_one(LinkPanel).say(said)


class FailedView(View[Signal]):
    """A step did not work: what, why, what to do; and the choice."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(id="failed")
        self.failed = failed

    @override
    def compose(self) -> ComposeResult:
        yield Static(content(f"{self.failed.step.title} did not work", style="bold"), id="failed-title")
        yield ProblemPanel(self.failed.problems, id="failed-problems")
        with Horizontal(classes="setup-buttons"):
            yield Button("Try again", id="again", compact=True)
            yield Button("Back to the questions", id="back", compact=True)
            yield Button("Leave; it goes on from here", id="leave", compact=True)

    @override
    def focus_first(self) -> None:
        self.focus_on(self.query_one("#again"))

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.resolve({"again": Signal.AGAIN, "back": Signal.BACK, "leave": Signal.LEAVE}[event.button.id or "again"])


class WorkingView(Vertical):
    """What is being done right now, and for how long where it takes long."""

    LONG_S = 5

    def __init__(self, text: str, clock: Clock) -> None:
        super().__init__(id="working", classes="setup-view")
        self.text = text
        self.clock = clock
        self.since = clock.now()

    @override
    def compose(self) -> ComposeResult:
        yield Static(content(self.text, style="bold"), id="working-text")
        yield Static(content(_NOTHING_ASKED), id="working-elapsed", classes="setup-small")

    def on_mount(self) -> None:
        """Count."""
        self.set_interval(1, self.tick)

    def tick(self) -> None:
        """Say how long, once it takes long."""
        seconds = (self.clock.now() - self.since).total_seconds()
        more = f" It has taken {in_words(seconds)} so far." if seconds >= self.LONG_S else ""
        self.query_one("#working-elapsed", Static).content = content(_NOTHING_ASKED + more)

    def say(self, text: str) -> None:
        """Say something else, which begins now."""
        self.text, self.since = text, self.clock.now()
        if self.query("#working-text"):
            self.query_one("#working-text", Static).content = content(text, style="bold")
            self.tick()


_NOTHING_ASKED = "Nothing is asked of you now."


def in_words(seconds: float) -> str:
    """How long."""
    whole = int(seconds)
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"
