"""Commands as they are to be typed next: all faces take them from here, so that the next one finds the folder of this one."""

from __future__ import annotations

import shlex

from tassist.config.settings import Settings
from tassist.text import safe_text


def home_option(settings: Settings) -> str:
    """`` --home DIR`` where the folder was given that way, else nothing: what a variable or a file says, the next command finds too."""
    home = settings.values["home"]
    return f" --home {shlex.quote(safe_text(home.value))}" if home.source == "flag" and home.value else ""


def command(settings: Settings, words: str) -> str:
    """``tassist WORDS``, with the folder where it has to be named."""
    return f"tassist {words}{home_option(settings)}"
