"""The installer's journal: what was answered and done, one JSON object a line, only ever appended to.

It says where a killed installer was; what is true the world says, so that nothing here is believed without a look.
No secret is ever written: answers to secret questions are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from setup_wizard.question import Question

Event = Literal["answered", "began", "applied", "waiting", "verified", "failed", "finished"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line."""

    at: datetime
    event: Event
    step: str = ""
    said: Mapping[str, str] = field(default_factory=dict)
    """Answers by question id, or what a step has learned."""


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier sittings left."""

    answers: Mapping[str, str] = field(default_factory=dict)
    learned: Mapping[str, str] = field(default_factory=dict)
    begun: str = ""
    """The step that began and did not end."""
    finished: bool = False
    answered_at: Mapping[str, str] = field(default_factory=dict)
    """When each of the answers was given last, in RFC 3339."""


def line(entry: Entry) -> str:
    """An entry as it is appended, with its line end."""
    document = {"at": entry.at.isoformat(), "event": entry.event}
    document |= {"step": entry.step} if entry.step else {}
    return json.dumps(document | ({"said": dict(entry.said)} if entry.said else {}), ensure_ascii=True) + "\n"


def without_secrets(said: Mapping[str, str], questions: Mapping[str, Question]) -> dict[str, str]:
    """Answers fit for the journal."""
    return {key: value for key, value in said.items() if key in questions and not questions[key].secret}


def read(text: str, questions: Mapping[str, Question]) -> Past:
    """What the lines say; a line that was cut off by a crash, or that somebody damaged, is passed over."""
    answers: dict[str, str] = {}
    learned: dict[str, str] = {}
    answered_at: dict[str, str] = {}
    begun, finished = "", False
    for document in _documents(text.splitlines()):
        event, step, said = document.get("event"), document.get("step", ""), document.get("said", {})
        if not isinstance(step, str) or not isinstance(said, dict):
            continue
        texts = {str(key): value for key, value in said.items() if isinstance(value, str)}
        if event == "answered":
            fit = without_secrets(texts, questions)
            answers |= fit
            answered_at |= dict.fromkeys(fit, str(document.get("at", "")))
            finished = False
        elif event in {"began", "waiting"}:
            begun, finished = step, False
        elif event in {"applied", "verified"}:
            learned |= texts
            begun = step if event == "applied" else ""
        elif event == "failed":
            begun = step
        elif event == "finished":
            begun, finished = "", True
    return Past(answers, learned, begun, finished, answered_at)


def _documents(lines: Iterable[str]) -> Iterable[dict[str, object]]:
    for text in lines:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict):
            yield document
