"""How a bug is planted: one piece of the product replaced by a plausible wrong one for as long as a simulation runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Put = Callable[[Any, str, Any], None]
BUGS: dict[str, tuple[str, Callable[[Put], None]]] = {}


def bug(sentence: str) -> Callable[[Callable[[Put], None]], Callable[[Put], None]]:
    def register(plant: Callable[[Put], None]) -> Callable[[Put], None]:
        BUGS[plant.__name__.strip("_").replace("_", "-")] = (sentence, plant)
        return plant

    return register


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Let the bug live inside; no name, no bug."""
    before: list[tuple[Any, str, Any]] = []

    def put(where: Any, attribute: str, value: Any) -> None:
        before.append((where, attribute, where.__dict__[attribute]))
        setattr(where, attribute, value)

    if name:
        BUGS[name][1](put)
    try:
        yield
    finally:
        for where, attribute, value in reversed(before):
            setattr(where, attribute, value)
