"""What every test of the app gets: colours, a still clock, no blinking, pictures of one Python only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Input, TextArea

PICTURED_ON = (3, 11)
"""Pictures differ between Pythons in nothing we mean; they are drawn and compared on this one."""


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """Skip pictures on another Python, and refuse to renew them there."""
    if sys.version_info[:2] == PICTURED_ON:
        return
    if config.getoption("update_snapshots", default=False):
        raise pytest.UsageError(f"pictures are drawn on Python {PICTURED_ON[0]}.{PICTURED_ON[1]}")
    skip = pytest.mark.skip(reason=f"pictures are compared on Python {PICTURED_ON[0]}.{PICTURED_ON[1]}")
    for item in items:
        if "snap_compare" in getattr(item, "fixturenames", ()):
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def _still_app(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing moves by itself, and colours are shown unless a test takes them away."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setattr("textual.constants.TEXTUAL_ANIMATIONS", "none")
    # What is said in passing stays: on a busy machine six seconds may go by before it is looked at.
    monkeypatch.setattr("tassist.tui.app.TassistApp.NOTIFICATION_TIMEOUT", 86_400)
    for kind in (Input, TextArea):
        monkeypatch.setattr(kind, "cursor_blink", False)
    yield  # noqa: PT022 – undone by monkeypatch afterwards


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty folder for a service."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder
