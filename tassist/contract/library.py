"""The contract's files as they ship with the product, read once."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from tassist.contract.case import Case, Topic
from tassist.contract.reading import read_topic

_HERE = files("tassist.contract")


@lru_cache(maxsize=1)
def configurations() -> dict[str, str]:
    """The named configurations that cases start from: name to text, in alphabetical order."""
    found = [entry for entry in _HERE.joinpath("configurations").iterdir() if entry.name.endswith(".yml")]
    return {entry.name.removesuffix(".yml"): entry.read_text("utf-8") for entry in sorted(found, key=lambda e: e.name)}


@lru_cache(maxsize=1)
def topics() -> tuple[Topic, ...]:
    """Every topic, in the order of the file names; a number in front of a name only orders it."""
    found = [entry for entry in _HERE.joinpath("cases").iterdir() if entry.name.endswith(".yml")]
    return tuple(
        read_topic(entry.name.removesuffix(".yml").lstrip("0123456789-"), entry.read_text("utf-8"), configurations())
        for entry in sorted(found, key=lambda e: e.name)
    )


def cases() -> tuple[Case, ...]:
    """Every case, in order."""
    return tuple(case for topic in topics() for case in topic.cases)
