"""What goes wrong in the simulation, how often, and how often it really did."""

from __future__ import annotations

import random
from collections import Counter

KINDS: dict[str, str] = {
    "duplicate": "a webhook arrives again under its own id",
    "reorder": "a webhook is overtaken by later ones",
    "late": "a webhook is hours late",
    "loss": "a webhook never arrives; only GitHub's log knows it",
    "poison": "a signed body that is no payload anybody can trust",
    "down": "a webhook comes while nobody listens",
    "lag": "a read shows the issue as it was before",
    "lag-404": "a read does not know the issue yet",
    "server-error": "5xx, and nothing was done",
    "answer-lost": "the connection breaks after the request was done",
    "error-after": "5xx, although it was done",
    "unreachable": "the connection cannot be made",
    "stall": "no answer ever",
    "garbled": "half an answer",
    "conflict": "409",
    "429": "429 with retry-after",
    "403-secondary": "the secondary limit",
    "403-primary": "the hourly limit",
    "403-permission": "a write is refused",
    "redirect": "301, 302, 307 or 308 to an address of the same host",
    "token-revoked": "a token is refused before its time",
    "token-expired": "a token has run out, and another is minted",
    "edit-in-between": "somebody changes an issue while it is being looked at",
    "rename": "a repository gets another name",
    "archive": "a repository is archived for a while",
    "suspend": "an installation is suspended for a while",
    "removed": "a repository leaves its installation for a while",
    "uninstalled": "the App is uninstalled, and installed anew as another installation",
    "transferred": "a repository moves to another account",
    "created-anew": "a repository is deleted, and another made under its name",
    "absent": "nobody is there for hours or days",
    "log-forgets": "nobody was there for longer than GitHub keeps its log",
    "unhooked": "the App has no webhook for a while, and every repository is asked",
    "standing-lag": "GitHub says for a moment longer that an installation is as it was",
    "adversary": "another bot undoes what is written",
    "reconfigure": "the configuration file changes",
    "milestone-closed": "a milestone is closed or opened again",
    "night": "hours pass at once, then the nightly sweep",
    "disk-full": "the journal cannot grow",
    "deadly": "looking at one issue kills the process again and again",
    "crash:idle": "the process dies at any moment",
    "crash:before-commit": "it dies before a group of writes is committed",
    "crash:after-commit": "it dies when they are committed and nobody was told",
    "crash:before-request": "it dies before a request is sent",
    "crash:after-request": "it dies when GitHub has done it and the answer is on its way",
    "crash:after-store": "it dies before it answers a delivery that is stored",
    "crash:after-answer": "it dies when it has answered",
    "crash:before-write": "it dies between intent and write",
    "crash:after-write": "it dies between write and outcome",
    "crash:before-finish": "it dies before a run is committed",
    "crash:after-finish": "it dies when a run is committed",
    "crash:caught-one": "it dies while it catches up, between two deliveries",
    "crash:mid-prune": "it dies between two steps of retention",
    "crash:mid-record-append": "it dies in the middle of a telemetry line",
    "crash:before-cursor": "it dies between a telemetry batch and its cursor",
}


EAGER = 25


class Faults:
    """Decides by its own seeded dice; `fired` counts what came of it."""

    def __init__(self, rng: random.Random, *, without: frozenset[str] = frozenset()) -> None:
        self._rng = rng
        self.enabled = frozenset(KINDS) - without
        self.fired: Counter[str] = Counter()
        self.active = True

    def strikes(self, kind: str, chance: float) -> bool:
        """Whether it happens here; counted."""
        if not self.may(kind, chance):
            return False
        self.fired[kind] += 1
        return True

    def may(self, kind: str, chance: float) -> bool:
        """Whether it is to be tried; `note` counts it where it comes true."""
        if not self.active or kind not in self.enabled:
            return False
        # What has not happened yet is likelier, so that a short run has seen everything too.
        return self._rng.random() < (chance if self.fired[kind] else chance * EAGER)

    def note(self, kind: str) -> None:
        """It came true."""
        self.fired[kind] += 1

    def never(self) -> list[str]:
        """Kinds that were enabled and did not happen."""
        return sorted(self.enabled - set(self.fired))
