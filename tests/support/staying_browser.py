"""A command for BROWSER that stays in the foreground, as some browsers do, until the test lets it go."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.service import wait_for

_STAYS = """#!{python} -I
import os, sys, time
there = {folder!r}
with open(there + "/asked.part", "w") as file:
    file.write(sys.argv[1])
os.rename(there + "/asked.part", there + "/asked")
until = time.monotonic() + 120
while not os.path.exists(there + "/go") and time.monotonic() < until:
    time.sleep(0.05)
open(there + "/gone", "w").close()
"""


@dataclass(frozen=True)
class Staying:
    """The command, and what it was asked for."""

    folder: Path

    @property
    def command(self) -> str:
        """For the variable BROWSER."""
        return str(self.folder / "browser")

    @property
    def link(self) -> str:
        """What it was asked to open, or nothing yet."""
        file = self.folder / "asked"
        return file.read_text() if file.exists() else ""

    @property
    def stays(self) -> bool:
        """Whether it is still there."""
        return bool(self.link) and not (self.folder / "gone").exists()


@contextmanager
def staying_browser(folder: Path) -> Iterator[Staying]:
    """A browser that ends when this does."""
    folder.mkdir()
    browser = Staying(folder)
    Path(browser.command).write_text(_STAYS.format(python=os.path.realpath(sys.executable), folder=str(folder)))
    Path(browser.command).chmod(0o755)
    try:
        yield browser
    finally:
        (folder / "go").touch()
        if browser.link:
            wait_for((folder / "gone").exists, "the browser's end", timeout_s=60)
