"""The palette: every verb of the command line, where it is done, and how it is run from here with all it may be told.

Verbs and their options come from the command line's own registry, handed in at the start; a test keeps the two equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tassist.opening import Form
from tassist.tui.desk import Verb


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a verb is done in the app."""

    place: str
    action: str = ""
    """An action of that place's screen, run once one is there; empty: going there is all."""


REACH: dict[str, Reach] = {
    "config": Reach("rules"),
    "deliveries": Reach("deliveries"),
    "rules": Reach("rules", "show_rules"),
    "why": Reach("issues", "ask_issue"),
    "undo": Reach("issues", "ask_issue"),
    "store": Reach("home", "show_store"),
    "serve": Reach("log"),
    "dashboard": Reach("dashboard"),
    "migrate": Reach("migration"),
    "setup": Reach("setup"),
    "switch": Reach("setup"),
    "doctor": Reach("health"),
    "console": Reach("home"),
}
"""By verb: the place that does it in its own way."""
NOT_RUN: dict[str, str] = {
    "setup": "it asks one question after another; the place Setup (7) does that, and so does tassist setup in a terminal",
    "console": "it is what you are looking at; its options say how it begins",
    "serve": "a service lives as long as it is wanted, and a command here ends with its window: start it in a terminal or as a unit",
    "worker": "it is a service of its own, for a machine without a person at it: start it there as a unit",
    "demo": "it starts a world of its own, into which a console is opened afterwards: type tassist demo in a terminal",
}
"""Verbs that no line is run of here, each with its reason."""
NOT_TOLD: dict[str, str] = {
    "--home": "a command run here works with the folder of this console",
    "--editor": "an editor would draw over this screen; the place Deliveries edits with e",
}
"""Options that are not offered, each with its reason."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that may be added to a line."""

    adds: str
    """What is typed by choosing it; empty where a person has to."""
    shown: str
    help: str


def reachable(verbs: Sequence[Verb]) -> Iterator[tuple[Verb, Reach]]:
    """The verbs that have a place, in the order of the command line."""
    for verb in verbs:
        if verb.name in REACH:
            yield verb, REACH[verb.name]


def form_of(forms: Sequence[Form], words: Sequence[str]) -> Form | None:
    """The command that a line begins with: the longest whose words it has."""
    found = [form for form in forms if tuple(words[: len(form.words)]) == form.words]
    return max(found, key=lambda form: len(form.words), default=None)


def offers(forms: Sequence[Form], words: Sequence[str]) -> list[Offer]:
    """What may follow these words: the commands below, then words in their place, then options."""
    form = form_of(forms, words)
    if form is None:
        return []
    depth = len(form.words)
    found = [
        Offer(below.words[-1], below.words[-1], below.help)
        for below in forms
        if below.words[:depth] == form.words and len(below.words) == depth + 1 and len(words) == depth
    ]
    if not form.runs:
        return found
    told = [one for one in form.parameters if one.name not in NOT_TOLD]
    for one in sorted(told, key=lambda one: (one.is_option, not one.needed)):
        needed = "needed: " if one.needed else ""
        found.append(Offer(one.name if one.is_option else "", f"{one.name} {one.takes}".strip(), f"{needed}{one.help}"))
    return found
