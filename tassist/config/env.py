"""The process's environment: the only reader of it; imports nothing else, for what must be on screen at once."""

from __future__ import annotations

import os


def environment() -> dict[str, str]:
    """A copy of the process's environment; everything else gets it from here."""
    return dict(os.environ)  # noqa: TID251 – this is the one place
