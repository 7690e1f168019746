"""Named points at which a test may kill the process, so that a crash there can be repeated.

`TASSIST_CRASH_AT=after-store` kills the process with SIGKILL the first time it passes that point, `after-store:3` the
third time. Only tests set it; without it `point` compares one empty string. The points are:

`after-store`       a delivery is committed and not answered
`after-answer`      a delivery is answered and not handled
`before-write`      the intent of a write is committed, the write was not sent
`after-write`       GitHub has done a write, the ledger does not know it
`before-finish`     every write is done, the run is not committed
`after-finish`      the run is committed with its record
`mid-record-append` half of a telemetry line is in the sink's file
`setup-noted`       the installer's journal has one line more
`setup-code-kept`   the code of a new App is kept, and was not exchanged
`setup-converted`   GitHub has told the App's key, and it is not kept
`setup-arrived`     a new App's credentials are kept, beside those used so far
`setup-moved`       the secrets are in their new place, and still in the old one
`setup-secret-kept` a new webhook secret is kept, GitHub was not told
`setup-secret-set`  GitHub signs with it, and that is not noted
"""

from __future__ import annotations

import os
import signal
from typing import Final, Literal, get_args

from tassist.config.settings import environment

Point = Literal[
    "after-store",
    "after-answer",
    "before-write",
    "after-write",
    "before-finish",
    "after-finish",
    "mid-record-append",
    "caught-one",
    "setup-noted",
    "setup-code-kept",
    "setup-converted",
    "setup-arrived",
    "setup-moved",
    "setup-secret-kept",
    "setup-secret-set",
]
POINTS: Final[tuple[str, ...]] = get_args(Point)
VARIABLE: Final = "TASSIST_CRASH_AT"


def _wanted() -> tuple[str, int]:
    name, _, count = environment().get(VARIABLE, "").partition(":")
    return (name, int(count) if count.isdigit() else 1) if name in POINTS else ("", 0)


_NAME, _left = _wanted()


def point(name: Point) -> None:
    """Die here if a test asked for it."""
    if name != _NAME:
        return
    global _left  # noqa: PLW0603 – the process counts down to its own end
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)


def armed(name: Point) -> bool:
    """Whether the next pass of that point is the last: for a point in the middle of one system call's work."""
    return name == _NAME and _left <= 1
