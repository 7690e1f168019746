"""`labels.required`: an issue carries a label of each kind the configuration demands."""

from __future__ import annotations

from engine.config.types import RequiredLabels
from engine.draft import Draft, words
from engine.model import Fact, fold
from engine.rules.rule import Rule, Site
from engine.view import View

ID = "labels.required"


def _sites(view: View) -> tuple[Site, ...]:
    enforcement = view.config.enforcement
    return tuple(Site(ID, entry.where) for entry in enforcement.required_labels) if enforcement else ()


def _absent(view: View) -> tuple[str, ...]:
    return () if _sites(view) else (ID,)


def evaluate(draft: Draft) -> None:
    """Look at each demand in the order of the file."""
    enforcement = draft.view.config.enforcement
    assert enforcement is not None
    for entry in enforcement.required_labels:
        _demand(draft, entry)


def _demand(draft: Draft, entry: RequiredLabels) -> None:
    if entry.mode == "off":
        draft.decide(ID, "labels", "skipped", "Switched off by its mode.", entry.where)
        return
    staying = [label for label in draft.labels if label not in draft.leaving]
    if entry.group is not None:
        there = [draft.labels[label] for label in draft.view.group(entry.group).members(staying)]
        wanted = f"a label of the group {entry.group}"
    else:
        there = [draft.labels[fold(name)] for name in entry.any_of if fold(name) in staying]
        wanted = f"one of {words(entry.any_of)}"
    if there:
        draft.decide(ID, "labels", "already", f"The issue needs {wanted} and carries {words(there)}.", entry.where)
    elif entry.mode == "fail":
        draft.decide(ID, "labels", "failed", f"The issue needs {wanted} and carries none.", entry.where)
    elif entry.mode == "warn" or entry.default is None:
        draft.decide(ID, "labels", "warned", f"The issue needs {wanted} and carries none.", entry.where)
    else:
        refusal = draft.cannot_add(entry.default, ID)
        why = f"The issue needs {wanted} and carries none; {entry.default} is the default."
        if refusal:
            draft.decide(ID, "labels", "skipped", f"{why} But {refusal}.", entry.where, attention=True)
            return
        name = draft.add(entry.default, ID)
        draft.decide(ID, "labels", "applied", why, entry.where, after=name, touched=(fold(name),))


RULE = Rule(
    id=ID,
    subject="labels",
    summary="An issue carries a label of each kind the configuration demands.",
    help="""\
Each entry of `enforcement.required_labels` demands a label of a `group`, or one of `any_of`. `mode: warn` (the default) records
that it is missing; `fail` marks the run failed; `enforce` adds the entry's `default`, a declared label, or warns where it has
none. One decision an entry, in the order of the file.
""",
    example="""\
schema_version: "1.0"
tracks: []
labels:
  - {name: priority/normal}
milestones: []
enforcement:
  required_labels:
    - {group: priority, mode: enforce, default: priority/normal}
""",
    keys=("enforcement.required_labels",),
    facts=((Fact.REPO_LABELS, "when the default is to be added"),),
    outcomes=(
        ("applied", "the default is added"),
        ("already", "such a label is there"),
        ("skipped", "switched off, or the default cannot be added, and a person has to look"),
        ("warned", "it is missing"),
        ("failed", "it is missing and the mode is `fail`"),
    ),
    sites=_sites,
    absent=_absent,
    evaluate=evaluate,
)
