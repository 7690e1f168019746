"""The sample site in docs/: a simulated year of five repositories, shown as `tassist dashboard build` shows it."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

from tassist.dashboard.make import make
from tassist.dashboard.reading import read
from tassist.dashboard.site.build import site
from tests.support import year

FOLDER = Path(__file__).parents[2] / "docs" / "sample-dashboard"


@cache
def sample() -> dict[str, bytes]:
    """Every file of it."""
    with tempfile.TemporaryDirectory(prefix="tassist-sample-") as scratch:
        year.write(Path(scratch), year.year())
        return site(make(read(Path(scratch))))


def differing() -> list[str]:
    """Files that are not as they would be written now."""
    wanted = sample()
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    return sorted(
        name
        for name in there | wanted.keys()
        if name not in wanted or name not in there or (FOLDER / name).read_bytes() != wanted[name]
    )


def write() -> None:
    """Write it anew."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, content in sample().items():
        target = FOLDER / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
