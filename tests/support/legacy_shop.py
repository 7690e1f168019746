"""A box with `lena/shop` in it: home-grown automation, its state and its telemetry; see tests/fixtures/legacy_shop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tassist.sandbox import Box
from tassist.sandbox.model import Repository
from tassist.sandbox.seeds.checkout import plant_files

SHOP = Path(__file__).resolve().parents[1] / "fixtures" / "legacy_shop"
NAME = "lena/shop"
LEGACY = ("board", "dashboard", "label", "selftest", "stale", "sync", "telemetry")
"""`.github/workflows/shop-<this>.yml`, for each."""


def shop_box(legacy: Sequence[str] = LEGACY, records: int | None = None) -> tuple[Box, Repository]:
    """The box, and the repository with its files and its telemetry branch.

    Args:
        legacy: Which of its legacy workflows it has.
        records: How many files of telemetry; all where not said.
    """
    box = Box.from_file(SHOP / "state.json")
    repo = box.repository(NAME)
    gone = {f".github/workflows/shop-{name}.yml" for name in LEGACY if name not in legacy}
    plant_files(box, repo, {path: content for path, content in below(SHOP / "files") if path not in gone})
    plant_files(box, repo, dict(list(below(SHOP / "telemetry"))[:records]), branch="gh-pages")
    return box, repo


def below(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file by its path, in order."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()
