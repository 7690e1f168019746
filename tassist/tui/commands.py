"""The palette: every verb of the command line that the app can do, and where it does it.

The verbs come from the command line's own registry, handed in at the start; a test keeps the two equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
"""By verb."""
CLI_ONLY: dict[str, str] = {
    "demo": "it starts a world of its own, into which a console is opened afterwards",
    "scaffold": "it writes files into a checkout and shows each difference, which is read before it is agreed to",
    "trigger": "the console edits and sends again what has really come; a made-up delivery takes a line of flags",
    "run": "it reads a payload from a file or a pipe",
    "contract": "a page of cases to be read, exported or compared in a script",
    "telemetry": "files in, files out; the dashboard shows what is in them",
    "plan": "its exit code is what it is for",
    "apply": "it writes to many labels at once and wants its plan reviewed line by line, as in a pull request",
    "sweep": "it shows its own progress, and its looks appear among the deliveries and issues here",
    "worker": "it is a service of its own, for a machine without a person at it",
    "rotate": "it changes a secret under a running service, and wants its flags said aloud",
    "help": "F1 explains what has the focus, and every problem says what to do",
    "completion": "it prints a script for a shell",
    "rollover": "it is done once in a sprint, with flags that name both milestones",
}
"""Verbs that stay on the command line, each with its reason."""


def reachable(verbs: Sequence[Verb]) -> Iterator[tuple[Verb, Reach]]:
    """The verbs the palette offers, in the order of the command line."""
    for verb in verbs:
        if verb.name in REACH:
            yield verb, REACH[verb.name]
