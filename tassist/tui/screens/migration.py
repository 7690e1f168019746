"""The place Migration: what legacy automation there is, what would change, and why; nothing is written from here but a report."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, VerticalScroll
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option
from typing_extensions import override

from engine.problems import Problem
from tassist.errors import redact
from tassist.text import noun, safe_text
from tassist.tui.messages import Troubled
from tassist.tui.safe import content
from tassist.tui.screens.place import PlaceScreen
from tassist.tui.widgets.field import Field
from tassist.tui.widgets.panels import Says

if TYPE_CHECKING:
    from migrations.model import Audit, Comparison, Workflow
    from tassist.config.settings import Settings
    from tassist.services.migrate.overview import Overview

_MOST_LINES = 200
_WRONG = "what went wrong"
REPORT = "migration.html"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list, and what stands beside it when it is chosen."""

    title: str
    text: str


class MigrationScreen(PlaceScreen):
    """Three fields above, findings below, the chosen one beside them."""

    HELP = """# Migration

Type what to look at – a checkout, a snapshot, a folder of records, or OWNER/NAME – and press **Enter**: the audit says which workflows
are legacy automation and what is wrong with them. For OWNER/NAME the plan stands beside it, and the comparison – declared, recorded, new – under the
configuration the plan brings; for the others, or for a configuration of your own, name one in the third field: **e** goes back to the fields, **Tab**
to the next. **Up** and **Down** choose a finding, **Tab** goes into its text, **r** looks again, **w** writes the report as one page.
**Escape** leaves the fields, so that digits go to places again."""
    CSS_PATH = "migration.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "e",
            "fields",
            "Fields",
            id="migration-fields-key",
            tooltip="Go to the fields: another repository, a configuration",
        ),
        Binding(
            "escape",
            "leave_fields",
            "Leave fields",
            show=False,
            id="leave-fields",
            tooltip="Out of the fields, so that digits go to places again",
        ),
        Binding("r", "look", "Look again", id="migration-look", tooltip="Audit and compare again"),
        Binding("w", "save", "Write report", id="migration-save", tooltip=f"Write the comparison to {REPORT}"),
    ]

    @override
    def compose_place(self) -> ComposeResult:
        with Container(id="migration-fields"):
            for name, title, hint in (
                ("target", "Repository", "a checkout, a snapshot, or OWNER/NAME"),
                ("record", "Record", "a folder of recorded telemetry, if it is elsewhere"),
                ("config", "New configuration", "a file such as task-assistant.yml"),
            ):
                with Horizontal(classes="field"):
                    yield Label(title)
                    yield Field(placeholder=hint, id=f"migration-{name}", compact=True)
        yield Says(id="migration-says")
        with Container(id="migration-body"):
            yield OptionList(id="migration-found")
            with VerticalScroll(id="migration-detail", can_focus=True):
                yield Static(id="migration-text")

    def on_mount(self) -> None:
        """Ask for the repository."""
        self.entries: tuple[Entry, ...] = ()
        self.standing: tuple[Entry, ...] = ()
        self.comparison: Comparison | None = None
        for name in ("target", "record", "config"):
            given = self.desk.options.get(f"migration_{name}")
            if given:
                self._field(name).value = str(given)
        self._field("target").focus()
        self.query_one("#migration-says", Says).say("Nothing is written to the repository from here.")
        if self._field("target").value:
            self.action_look()

    def action_leave_fields(self) -> None:
        """Out of the fields."""
        self.query_one("#migration-found").focus()

    def _field(self, name: str) -> Input:
        return self.query_one(f"#migration-{name}", Input)

    # --- looking --------------------------------------------------------------------------------

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.action_look()

    def action_fields(self) -> None:
        """Go to the field that is most likely wanted: the first that is empty, but for the record."""
        wanted = next((name for name in ("target", "config") if not self._field(name).value), "target")
        self._field(wanted).focus()

    def action_look(self) -> None:
        """Audit, and compare where a configuration is named."""
        target, record, config = (self._field(name).value.strip() for name in ("target", "record", "config"))
        if not target:
            self.query_one("#migration-says", Says).say(
                "Type a repository first: a checkout, a snapshot, or OWNER/NAME"
            )
            self._field("target").focus()
            return
        self.query_one("#migration-says", Says).say("Reading …")
        # What the journal of this home folder tells is there even where GitHub gives no answer.
        self.standing = _standing(target, self.desk.settings)
        self.comparison = None
        self._list(self.standing)
        settings, today = self.desk.settings, self.desk.clock.now().date()

        def read() -> Overview:
            from tassist.services.migrate.overview import overview

            return asyncio.run(
                overview(
                    target, settings, today=today, config=Path(config) if config else None,
                    record=Path(record) if record else None,
                )
            )  # fmt: skip

        self.in_background("migration", read, self._show, said="audit a repository")

    def _show(self, found: Overview) -> None:
        from migrations.audit import words as audit_words
        from migrations.compare import words as diff_words

        self.comparison = found.comparison
        self._list((*self.standing, *_of_plan(found), *_of_comparison(self.comparison), *_of_audit(found.audit)))
        said = [audit_words.summary(found.audit)]
        if self.comparison is not None:
            said.insert(0, diff_words.summary(self.comparison))
        self.query_one("#migration-says", Says).say(". ".join(said))
        if self.entries:
            self.query_one("#migration-found", OptionList).focus()
        self.refresh_bindings()

    def _list(self, entries: tuple[Entry, ...]) -> None:
        """Show these, the first of them chosen."""
        self.entries = entries
        listed = self.query_one("#migration-found", OptionList)
        listed.clear_options()
        listed.add_options(
            [Option(content(redact(one.title), max_chars=200), id=f"e{at}") for at, one in enumerate(entries)]
        )
        if entries:
            listed.highlighted = 0
        else:
            self.query_one("#migration-text", Static).content = ""

    @override
    def problems_found(self, name: str, problems: Sequence[Problem]) -> None:
        first = problems[0]
        self.query_one("#migration-says", Says).say(f"{name}: {redact(first.what)}")
        text = "\n\n".join(redact(str(problem)) for problem in problems[:20])
        self._list((Entry(_WRONG, text), *(one for one in self.entries if one.title != _WRONG)))

    @override
    def on_troubled(self, message: Troubled) -> None:
        """What went wrong stands on the screen, and a toast would lie over what to do; Textual calls the place's own first."""
        message.quiet = message.quiet or self.is_current

    @on(OptionList.OptionHighlighted, "#migration-found")
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        entry = self.entries[event.option_index] if event.option_index < len(self.entries) else None
        if entry is not None:
            said = content(redact(entry.text), max_chars=20_000, newlines=True)
            self.query_one("#migration-text", Static).content = said
            self.query_one("#migration-detail").scroll_home(animate=False)

    # --- the report -----------------------------------------------------------------------------

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "save" and self.is_mounted:
            return True if self.comparison is not None else None
        return super().check_action(action, parameters)

    def action_save(self) -> None:
        """Write the comparison as one page into the present folder."""
        comparison = self.comparison
        if comparison is None:
            return

        def read() -> str:
            from tassist.services.migrate import report

            for path, text in report.files(comparison, html=Path(REPORT), markdown=None):
                report.save(path, text)
            return str(Path(REPORT).absolute())

        def done(path: str) -> None:
            self.notify(safe_text(path, max_chars=300), title="Report written", markup=False)

        self.in_background("report", read, done, said="write the report")


def _standing(target: str, settings: Settings) -> tuple[Entry, ...]:
    """How far the migration of OWNER/NAME is; nothing for a folder or a file."""
    from tassist.services.migrate import moving
    from tassist.services.migrate.reading import is_repository

    if not is_repository(target):
        return ()
    lines = [f"{place}\n  {words}" for place, words in moving.standing(settings, target)]
    return (Entry("where it stands", "\n".join(lines)),)


def _of_plan(found: Overview) -> list[Entry]:
    """The plan as `tassist migrate plan` shows it, or why there is none."""
    from migrations.plan import lines

    if found.unplanned:
        return [Entry("no plan can be made", "\n\n".join(str(problem) for problem in found.unplanned[:20]))]
    if found.plan is None:
        return []
    return [
        Entry(f"the plan ({len(found.plan.steps)} {noun(len(found.plan.steps), 'step')})", "\n".join(lines(found.plan)))
    ]


def _of_comparison(comparison: Comparison | None) -> list[Entry]:
    """Rules first, then each sort of difference, those that want a person before the others."""
    if comparison is None:
        return []
    from migrations.compare import words

    rules = "\n\n".join(f"{rule.rule}: {rule.verdict}\n  {rule.because}" for rule in comparison.rules)
    found = [Entry(f"rule by rule ({len(comparison.rules)})", rules or "No rule makes a difference.")]
    for verdict, because, group in words.groups(comparison.differences):
        lines = [f"{one.subject}\n  {words.sides(one)}{words.accepted(one)}" for one in group[:_MOST_LINES]]
        more = [f"… and {len(group) - _MOST_LINES} more"] if len(group) > _MOST_LINES else []
        text = "\n".join([f"{verdict}: {words.MEANING[verdict]}", because, "", *lines, *more])
        found.append(Entry(f"{verdict} ({len(group)}): {because}", text))
    notes = [*comparison.problems, *comparison.notes]
    if notes:
        found.append(Entry(f"notes ({len(notes)})", "\n\n".join(notes)))
    return found


def _of_audit(audit: Audit) -> list[Entry]:
    """Legacy workflows by what they do, then each sort of defect; what stays is one line at the end."""
    from migrations.model import KINDS

    found = [
        Entry(f"{workflow.kind}: {workflow.path.rpartition('/')[2]}", _of_workflow(workflow))
        for kind in KINDS
        for workflow in audit.legacy
        if workflow.kind == kind
    ]
    by_code: dict[str, list[str]] = {}
    heads: dict[str, str] = {}
    for defect in audit.defects:
        by_code.setdefault(defect.code, []).append(f"{defect.where}\n  {defect.what}")
        heads.setdefault(defect.code, f"{defect.severity}: {defect.why}\nfix: {defect.fix}")
    for code, places in by_code.items():
        more = [f"… and {len(places) - _MOST_LINES} more"] if len(places) > _MOST_LINES else []
        found.append(
            Entry(f"defect {code} ({len(places)})", "\n".join([heads[code], "", *places[:_MOST_LINES], *more]))
        )
    if audit.unreadable:
        lines = [f"{one.where} {one.commit[:8]}\n  {one.what}" for one in audit.unreadable[:_MOST_LINES]]
        found.append(Entry(f"cannot be read ({len(audit.unreadable)})", "\n".join(lines)))
    if audit.others:
        text = "\n\n".join(_of_workflow(workflow) for workflow in audit.others[:_MOST_LINES])
        found.append(Entry(f"not ours, left alone ({len(audit.others)})", text))
    return found


def _of_workflow(workflow: Workflow) -> str:
    reasons = "\n".join(f"line {reason.line}: {reason.text}" for reason in workflow.reasons)
    return f"{workflow.path}\n{workflow.kind}, {workflow.confidence}\non {'; '.join(workflow.triggers) or 'nothing'}\n\n{reasons}"
