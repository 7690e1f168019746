"""Of every place there are pictures: empty, typical, in error and hostile, in two sizes, and one without colour."""

from __future__ import annotations

from pathlib import Path

import pytest

from tassist.tui.places import PLACES

PICTURES = Path(__file__).parent / "__snapshots__"
SIZES = ("80x24", "120x40")
STATES = ("empty", "typical", "error", "hostile")
_OF_LISTS = {"error": "troubled"}
NAMES: dict[str, tuple[str, dict[str, str], str]] = {
    **{place: (f"test_snapshots/test_a_place[{place}-", _OF_LISTS, f"test_snapshots/test_without_colour[{place}]")
       for place in ("home", "deliveries", "issues", "log")},
    "rules": ("test_snapshots/test_rules[", {}, "test_snapshots/test_a_place_of_text_without_colour[rules]"),
    "migration": (
        "test_migration_place/test_its_picture[", {}, "test_snapshots/test_a_place_of_text_without_colour[migration]",
    ),
    "dashboard": (
        "test_dashboard_pictures/test_dashboard[", _OF_LISTS, "test_dashboard_pictures/test_dashboard_without_colour",
    ),
    "health": (
        "test_setup_pictures/test_health[", {"typical": "well", "error": "typical"},
        "test_setup_pictures/test_health_without_colour",
    ),
    "setup": (
        "test_setup_pictures/test_setup[",
        {"empty": "start-empty", "typical": "question-text", "error": "question-error", "hostile": "question-hostile"},
        "test_setup_pictures/test_setup_without_colour[question-error]",
    ),
}  # fmt: skip
"""The beginning of a place's pictures, the states it calls otherwise, and its picture without colour."""


def test_no_place_is_without_a_row() -> None:
    assert set(NAMES) == {place.id for place in PLACES}


@pytest.mark.parametrize("place", NAMES)
def test_every_place_is_pictured_in_every_state_and_size(place: str) -> None:
    begin, called, without_colour = NAMES[place]
    wanted = [f"{begin}{called.get(state, state)}-{size}]" for state in STATES for size in SIZES]

    assert [name for name in (*wanted, without_colour) if not (PICTURES / f"{name}.svg").is_file()] == []
