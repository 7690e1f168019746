"""`audit`: from a snapshot to what legacy automation is in it and what is wrong with that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from engine.problems import Where
from migrations.audit.classify import classify
from migrations.audit.defects import authorities, credentials, defects_of, in_order
from migrations.audit.document import Document, read_document
from migrations.audit.facts import Facts, gather
from migrations.legacy.recognise import recognise
from migrations.model import (
    Audit,
    Change,
    Defect,
    Kind,
    Reason,
    Snapshot,
    TextFile,
    Unreadable,
    Used,
    Workflow,
)
from migrations.sources import take

_MOST_REASONS = 3


def audit(snapshot: Snapshot) -> Audit:
    """What is there; nothing is run and nothing is asked."""
    files = {file.path: file for file in snapshot.files}
    unreadable: list[Unreadable] = []
    read: list[tuple[Facts, Workflow]] = []
    for file in snapshot.workflows:
        document = read_document(file)
        unreadable += _unreadable(document, file)
        facts = gather(document, files)
        read.append((facts, _workflow(facts, file.state)))
    modelled = recognise(snapshot)
    read = [(facts, replace(workflow, component=modelled.component_of(workflow.path))) for facts, workflow in read]
    legacy = [facts for facts, workflow in read if workflow.is_legacy]
    defects: list[Defect] = [defect for facts, _ in read for defect in defects_of(facts)]
    for file in snapshot.files:
        document = read_document(file)
        if document.form == "action":
            defects += defects_of(gather(document, {}))
    variables, about_variables = authorities.variables(legacy, snapshot.guides, snapshot.variables)
    defects += about_variables
    defects += credentials.in_files(snapshot.guides)
    defects += authorities.competing(legacy)
    defects += authorities.left_open(legacy, snapshot.issues)
    defects += authorities.unreadable_records(snapshot.telemetry)
    changes, more = _history(snapshot.history, files)
    notes = list(snapshot.notes)
    if not snapshot.workflows:
        notes.append(_nothing(snapshot))
    return Audit(
        snapshot.repo,
        snapshot.origin,
        tuple(workflow for _, workflow in read),
        in_order(defects),
        variables,
        (*unreadable, *more),
        changes,
        len(snapshot.workflows) + len(snapshot.history),
        tuple(taken.summary() for taken in take(snapshot)),
        tuple(notes),
    )


def _nothing(snapshot: Snapshot) -> str:
    """Why there is no workflow: the repository has none, or the source does not tell of any."""
    if not snapshot.origin.startswith(("the snapshot ", "the record ")):
        return "there is no workflow in .github/workflows, so there is nothing to replace"
    count = len(snapshot.issues or ())
    return (
        f"{snapshot.origin} tells of {count} issue{'' if count == 1 else 's'} and of no workflow; "
        "to read the workflows too, name a checkout or OWNER/NAME, and this with --record"
    )


def _workflow(facts: Facts, state: str = "") -> Workflow:
    document = facts.document
    kind, confidence, kinds, reasons = classify(facts)
    permissions = [
        f"{level}" if scope == "*" else f"{scope}: {level}" for scope, level, _ in document.permissions or ()
    ]
    for job in document.jobs:
        permissions += [f"{job.id} {scope}: {level}" for scope, level, _ in job.permissions or ()]
    return Workflow(
        document.path,
        document.name,
        kind if document.is_readable else "not ours",
        confidence if document.is_readable else "unsure",
        kinds,
        reasons,
        tuple(trigger.words() for trigger in document.triggers),
        tuple(permissions),
        facts.secrets,
        facts.variables,
        facts.uses,
        tuple(Used(used.name, used.line) for used in facts.writes if facts.pushes),
        state=state,
    )


def _unreadable(document: Document, file: TextFile) -> list[Unreadable]:
    return [Unreadable(problem.where or Where(file.path), file.commit, problem.what) for problem in document.problems]


def _history(history: Iterable[TextFile], files: dict[str, TextFile]) -> tuple[tuple[Change, ...], list[Unreadable]]:
    """How each workflow's kind went through its revisions."""
    kinds: dict[str, tuple[Kind, tuple[Reason, ...]]] = {}
    changes: list[Change] = []
    unreadable: list[Unreadable] = []
    for file in history:
        document = read_document(file)
        unreadable += _unreadable(document, file)
        if not document.is_readable:
            continue  # a revision that cannot be read says nothing about what the workflow is for
        kind, _, _, reasons = classify(gather(document, files))
        before = kinds.get(file.path)
        if before is not None and before[0] != kind:
            changes.append(Change(file.path, file.commit, before[0], kind, _why(before[1], reasons)))
        kinds[file.path] = (kind, reasons)
    return tuple(changes), unreadable


def _why(before: tuple[Reason, ...], after: tuple[Reason, ...]) -> str:
    """What came and what went, in words."""
    was, is_now = {reason.text for reason in before}, {reason.text for reason in after}
    came = sorted(is_now - was)[:_MOST_REASONS]
    went = sorted(was - is_now)[:_MOST_REASONS]
    parts = [f"now {text}" for text in came] + [f"no longer {text}" for text in went]
    return "; ".join(parts) or "the same observations in other numbers"
