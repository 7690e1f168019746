"""Keeps a credential that stands in a repository out of its plan: a plan goes into files, a pull request and the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from engine.problems import Problem, ProblemError
from migrations.model import Snapshot
from migrations.plan import Plan, to_data
from tassist.errors import redact
from tassist.text import safe_text


def without_credentials(snapshot: Snapshot) -> tuple[Snapshot, tuple[str, ...]]:
    """The snapshot with nothing in its labels' descriptions and its variables that looks like a credential, and notes about it."""
    labels, variables = snapshot.labels, snapshot.variables
    notes: list[str] = []
    if labels is not None:
        labels = tuple(replace(label, description=redact(label.description)) for label in labels)
        notes += [
            f"the description of label {label.name} holds what looks like a credential: take it out and revoke it"
            for label in snapshot.labels or ()
            if redact(label.description) != label.description
        ]
    if variables is not None:
        variables = {name: value for name, value in variables.items() if redact(value) == value}
        notes += [
            f"variable {name} holds what looks like a credential, and is not used: delete it and revoke what it holds"
            for name in sorted((snapshot.variables or {}).keys() - variables.keys())
        ]
    return replace(snapshot, labels=labels, variables=variables), tuple(notes)


def unrepeating(plan: Plan, notes: tuple[str, ...] = ()) -> Plan:
    """The plan whose words repeat no credential.

    Args:
        plan: As made, or as kept in a file.
        notes: More of what a person should know before saying yes.

    Raises:
        ProblemError: a name or the configuration holds one, and the migration would have to write it somewhere else.
    """
    made = replace(
        plan,
        steps=tuple(
            replace(step, what=redact(step.what), inverse=redact(step.inverse), before=_said(step.before), after=_said(step.after))
            for step in plan.steps
        ),
        by_hand=tuple(map(redact, plan.by_hand)),
        notes=tuple(map(redact, (*plan.notes, *notes))),
    )  # fmt: skip
    held = list(dict.fromkeys(_held(to_data(made))))
    if held:
        raise ProblemError(
            Problem(
                "credential-in-plan",
                f"the plan would repeat what looks like a credential: {safe_text(text.strip(), max_chars=200)}",
                "a plan stands in files and in a pull request that others read",
                "revoke it; then rename the label, file or milestone that is called so, or take it out of the configuration, and plan again",
            )
            for text in held
        )
    return made


def _said(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a step needs, its description made harmless: no step finds anything by it."""
    return {key: redact(value) if key == "description" else value for key, value in values.items()}


def _held(value: Any) -> Iterator[str]:
    """Every line of plain data, the keys of mappings too, that holds a credential, without it."""
    if isinstance(value, str):
        if redact(value) != value:
            # A private key goes over lines, none of which alone looks like one.
            yield from [redact(line) for line in value.splitlines() if redact(line) != line] or [redact(value)]
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _held(key)
            yield from _held(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _held(one)
