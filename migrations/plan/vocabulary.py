"""What legacy calls things, and what they are called afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from engine.model import fold

STALE = "state/stale"
ESCALATED = "state/escalated"
FLAGS: Mapping[str, str] = {"needs-attention": STALE, "needs-escalation": ESCALATED}
"""Legacy's flags, carried over by renaming their labels."""
SELF_TEST = "selftest"
_TRACK = re.compile(r"(?:^|[-_/:. ])track[-_/:. ]?(?P<id>[a-z0-9][a-z0-9._-]*)$", re.IGNORECASE)


def track_id(label: str) -> str:
    """The track a label carries, under its old name or its new one; empty where it carries none."""
    found = _TRACK.search(label)
    return found["id"].casefold() if found else ""


def new_name(label: str) -> str:
    """What a legacy label is called afterwards; its own name where nothing replaces it."""
    track = track_id(label)
    return f"track/{track}" if track else FLAGS.get(fold(label), label)


def is_self_test(labels: Iterable[str]) -> bool:
    """Whether labels mark an issue that the legacy self-test opened."""
    return any(SELF_TEST in fold(label).replace("-", "") for label in labels)


def variable(variables: Mapping[str, str], *words: str) -> tuple[str, str] | None:
    """The first variable, by name, whose name has all these words between its underscores, and its value."""
    for name in sorted(variables):
        parts = name.upper().split("_")
        if all(word in parts for word in words):
            return name, variables[name].strip()
    return None
