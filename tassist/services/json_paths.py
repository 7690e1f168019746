"""Paths into a JSON document as people write them: ``issue.labels[0].name``, ``issue.labels[name=bug]``, ``["a.b"]``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from engine.problems import Problem, ProblemError
from tassist.text import safe_text


@dataclass(frozen=True, slots=True)
class Chosen:
    """The item of a list whose ``key`` has this value."""

    key: str
    value: str


Step = str | int | Chosen
Path = tuple[Step, ...]
_TOKEN = re.compile(
    r'\.?(?P<name>[^.\[\]"=]+)|\[(?P<index>\d{1,9})\]|\[(?P<quoted>"(?:[^"\\]|\\.)*")\]'
    r"|\[(?P<key>[A-Za-z_]+)=(?P<value>[^\]]*)\]"
)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def render(path: Path) -> str:
    """The path as a person writes it; ``parse`` reads it again."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif isinstance(step, Chosen):
            text += f"[{step.key}={step.value}]"
        elif _PLAIN.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step)}]"
    return text


def parse(text: str) -> Path:
    """The steps of a path.

    Raises:
        ProblemError: it is none.
    """
    steps: list[Step] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or (found["name"] and bool(at) != (text[at] == ".")):
            raise ProblemError(_no_path(text, f"it cannot be read from character {at + 1} on"))
        if found["name"]:
            steps.append(found["name"])
        elif found["index"]:
            steps.append(int(found["index"]))
        elif found["quoted"]:
            try:
                steps.append(json.loads(found["quoted"]))
            except ValueError:
                raise ProblemError(_no_path(text, f"the quoted key at character {at + 2} is no JSON text")) from None
        else:
            steps.append(Chosen(found["key"], found["value"]))
        at = found.end()
    if not steps:
        raise ProblemError(_no_path(text, "it is empty"))
    return tuple(steps)


def put(document: Any, path: Path, value: object) -> None:
    """Set the value at a path; missing objects on the way are made, an index one past the end appends.

    Raises:
        ProblemError: something on the way is neither an object nor a list, or has no such item.
    """
    at = document
    for place, step in enumerate(path[:-1]):
        key = _key(at, step, path[: place + 1])
        if isinstance(at, dict) and at.get(key) is None:
            at[key] = {}
        elif isinstance(at, list) and key == len(at):
            at.append({})
        at = at[key]
    key = _key(at, path[-1], path)
    if isinstance(at, list) and key == len(at):
        at.append(value)
    else:
        at[key] = value


def take(document: Any, path: Path) -> None:
    """Remove what is at a path.

    Raises:
        ProblemError: there is nothing.
    """
    at = document
    for place, step in enumerate(path):
        key = _key(at, step, path[: place + 1])
        if key not in at if isinstance(at, dict) else key >= len(at):
            raise ProblemError(_no_path(render(path), f"there is no {render(path[: place + 1])}"))
        if place == len(path) - 1:
            del at[key]
        else:
            at = at[key]


def _key(at: Any, step: Step, so_far: Path) -> Any:
    """The key or index a step means in this object or list."""
    if isinstance(at, dict) and isinstance(step, str):
        return step
    if isinstance(at, list):
        if isinstance(step, int) and step <= len(at):
            return step
        if isinstance(step, Chosen):
            for index, item in enumerate(at):
                if isinstance(item, dict) and str(item.get(step.key)) == step.value:
                    return index
            raise ProblemError(_no_path(render(so_far), "no item of the list is so"))
    kind = "an object" if isinstance(at, dict) else f"a list of {len(at)}" if isinstance(at, list) else "a value"
    before = render(so_far[:-1]) or "the payload"
    raise ProblemError(_no_path(render(so_far), f"{before} is {kind}"))


def _no_path(text: str, why: str) -> Problem:
    return Problem(
        "path-wrong",
        f"{safe_text(text, max_chars=200)!r} leads nowhere",
        safe_text(why, max_chars=300),
        "paths look like issue.title, issue.labels[0].name or issue.labels[name=bug].color",
    )
