"""Whether `engine`, `setup_wizard` and `migrations` are this product's own: common names, that another program may have as well.

Only the standard library is used: where a room is somebody else's, nothing of ours that stands on it can be imported.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

ROOMS = ("engine", "setup_wizard", "migrations")


@dataclass(frozen=True, slots=True)
class Stranger:
    """A room that is missing, or that another program's package stands in the place of."""

    what: str
    why: str
    fix: str


def beside() -> Path:
    """The folder that tassist and its rooms come from."""
    return Path(__file__).resolve().parent.parent


def stranger() -> Stranger | None:
    """The first room that does not come from the folder tassist comes from; nothing of it is run to find out."""
    for name in ROOMS:
        found = importlib.util.find_spec(name)
        places = [Path(place).resolve() for place in (found.submodule_search_locations or [])] if found else []
        if not places:
            return Stranger(
                f"the package {name} is missing",
                "the installation is not whole",
                "install tassist again, into an environment of its own: pipx install tassist",
            )
        if places[0].parent != beside():
            return Stranger(
                f"the package {name} is another program's",
                f"it comes from {places[0].parent}, tassist from {beside()}",
                "install tassist into an environment of its own, such as: pipx install tassist; and unset PYTHONPATH",
            )
    return None
