"""The telemetry record as types: one JSON object a line, append-only, never rewritten.

The published JSON Schema is generated from these structs (`tassist.telemetry.schema`), so the order and the words
here are the contract's. A field with a default is optional and is left out where it says nothing.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tassist.telemetry.events import EventType

SCHEMA_VERSION = "1.1"
"""Of the contract; 1.1 added `origin`, `written` and `IssueState.seen_at`."""
FIRST_VERSION = "1.0"
"""Stands in records that use nothing newer: a record names the lowest version that knows all its fields."""
NO_REPO = "-/-"
"""Stands in ``repo`` of a record about the service itself. No account's name can begin with a hyphen."""

STAMP = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?Z$"
REPO = r"^[^/\s]+/[^/\s]+$"

Stamp = Annotated[str, Meta(pattern=STAMP, extra_json_schema={"format": "date-time"})]
RepoName = Annotated[str, Meta(pattern=REPO, max_length=255)]
Text = Annotated[str, Meta(max_length=4000)]
Name = Annotated[str, Meta(min_length=1, max_length=4000)]
Count = Annotated[int, Meta(ge=0)]
Outcome = Literal["success", "partial", "blocked", "failed"]
DecisionOutcome = Literal["applied", "already", "skipped", "warned", "blocked", "failed"]
State = Literal["open", "closed"]


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One value that was written: one label, the milestone, the state, one thing created."""

    field: Annotated[Name, Meta(description="`labels`, `milestone`, `state`, `comments`, `repo.labels`, …")]
    before: Annotated[Text | None, Meta(description="The value before; null where there was none (a label added).")]
    after: Annotated[Text | None, Meta(description="The value after; null where there is none (a label removed).")]
    rule: Annotated[Text, Meta(description="The rule that wanted it.")] = ""


class DecisionMade(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one rule concluded about one subject."""

    rule: Annotated[Name, Meta(description="Dotted id, such as `exclusivity.track`.")]
    subject: Annotated[Text, Meta(description="What it was about: `labels`, `milestone`, `state`, `issue`.")]
    outcome: Annotated[DecisionOutcome, Meta(description="What the rule concluded.")]
    reason: Annotated[Text, Meta(description="Plain words, one sentence.")]
    config_key: Annotated[Text, Meta(description="The configuration key that caused it.")] = ""
    config_line: Annotated[int | None, Meta(description="Its line in the configuration file, from 1.")] = None
    before: Text | None = None
    after: Text | None = None


class TriggerSeen(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why there was a run, or what arrived."""

    kind: Annotated[Literal["delivery", "sweep", "manual"], Meta(description="A delivery, the sweep, or a person.")]
    event: Annotated[Text, Meta(description="GitHub's event name.")] = ""
    action: Annotated[Text, Meta(description="GitHub's action.")] = ""
    delivery_id: Annotated[Text, Meta(description="The delivery that caused the look.")] = ""
    delivery_ids: Annotated[
        tuple[Text, ...], Meta(description="Every delivery this one look answers, in order of arrival.")
    ] = ()
    sender: Annotated[Text, Meta(description="Login of whoever did it.")] = ""
    sender_id: int = 0
    by_app: Annotated[bool, Meta(description="True where the App itself did it.")] = False


class IssueState(msgspec.Struct, frozen=True, omit_defaults=True):
    """The issue as left by the run: what a dashboard needs, so that it never asks GitHub."""

    labels: Annotated[tuple[Text, ...], Meta(description="Names as the repository spells them, in GitHub's order.")]
    milestone: Annotated[Text | None, Meta(description="Title, or null.")]
    state: State
    track: Annotated[Text | None, Meta(description="Id of the track, or null.")]
    title: Annotated[Text, Meta(description="Only where `include_titles` is on.")] = ""
    state_reason: Text | None = None
    created_at: Stamp | None = None
    updated_at: Stamp | None = None
    closed_at: Stamp | None = None
    milestone_due_on: Annotated[str | None, Meta(description="Date.", extra_json_schema={"format": "date"})] = None
    milestone_state: State | None = None
    is_pull_request: bool = False
    seen_at: Annotated[Stamp | None, Meta(description="In a `day_aggregate`: when it was seen. Since 1.1.")] = None


class Timing(msgspec.Struct, frozen=True, omit_defaults=True):
    """When, and how much of GitHub it cost."""

    received: Annotated[Stamp | None, Meta(description="When the first delivery arrived.")] = None
    started: Stamp | None = None
    finished: Stamp | None = None
    reads: Annotated[Count, Meta(description="Billable reads.")] = 0
    writes: Annotated[Count, Meta(description="Mutating calls.")] = 0


class Trouble(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem: what happened, why, what to do next."""

    code: Annotated[Name, Meta(description="Stable slug.")]
    what: Text
    why: Text = ""
    fix: Text = ""
    where: Annotated[Text, Meta(description="`file:line:column (key)`.")] = ""
    family: Annotated[Text, Meta(description="Whose it is: `yours`, `world`, `ours`, `auth`, `waiting`.")] = ""


class Written(msgspec.Struct, frozen=True, omit_defaults=True):
    """One value a run wrote, kept by a `day_aggregate` after the run's own record is gone. Since 1.1."""

    at: Annotated[Stamp, Meta(description="The run's timestamp.")]
    run_id: Name
    issue_number: Annotated[int | None, Meta(description="The issue, or null where it is about none.")]
    field: Annotated[Name, Meta(description="As in a change.")]
    before: Text | None
    after: Text | None
    rule: Annotated[Text, Meta(description="The rule that wanted it.")] = ""
    undone: Annotated[bool, Meta(description="True where a person took it back with `tassist undo`.")] = False


class Record(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One record of what tassist did or saw."""

    schema_version: Annotated[
        str,
        Meta(pattern=r"^1\.[0-9]+$", description="Version of this contract; readers ignore fields they do not know."),
    ]
    event_id: Annotated[
        Name, Meta(description="Unique. The same happening has the same id, so repetitions fold to one.")
    ]
    run_id: Annotated[Name, Meta(description="Joins the records of one run, sweep, setup or migration.")]
    event_type: Annotated[EventType, Meta(description="One of a closed list.")]
    timestamp: Annotated[Stamp, Meta(description="When it ended: RFC 3339 in UTC, ending in Z.")]
    repo: Annotated[RepoName, Meta(description="`owner/name`; `-/-` for the service itself.")]
    issue_number: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="The issue, or null where it is about none.")
    ]
    applied_rules: Annotated[tuple[Name, ...], Meta(description="Rules that changed something, in order, once each.")]
    changes_made: Annotated[tuple[Change, ...], Meta(description="Every value written, in order.")]
    outcome: Outcome
    reason: Annotated[Text | None, Meta(description="Plain words; null on success, and on success only.")]

    repo_id: Annotated[int, Meta(description="GitHub's numeric id, which survives renames.")] = 0
    decisions: Annotated[
        tuple[DecisionMade, ...], Meta(description="What every rule that ran concluded, in order.")
    ] = ()
    not_configured: Annotated[
        tuple[Name, ...], Meta(description="Rules that nothing configures: they did not run.")
    ] = ()
    trigger: TriggerSeen | None = None
    config_digest: Annotated[Text, Meta(description="Digest of the configuration that was in force.")] = ""
    engine_version: Annotated[Text, Meta(description="Version of tassist that wrote the record.")] = ""
    state: IssueState | None = None
    timing: Timing | None = None
    error: Annotated[Trouble | None, Meta(description="The first problem, where the outcome is not success.")] = None
    problems: Annotated[
        tuple[Trouble, ...], Meta(description="All problems and warnings, where there are several.")
    ] = ()
    subject: Annotated[Text, Meta(description="What it is about: a step, a sink, a run, a day.")] = ""
    counts: Annotated[dict[str, int], Meta(description="Figures of the event, by name.")] = msgspec.field(
        default_factory=dict
    )
    issues: Annotated[
        dict[str, IssueState], Meta(description="In a `day_aggregate`: the last state by issue number.")
    ] = msgspec.field(default_factory=dict)
    note: Annotated[Text, Meta(description="What is worth saying about a success.")] = ""
    origin: Annotated[
        Text,
        Meta(
            description="Where an imported record comes from, such as `legacy:codex`; `shadow` where a run decided and wrote "
            "nothing, as another authority was in charge; what tassist did has none. Since 1.1."
        ),
    ] = ""
    written: Annotated[
        tuple[Written, ...],
        Meta(description="In a `day_aggregate`: every value the day's runs wrote, in order. Since 1.1."),
    ] = ()


class Head(msgspec.Struct, frozen=True):
    """The few fields a sink needs to place a record; all others pass through untouched."""

    event_id: Name
    event_type: str
    timestamp: Stamp
    repo: RepoName
    schema_version: str


READ_HEAD = msgspec.json.Decoder(Head).decode
READ_RECORD = msgspec.json.Decoder(Record).decode
