"""The one declaration of `.github/task-assistant.yml`: parser, JSON Schema and reference page are made from it."""

from __future__ import annotations

from engine.config import limits
from engine.config.spec import Choice, Field, Flag, ListOf, MapOf, Record, Text, Whole

# Ranges for a character class; written out, as Python and JavaScript differ in what \s and \w mean.
_CONTROL = r"\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff"
_BLANK = r" \u00a0\u00ad\u1680\u180e\u2000-\u200f\u202f\u205f-\u2064\u3000"
_END = r"(?![\s\S])"  # `$` would let a line feed follow in Python

_NAME_PATTERN = rf"^[^{_CONTROL}{_BLANK}]([^{_CONTROL}]*[^{_CONTROL}{_BLANK}])?{_END}"
_LINE_PATTERN = rf"^[^{_CONTROL}]*{_END}"
_BLOCK = _CONTROL.replace(r"\u0000-\u001f", r"\u0000-\u0008\u000b-\u001f")
_BLOCK_PATTERN = rf"^[^{_BLOCK}]*{_END}"

LABEL = Text(
    limits.MAX_LABEL_NAME,
    _NAME_PATTERN,
    "a label's name: 1 to 50 characters, no control characters, no blank or invisible character at either end",
    min_chars=1,
)
PREFIX = Text(
    limits.MAX_LABEL_NAME,
    rf"^[^{_CONTROL}{_BLANK}][^{_CONTROL}]*{_END}",
    "the beginning of labels' names, such as area/: 1 to 50 characters, no control characters",
    min_chars=1,
)
TITLE = Text(
    limits.MAX_MILESTONE_TITLE,
    _NAME_PATTERN,
    "a milestone's title: 1 to 255 characters, no control characters, no blank or invisible character at either end",
    min_chars=1,
)
IDENTIFIER = Text(
    50,
    rf"^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?{_END}",
    "an id: letters, digits, and . _ - between them",
    min_chars=1,
)
TRACK_ID = Text(
    50, _NAME_PATTERN, "an id: 1 to 50 characters, no control characters, no blank at either end", min_chars=1
)
LABEL_DESCRIPTION = Text(
    limits.MAX_LABEL_DESCRIPTION, _LINE_PATTERN, "one line of at most 100 characters, no control characters"
)
MILESTONE_DESCRIPTION = Text(
    limits.MAX_DESCRIPTION, _BLOCK_PATTERN, "text of at most 2,000 characters, no control characters"
)
PATTERN = Text(
    limits.MAX_PATTERN_CHARS, says="an RE2 pattern of 1 to 500 characters: no lookaround, no backreference", min_chars=1
)
MILESTONE_PATTERN = Text(
    limits.MAX_MILESTONE_TITLE,
    rf"^[^{{}}{_CONTROL}]*(\{{[a-z][a-z0-9_]*\}}[^{{}}{_CONTROL}]*)+{_END}",
    "a title with numbers in it, such as Sprint {major}.{minor}",
    min_chars=3,
)
DATE = Text(10, rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{_END}", "a date such as 2026-12-31", date=True, min_chars=10)
DAYS = Whole(1, limits.MAX_DAYS, "a number of days from 1 to 3,650")
LABELS = ListOf(LABEL, 500)
TITLES = ListOf(TITLE, 500)
PATTERNS = ListOf(PATTERN, limits.MAX_PATTERNS)

MODE = Choice(
    (
        ("enforce", "mend it"),
        ("warn", "record it, change nothing"),
        ("fail", "mark the run failed, change nothing"),
        ("off", "do not look"),
    )
)
STRATEGY = Choice(
    (
        ("newest", "keep the label applied last, by the issue's own timeline"),
        ("highest", "keep the last one of `order`"),
        ("lowest", "keep the first one of `order`"),
        ("first", "keep the one that stands first in the configuration"),
    )
)

_ALIASES = Field(
    "aliases",
    LABELS,
    "Former names. `tassist apply` renames a label of that name, so that it stays on its issues.",
    default="none",
)

MATCH = Record(
    "match",
    "How a missing track is inferred. Any hit in any list counts; tracks are tried in the order of the file.",
    (
        Field("labels", LABELS, "Labels that mean this track.", default="none"),
        Field("title", PATTERNS, "Patterns searched for in the title (RE2).", default="none"),
        Field("body", PATTERNS, "Patterns searched for in the body (RE2).", default="none"),
    ),
)
TRACK = Record(
    "track",
    "A stream of work. An issue carries the label of one track.",
    (
        Field(
            "id", TRACK_ID, "The track's name in `stale.tracks`, in decisions and in telemetry. Unique.", required=True
        ),
        Field("label", LABEL, "The label that carries it; it need not be listed in `labels`.", required=True),
        Field(
            "description",
            LABEL_DESCRIPTION,
            "What belongs here; the label's description where `labels` gives none.",
        ),
        Field("match", MATCH, "How a missing track is inferred.", default="never"),
        Field(
            "milestone",
            TITLE,
            "The milestone of its issues; it need not be listed in `milestones`. Not together with `milestone_pattern`.",
            default="none",
        ),
        Field(
            "milestone_pattern",
            MILESTONE_PATTERN,
            "The newest open milestone of this form, compared number by number: Sprint 10 comes after Sprint 9. "
            "Each {name} stands for a whole number.",
            default="none",
            former=("default_milestone_pattern",),
        ),
        Field("default", Flag(), "Taken where no `match` hits. At most one track has it.", default="false"),
        _ALIASES,
    ),
    not_both=(("milestone", "milestone_pattern"),),
)
LABEL_ENTRY = Record(
    "label",
    "A label that shall exist.",
    (
        Field("name", LABEL, "Compared without regard to case, as GitHub does. Unique.", required=True),
        Field("description", LABEL_DESCRIPTION, "Shown by GitHub beside the label."),
        Field(
            "color",
            Text(7, rf"^#?[0-9A-Fa-f]{{6}}{_END}", 'six hex digits in quotes, such as "1D76DB"', min_chars=6),
            "Six hex digits in quotes.",
            default="left as it is; GitHub's grey for a new label",
        ),
        _ALIASES,
    ),
)
MILESTONE_ENTRY = Record(
    "milestone",
    "A milestone that shall exist. Existing ones are never changed.",
    (
        Field("title", TITLE, "Compared exactly, as GitHub does. Unique.", required=True),
        Field("description", MILESTONE_DESCRIPTION, "Shown by GitHub under the title."),
        Field("due_on", DATE, "The day it is due. Not together with `due_offset_days`.", default="none"),
        Field(
            "due_offset_days",
            Whole(0, limits.MAX_DAYS, "a number of days from 0 to 3,650"),
            "Due so many days after it is created.",
            default="none",
        ),
        Field("aliases", TITLES, "Former titles: `tassist apply` renames a milestone of that title.", default="none"),
        Field("id", TRACK_ID, "A name for people and other programs; not used."),
    ),
    not_both=(("due_on", "due_offset_days"),),
)
GROUP = Record(
    "group",
    "At most one label of a group stays on an issue.",
    (
        Field("mode", MODE, "What to do about a second label.", required=True),
        Field("strategy", STRATEGY, "Which label stays.", default="`highest` for phase and priority, else `newest`"),
        Field(
            "prefix",
            PREFIX,
            "Every label that begins so belongs to the group. Not together with `labels`.",
            default="`phase-`, `priority/`, `state/`; the tracks' labels for track; the group's name and a slash for any other",
        ),
        Field("labels", LABELS, "The group's labels, instead of a prefix."),
        Field(
            "order",
            LABELS,
            "From lowest to highest, for `highest` and `lowest`.",
            default="the order of `labels:`, then by name with numbers as numbers",
        ),
        Field(
            "terminal",
            LABELS,
            "Labels that end an issue's life: while one is there nothing is removed, only warned.",
            default="none",
        ),
    ),
    not_both=(("prefix", "labels"),),
)
REQUIRED_LABELS = Record(
    "required label",
    "An issue needs a label of a group, or one of some labels.",
    (
        Field("group", IDENTIFIER, "A group of `exclusivity`, or one of track, phase, priority, state."),
        Field("any_of", ListOf(LABEL, 100, 1), "One of these labels."),
        Field("mode", MODE, "What to do where none is there.", default="warn"),
        Field(
            "default",
            LABEL,
            "The label added by `mode: enforce`. It must be declared, and belong to the group or list.",
            default="none",
        ),
    ),
    exactly_one=("group", "any_of"),
)
ENFORCEMENT = Record(
    "enforcement",
    "What may be written to the repository. Without this section nothing is.",
    (
        Field(
            "exclusivity",
            MapOf(
                IDENTIFIER,
                GROUP,
                "group",
                (("tracks", "track"), ("phases", "phase"), ("priorities", "priority"), ("states", "state")),
            ),
            "Groups of labels that exclude each other: `track`, `phase`, `priority`, `state` and any of your own.",
            default="none",
        ),
        Field(
            "phase_milestones",
            MapOf(LABEL, TITLE, "label"),
            "The milestone of each phase. Stronger than `track_milestones`.",
            default="none",
        ),
        Field(
            "track_milestones",
            MapOf(LABEL, TITLE, "label"),
            "The milestone of each track, by the track's label.",
            default="none",
        ),
        Field("required_labels", ListOf(REQUIRED_LABELS, 100), "Labels an issue must have.", default="none"),
    ),
)
SELF_HEALING = Record(
    "self_healing",
    "What is mended rather than reported. Without this section nothing is.",
    (
        Field("enabled", Flag(), "Switches the section.", default="true"),
        Field("normalize_labels", Flag(), "Spell labels as the configuration does.", default="true"),
        Field("fix_missing_track", Flag(), "Infer the track of an issue that has none.", default="true"),
        Field("fix_missing_milestone", Flag(), "Create a mapped milestone that does not exist.", default="true"),
    ),
)
_THRESHOLDS = (
    Field("days_until_stale", DAYS, "Days without activity until the stale label.", default="never"),
    Field(
        "days_until_escalated",
        DAYS,
        "Days without activity until the escalated label takes its place.",
        default="never",
    ),
    Field("days_until_close", DAYS, "Days without activity until the issue is closed.", default="never"),
)
STALE = Record(
    "stale",
    "What happens to an issue nobody touches. The App's own doings are no activity.",
    (
        Field("enabled", Flag(), "Switches the section.", default="true"),
        *_THRESHOLDS,
        Field("stale_label", LABEL, "Need not be listed in `labels`.", default="state/stale"),
        Field("escalated_label", LABEL, "Need not be listed in `labels`.", default="state/escalated"),
        Field(
            "exempt_labels",
            LABELS,
            "An issue with one of these never becomes stale.",
            default="none",
            former=("exclude_labels",),
        ),
        Field("exempt_milestones", TITLES, "An issue in one of these never becomes stale.", default="none"),
        Field(
            "tracks",
            MapOf(TRACK_ID, Record("thresholds", "Thresholds of one track, key by key.", _THRESHOLDS), "track id"),
            "Other thresholds by track.",
            default="none",
        ),
        Field(
            "comment",
            Text(limits.MAX_COMMENT, _BLOCK_PATTERN, "text of at most 10,000 characters", min_chars=1),
            "Left when the issue becomes stale. May contain {days}, {track} and {label}.",
            default="none",
        ),
    ),
)
INHERITANCE = Record(
    "inheritance",
    "What a sub-issue takes from its parent.",
    (
        Field(
            "mode",
            Choice((("none", "nothing"), ("soft", "record it, change nothing"), ("hard", "copy it"))),
            "How.",
            default="none",
        ),
        Field(
            "copy",
            ListOf(Choice((("track", "the track's label"), ("milestone", "the milestone"))), 2),
            "What.",
            default="[track, milestone]",
        ),
    ),
)
PULL_REQUESTS = Record(
    "pull_requests",
    "Whether pull requests, which GitHub delivers as issues, are looked at.",
    (Field("manage", Flag(), "Treat them as issues.", default="false"),),
)
CONFIG = Record(
    "configuration",
    "`.github/task-assistant.yml`, schema 1.0.",
    (
        Field(
            "schema_version",
            Text(10, rf"^1\.(0|[1-9][0-9]*){_END}", '"1.0", in quotes', min_chars=3),
            'Always "1.0", in quotes.',
            required=True,
            former=("version",),
        ),
        Field("tracks", ListOf(TRACK, 200), "Streams of work. May be empty: `[]`.", required=True),
        Field("labels", ListOf(LABEL_ENTRY, 5000), "Labels that shall exist. May be empty: `[]`.", required=True),
        Field(
            "milestones",
            ListOf(MILESTONE_ENTRY, 5000),
            "Milestones that shall exist. May be empty: `[]`.",
            required=True,
        ),
        Field("enforcement", ENFORCEMENT, "What may be written.", default="advisory: nothing is written"),
        Field("self_healing", SELF_HEALING, "What is mended.", default="nothing"),
        Field("stale", STALE, "Staleness.", default="off"),
        Field("inheritance", INHERITANCE, "Sub-issues.", default="none"),
        Field("pull_requests", PULL_REQUESTS, "Pull requests.", default="left alone"),
    ),
    open=True,
)
