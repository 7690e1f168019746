"""One name for a label on both sides: a rename is no difference."""

from __future__ import annotations

from engine.config.types import Config
from engine.model import fold


def renames(config: Config, *, stale: str = "", escalated: str = "") -> dict[str, str]:
    """Folded former name → the name it has under the configuration.

    Args:
        config: Its labels' and tracks' ``aliases`` are former names.
        stale: What legacy calls its stale label, where the configuration has one of its own.
        escalated: The same for its escalated label.
    """
    found: dict[str, str] = {}
    for track in config.tracks:
        found |= {fold(alias): track.label for alias in track.aliases}
    for label in config.labels:
        found |= {fold(alias): label.name for alias in label.aliases}
    if config.stale is not None:
        if stale and config.stale.stale_label:
            found.setdefault(fold(stale), config.stale.stale_label)
        if escalated and config.stale.escalated_label:
            found.setdefault(fold(escalated), config.stale.escalated_label)
    return found
