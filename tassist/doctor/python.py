"""Python and the packages: new enough, and the rooms of this product beside each other."""

from __future__ import annotations

import importlib.util

from tassist import __version__
from tassist.doctor.check import Check, Finding, Machine, blocking, failed, ok, skipped, warning
from tassist.rooms import beside, stranger
from tassist.text import safe_text

OLDEST = (3, 11)
OPTIONAL = {"ngrok": "ngrok", "postgresql": "psycopg", "web": "textual_serve"}
"""Extra → a module that is there with it."""


def _python(machine: Machine) -> Finding:
    version = ".".join(str(part) for part in machine.python)
    if machine.python[:2] < OLDEST:
        return failed(
            f"this is Python {version}",
            "tassist needs 3.11 or later",
            "install a newer one, then install tassist with it",
        )
    extras = [extra for extra, module in OPTIONAL.items() if importlib.util.find_spec(module) is not None]
    return ok(f"Python {version}, tassist {__version__}" + (f", with {', '.join(extras)}" if extras else ""))


def _rooms(machine: Machine) -> Finding:
    del machine
    found = stranger()
    if found is not None:
        return failed(safe_text(found.what), safe_text(found.why), found.fix)
    return ok(f"all of tassist comes from {safe_text(beside())}")


def _terminal(machine: Machine) -> Finding:
    if not all(machine.streams):
        return skipped("this is no terminal: commands speak in plain lines")
    kind = machine.environment.get("TERM", "")
    if kind in {"", "dumb"}:
        return warning(
            f"TERM is {safe_text(kind, max_chars=40) or 'not set'}",
            "the full-screen console cannot be drawn; everything is there in plain lines too",
            "export TERM=xterm-256color",
        )
    if "utf" not in machine.encoding.lower():
        return warning(
            f"the terminal's encoding is {safe_text(machine.encoding, max_chars=40)}",
            "marks and other scripts are replaced by question marks",
            "export LC_ALL=C.UTF-8",
        )
    columns, lines = machine.size
    if columns < 80 or lines < 24:
        return warning(
            f"the terminal has {columns} columns and {lines} lines",
            "everything works from 80 by 24 on; below that parts are cut",
            "make the window larger",
        )
    colour = "without colour, as NO_COLOR asks" if machine.environment.get("NO_COLOR") else "with colour"
    return ok(f"{columns} by {lines}, {safe_text(kind, max_chars=40)}, {colour}")


CHECKS: tuple[Check[Machine], ...] = (
    Check(
        "python",
        "Python",
        "Python 3.11 or later runs tassist; the optional parts that are installed are named.",
        blocking(_python),
    ),
    Check(
        "packages",
        "Packages",
        "`engine`, `setup_wizard` and `migrations` are common names. Where another program's package of that name is found "
        "first, its rules would run instead of ours; so all must come from the folder tassist comes from.",
        blocking(_rooms),
    ),
    Check(
        "terminal",
        "Terminal",
        "Whether the full-screen console can be drawn: a real terminal, 80 columns by 24 lines, UTF-8. Everything is "
        "there in plain lines too, so this is never more than a warning.",
        blocking(_terminal),
    ),
)
