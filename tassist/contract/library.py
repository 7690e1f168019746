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
def sources() -> dict[str, str]:
    """Every file of the contract as it ships: name to text, configurations first, then cases, then events."""
    found = {f"configurations/{name}.yml": text for name, text in configurations().items()}
    listed = sorted(_HERE.joinpath("cases").iterdir(), key=lambda entry: entry.name)
    found |= {f"cases/{entry.name}": entry.read_text("utf-8") for entry in listed if entry.name.endswith(".yml")}
    return {**found, "events.yml": _HERE.joinpath("events.yml").read_text("utf-8")}


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
