"""Pictures of the place Dashboard, empty, typical, in trouble and hostile, in two sizes; looked at whenever one changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.problems import Problem
from tassist.telemetry import around
from tassist.telemetry.sinks.jsonl import JsonlSink
from tests.integration.telemetry.conformance import entries
from tests.support.console import HOSTILE, console, settled
from tests.support.records import NOON, line

SIZES = ((80, 24), (120, 40))


def typical(folder: Path) -> None:
    """Six weeks of two repositories that work."""
    lines = [
        line(number, repo="acme/lander" if number % 3 == 0 else "acme/orbit", at=NOON + timedelta(hours=20 * number))
        for number in range(50)
    ]
    JsonlSink(folder).write(entries(lines))


def troubled(folder: Path) -> None:
    """A run that was not whole, a configuration that is wrong, records that were lost, and a line that is none."""
    wrong = Problem("unknown-key", "`trakcs` is no key", fix="write tracks")
    lines = [
        line(1),
        line(2, reason="GitHub refused the milestone"),
        around.config_validated(
            repo="acme/lander", run_id="c", config_digest="sha256:0", at=NOON, problems=[wrong], valid=False
        ),
        around.records_lost(sink="otlp:collector.example", at=NOON, first_seq=3, lost=41, reason="the bound was hit"),
    ]
    folder.mkdir(parents=True)
    (folder / "x.jsonl").write_bytes(b"\n".join(lines) + b"\n{torn\n")


def hostile(folder: Path) -> None:
    """Names and reasons that want to act on the terminal."""
    folder.mkdir(parents=True)
    records = []
    for number, text in enumerate(HOSTILE):
        name = "".join(char for char in text if not char.isspace() and char != "/")[:80] or "x"
        records.append(json.dumps(json.loads(line(number, reason=text or "x")) | {"repo": f"acme/{name}"}))
    (folder / "x.jsonl").write_text("\n".join(records) + "\n{broken\n")


STATES: dict[str, Callable[[Path], None] | None] = {
    "empty": None,
    "typical": typical,
    "troubled": troubled,
    "hostile": hostile,
}


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder whose name in pictures is always the same."""
    monkeypatch.chdir(tmp_path)
    folder = Path("home")
    folder.mkdir(mode=0o700)
    return folder


async def on_a_repository(pilot: Pilot[Any]) -> None:
    await settled(pilot.app)  # type: ignore[arg-type]  # the plug-in knows only App
    await pilot.press("down", "down")
    await settled(pilot.app)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
def test_dashboard(snap_compare: Any, home: Path, state: str, size: tuple[int, int]) -> None:
    make = STATES[state]
    if make is not None:
        make(home / "telemetry")

    assert snap_compare(console(home, "dashboard"), terminal_size=size, run_before=on_a_repository)


def test_dashboard_without_colour(snap_compare: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    troubled(home / "telemetry")

    assert snap_compare(console(home, "dashboard"), terminal_size=(80, 24), run_before=on_a_repository)
