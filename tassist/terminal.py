"""Whether the full-screen app may draw here, and the line that stands there until it does.

Textual checks no terminal: with a pipe or a dumb terminal it would draw all the same. Nobody but this module decides.
Nothing of weight is imported, because the first line is to be seen within 50 ms.
"""

from __future__ import annotations

import sys

from tassist.config.env import environment

TYPE_CHECKING = False  # typing's own costs a third of that
if TYPE_CHECKING:
    from collections.abc import Mapping

_NO = ("", "0", "off", "no", "false")


def may_draw(*, plain: bool = False, env: Mapping[str, str] | None = None) -> bool:
    """Whether a verb may open the full-screen app instead of writing lines.

    Args:
        plain: The user asked for lines.
        env: Instead of the process's environment; for tests.
    """
    env = environment() if env is None else env
    if plain or env.get("TASSIST_PLAIN", "").lower() not in _NO or env.get("ACCESSIBLE", "").lower() not in _NO:
        return False
    if in_browser(env):
        return True
    if env.get("TERM", "") in {"", "dumb"} or env.get("CI", "").lower() not in _NO:
        return False
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def in_browser(env: Mapping[str, str] | None = None) -> bool:
    """Whether `tassist console --web` shows this process in a browser; its streams are pipes then."""
    return (environment() if env is None else env).get("TEXTUAL_DRIVER", "").endswith(":WebDriver")


def shows_unicode(env: Mapping[str, str] | None = None) -> bool:
    """Whether the terminal can be expected to show more than ASCII: by the locale, or where none is said by our own stream."""
    env = environment() if env is None else env
    if in_browser(env):
        return True
    said = next((env[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if env.get(name)), "")
    encoding = said or getattr(sys.stderr, "encoding", None) or ""
    return "utf-8" in encoding.lower() or "utf8" in encoding.lower()


def splash() -> None:
    """Say at once that something comes; `clear_splash` takes it away."""
    if not in_browser():
        sys.stderr.write(f"\rtassist is opening {'…' if shows_unicode() else '...'}")
        sys.stderr.flush()


def clear_splash() -> None:
    """Leave the line as it was."""
    if not in_browser():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
