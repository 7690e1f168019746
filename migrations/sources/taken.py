"""What a legacy source hands over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from migrations.audit.document import Document
from migrations.model import Snapshot


@dataclass(frozen=True, slots=True)
class Taken:
    """What one source declares, and what becomes of it."""

    source: str
    """The source's id, such as ``actions/stale``."""
    path: str
    """Where what it declares stands; not always the workflow."""
    line: int
    declares: tuple[str, ...]
    """In words, one sentence each."""
    config: dict[str, Any] = field(default_factory=dict)
    """The part of `.github/task-assistant.yml` that does the same, as plain data."""
    not_taken: tuple[str, ...] = ()
    """What Task Assistant does not do, or does otherwise, in words."""
    workflow: str = ""
    """The workflow that uses it."""
    replaces: bool = False
    """Whether Task Assistant does its work from now on, so that the workflow goes; else it stays, to the byte."""

    def summary(self) -> str:
        """One line for an audit."""
        keys = ", ".join(sorted(self.config)) or "nothing"
        left = f"; {len(self.not_taken)} of its settings are not taken over" if self.not_taken else ""
        return f"{self.source} in {self.path}:{self.line}: gives {keys}{left}"


Source = Callable[[Snapshot, tuple[Document, ...]], Iterable[Taken]]
"""A legacy source: from a snapshot and its workflows, already read, to everything of its sort that is there."""
