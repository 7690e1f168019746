"""What the command line asks of one start of the installer; light, so that the first picture need not wait for more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line said."""

    flags: Mapping[str, str] = field(default_factory=dict)
    """Question id → value somebody typed as a flag."""
    answers_file: Path | None = None
    redo: frozenset[str] = frozenset()
    dry: bool = False
    interactive: bool = True
    """Ask whatever is not answered; otherwise only what the answers file says is to be asked."""
    terminal: bool = True
    """There is somebody to ask."""
