"""A box with `lena/shop` in it: home-grown automation, its state and its telemetry; see tests/fixtures/legacy_shop."""

from __future__ import annotations

from pathlib import Path

from tassist.sandbox import Box
from tassist.sandbox.model import Repository
from tassist.sandbox.seeds.checkout import plant_folder

SHOP = Path(__file__).resolve().parents[1] / "fixtures" / "legacy_shop"
NAME = "lena/shop"
LEGACY = ("board", "dashboard", "label", "selftest", "stale", "sync", "telemetry")
"""`.github/workflows/shop-<this>.yml`, for each."""


def shop_box() -> tuple[Box, Repository]:
    """The box, and the repository with its files and its telemetry branch."""
    box = Box.from_file(SHOP / "state.json")
    repo = box.repository(NAME)
    plant_folder(box, repo, SHOP / "files")
    plant_folder(box, repo, SHOP / "telemetry", branch="gh-pages")
    return box, repo
