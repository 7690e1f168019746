"""What is said when something nobody foresaw ends the app: where it happened, never what any variable held.

Textual's own report prints every local variable, so a token in one would be on the screen and in the scrollback.
"""

from __future__ import annotations

import traceback

from rich.text import Text

from tassist.errors import problems_of, redact
from tassist.text import safe_text

_MOST_FRAMES = 12


def crash_report(error: BaseException) -> str:
    """The problem and the lines of code it passed, for a bug report: no locals, no source lines, nothing secret."""
    said = "\n".join(f"error: {problem}" for problem in problems_of(error))
    frames = [
        f"  {_inside(frame.filename)}:{frame.lineno} in {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]
    ]
    return safe_text(redact("\n".join([said, "  where:", *frames] if frames else [said])), newlines=True)


def crash_text(error: BaseException) -> Text:
    """The same for the terminal."""
    return Text(crash_report(error))


def _inside(path: str) -> str:
    """The path from the package on: where somebody's home is, is nobody's business."""
    parts = path.replace("\\", "/").split("/")
    for root in ("site-packages", "lib"):
        if root in parts:
            return "/".join(parts[len(parts) - parts[::-1].index(root) :])
    return "/".join(parts[-3:])
