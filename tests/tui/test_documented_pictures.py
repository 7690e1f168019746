"""The documentation has a picture of every place, of the place as it is, and none that nobody draws."""

from __future__ import annotations

import html
import re
from xml.etree import ElementTree as ET

import pytest

from tassist.tui.places import PLACES, Place
from tests.support.console_pictures import NAMES, PICTURES, path_of

EMPTY = ("There is no telemetry yet", "No service has run", "Reading the journal", "this is done in a shell")


def words_of(name: str) -> str:
    """What is written in a picture."""
    drawn = path_of(name).read_text(encoding="utf-8")
    return html.unescape(re.sub(r"<[^>]*>", "", drawn)).replace("\xa0", " ")


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.id)
def test_a_place_is_pictured_at_work(place: Place) -> None:
    words = words_of(place.id)

    assert f"[{place.key} {place.title}]" in words or f"[{place.key}{place.title}]" in words
    assert not [one for one in EMPTY if one in words], "make pictures"


def test_there_is_no_other_picture_of_the_console() -> None:
    assert {one.name for one in PICTURES.glob("console-*.svg")} == {path_of(name).name for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_whole(name: str) -> None:
    assert ET.parse(path_of(name)).getroot().tag.endswith("svg")
