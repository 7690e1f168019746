"""Commands as they are to be typed next: all faces take them from here, so that the next one finds the folder of this one."""

from __future__ import annotations

import re
import shlex

from tassist.config.settings import Settings
from tassist.text import safe_text

_COMMAND = re.compile(r"\btassist((?: [a-z][a-z-]*)+)")
TAKE_HOME = frozenset(
    """
    setup, setup export, rotate, switch dev, switch prod, switch status, doctor, console, serve, worker,
    deliveries search, deliveries diff, deliveries edit, deliveries resend, deliveries redeliver, deliveries list,
    deliveries show, deliveries replay, trigger, store info, store prune, telemetry verify, telemetry status,
    telemetry export, telemetry import, telemetry prune, dashboard, dashboard build, dashboard diff, dashboard open,
    dashboard records, scaffold, plan, apply, why, sweep, undo, rollover, migrate audit, migrate diff, migrate plan,
    migrate shadow start, migrate shadow status, migrate shadow stop, migrate apply, migrate verify, migrate rollback,
    migrate import-telemetry
    """.replace("\n", " ")
    .strip()
    .replace("    ", "")
    .split(", ")
)
"""Every command that takes ``--home``."""


def home_option(settings: Settings) -> str:
    """`` --home DIR`` where the folder was given that way, else nothing: what a variable or a file says, the next command finds too."""
    home = settings.values["home"]
    return f" --home {shlex.quote(safe_text(home.value))}" if home.source == "flag" and home.value else ""


def command(settings: Settings, words: str) -> str:
    """``tassist WORDS``, with the folder where it has to be named."""
    return f"tassist {words}{home_option(settings)}"


def with_home(text: str, option: str) -> str:
    """A text for people, in which every command of ours names the folder where ``option`` of `home_option` does."""
    if not option:
        return text

    def named(found: re.Match[str]) -> str:
        words = found[1].split()
        rest = text[found.end() :].partition("tassist ")[0]
        length = next((at for at in range(len(words), 0, -1) if " ".join(words[:at]) in TAKE_HOME), 0)
        if not length or "--home" in rest:
            return found[0]
        return " ".join(["tassist", *words[:length]]) + " ".join([option, *words[length:]])

    return _COMMAND.sub(named, text)
