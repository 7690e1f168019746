"""Named points at which a test may kill the process, so that a crash there can be repeated.

`TASSIST_CRASH_AT=after-store` kills the process with SIGKILL the first time it passes that point, `after-store:3` the
third time; where a point says what passes it, `setup-noted:began.app` the first time it is that. Of several, with commas
between, it dies at whichever comes first, and says on stderr which that was. Only tests set it; without it `point` looks at
one empty dict. The points are:

`after-store`       a delivery is committed and not answered
`after-answer`      a delivery is answered and not handled
`before-write`      the intent of a write is committed, the write was not sent
`after-write`       GitHub has done a write, the ledger does not know it
`before-finish`     every write is done, the run is not committed
`after-finish`      the run is committed with its record
`mid-record-append` half of a telemetry line is in the sink's file
`setup-noted`       the installer's journal has one line more: an event and its step
`setup-code-kept`   the code of a new App is kept, and was not exchanged
`setup-converted`   GitHub has told the App's key, and it is not kept
`setup-arrived`     a new App's credentials are kept, beside those used so far
`setup-taken-over`  credentials that were brought along are those used now, and that is not noted
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
    "setup-taken-over",
    "setup-moved",
    "setup-secret-kept",
    "setup-secret-set",
]
POINTS: Final[tuple[str, ...]] = get_args(Point)
VARIABLE: Final = "TASSIST_CRASH_AT"


def _wanted() -> dict[str, int]:
    found = {}
    for each in environment().get(VARIABLE, "").split(","):
        name, _, which = each.partition(":")
        if name in POINTS:
            found[name if which.isdigit() or not which else each] = int(which) if which.isdigit() else 1
    return found


_left = _wanted()
_SEVERAL = "," in environment().get(VARIABLE, "")


def point(name: Point, thing: str = "") -> None:
    """Die here if a test asked for it, of whatever passes or of this thing."""
    if not _left:
        return
    for wanted in (name, f"{name}:{thing}"):
        if wanted in _left:
            _left[wanted] -= 1
            if _left[wanted] <= 0:
                if _SEVERAL:
                    os.write(2, f"killed at {wanted}\n".encode())
                os.kill(os.getpid(), signal.SIGKILL)


def armed(name: Point) -> bool:
    """Whether the next pass of that point is the last: for a point in the middle of one system call's work."""
    return 0 < _left.get(name, 0) <= 1
