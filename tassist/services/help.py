"""`tassist help`: what a problem means, found by its code; the words are those of the place that tells of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources

from engine.problems import Problem, ProblemError

DATA = "problems.json"
"""Written by `make docs` from the source; see tests/support/problems.py."""
_WHOSE = {
    "yours": "It is in your hands: input, a file or a setting.",
    "world": "The world is in the way: network, disk or GitHub. What waits is tried again by itself.",
    "ours": "It is a bug in tassist, or in what tassist needs.",
    "auth": "It is a matter of credentials or permissions.",
    "waiting": "It waits for a person.",
}


@dataclass(frozen=True, slots=True)
class ProblemHelp:
    """What is known of one kind of problem; ``…`` stands where a name or a number will."""

    code: str
    what: str
    why: str
    fix: str
    family: str
    exit_code: int

    @property
    def whose(self) -> str:
        """Who can do something about it, in a sentence."""
        return _WHOSE[self.family]

    def data(self) -> dict[str, object]:
        """As plain data."""
        return {
            "code": self.code,
            "what": self.what,
            "why": self.why,
            "fix": self.fix,
            "family": self.family,
            "exit_code": self.exit_code,
        }


@cache
def codes() -> dict[str, ProblemHelp]:
    """Every code there is, in alphabetical order."""
    read: dict[str, dict[str, str]] = json.loads(resources.files("tassist").joinpath(DATA).read_text(encoding="utf-8"))
    return {
        code: ProblemHelp(
            code, said.get("what", ""), said.get("why", ""), said.get("fix", ""), said["family"], int(said["exit_code"])
        )
        for code, said in read.items()
    }


def explain(code: str) -> ProblemHelp:
    """What the problem with this code means.

    Raises:
        ProblemError: there is no such code; the nearest ones are named.
    """
    found = codes().get(code.strip().lower())
    if found is None:
        near = get_close_matches(code.strip().lower(), list(codes()), n=3, cutoff=0.5)
        raise ProblemError(
            Problem(
                "help-unknown",
                f"there is neither a command nor a problem named {code}",
                f"near it: {', '.join(near)}" if near else "",
                "list the commands with: tassist --help, and the problems with: tassist help --problems",
            )
        )
    return found
