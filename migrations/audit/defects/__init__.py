"""What is wrong in the workflows and records of a repository, each with its file and line."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migrations.audit.defects import (
    authorities,
    credentials,
    gh_calls,
    injection,
    outputs,
    permissions,
    pins,
    records,
    starting,
)
from migrations.audit.facts import Facts
from migrations.model import Defect

EACH: tuple[Callable[[Facts], Iterator[Defect]], ...] = (
    injection.find,
    credentials.find,
    starting.find,
    pins.find,
    permissions.find,
    gh_calls.find,
    outputs.find,
    records.find,
)
"""Each looks at one workflow by itself."""
_ORDER = {"high": 0, "medium": 1, "low": 2}


def defects_of(facts: Facts) -> list[Defect]:
    """Everything wrong in one workflow."""
    return [defect for find in EACH for defect in find(facts)]


def in_order(found: list[Defect]) -> tuple[Defect, ...]:
    """By severity, code, file and line; each once."""
    return tuple(
        sorted(
            dict.fromkeys(found),
            key=lambda defect: (
                _ORDER[defect.severity],
                defect.code,
                defect.where.file,
                defect.where.line or 0,
                defect.what,
            ),
        )
    )


__all__ = ["authorities", "credentials", "defects_of", "in_order"]
