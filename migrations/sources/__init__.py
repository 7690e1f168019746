"""Other legacy sources than home-grown scripts: configurations of well-known Actions, each read into a configuration of ours.

A source says whether it is there, what it declares in words, and what of it Task Assistant takes over; what it cannot take over it names.
`docs/how-to/write-a-legacy-source.md` shows how to write one.
"""

from __future__ import annotations

from collections.abc import Iterable

from migrations.audit.document import Document, read_document
from migrations.audit.known_actions import plain_name
from migrations.model import Snapshot
from migrations.sources.labeler import labeler
from migrations.sources.stale import stale
from migrations.sources.taken import Source, Taken

SOURCES: dict[str, Source] = {"actions/stale": stale, "actions/labeler": labeler}
"""In the order in which they are asked; one more is one function and one line."""
_AROUND = frozenset(["actions/checkout", "actions/create-github-app-token", "step-security/harden-runner"])
"""They do nothing by themselves to issues, records or code."""


def take(snapshot: Snapshot) -> tuple[Taken, ...]:
    """What every source finds in the repository."""
    documents = _documents(snapshot)
    return tuple(taken for source in SOURCES.values() for taken in source(snapshot, documents))


def staying(snapshot: Snapshot, taken: Iterable[Taken]) -> frozenset[str]:
    """Workflows that do nothing but use sources whose work Task Assistant does not do: a migration leaves them as they are.

    Args:
        snapshot: With its workflows.
        taken: What the sources found in it.
    """
    found = tuple(taken)
    going = {one.workflow for one in found if one.replaces}
    asked = {one.workflow for one in found} - going
    return frozenset(one.path for one in _documents(snapshot) if one.path in asked and _does_nothing_else(one))


def _documents(snapshot: Snapshot) -> tuple[Document, ...]:
    return tuple(read_document(file) for file in snapshot.workflows)


def _does_nothing_else(document: Document) -> bool:
    return all(
        step.uses is not None and plain_name(step.uses.value) in {*SOURCES, *_AROUND} for _, step in document.steps
    )


__all__ = ["SOURCES", "Source", "Taken", "staying", "take"]
