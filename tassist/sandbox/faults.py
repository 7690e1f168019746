"""Trouble on request: every way GitHub or the line to it has been seen to fail.

A fault is given once and strikes matching requests: the next ``count`` of them, or each with ``probability``.
Paths are those below the API's root, such as ``/repos/*/issues/*/labels``; ``*`` matches anything, slashes too.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

Kind = Literal["answer", "limit", "reset", "latency", "truncate", "drip", "html", "empty", "lost-answer"]

FORBIDDEN: dict[str, str] = {
    "archived": "Repository was archived so is read-only.",
    "suspended": "This installation has been suspended",
    "blocked": "Repository access blocked",
    "permission": "Resource not accessible by integration",
}


@dataclass(slots=True, eq=False)
class Fault:
    """One kind of trouble and which requests it strikes."""

    kind: Kind
    method: str = "*"
    """One method, ``*`` for all, ``read`` or ``write``."""
    path: str = "*"
    count: int | None = 1
    """How many requests it strikes; ``None``: until it is removed."""
    probability: float = 1.0
    skip: int = 0
    """How many matching requests pass unharmed first."""
    status: int = 500
    json: Any = None
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    struck: int = 0
    """How many requests it has struck."""

    def matches(self, method: str, path: str) -> bool:
        """Whether it is meant for such a request."""
        is_read = method in {"GET", "HEAD", "OPTIONS"}
        if self.method == "read" or self.method == "write":  # noqa: PLR1714 - two words, two meanings
            fits = is_read == (self.method == "read")
        else:
            fits = self.method in {"*", method}
        return fits and fnmatchcase(path, self.path)


@dataclass(slots=True, eq=False)
class ReplicaLag:
    """After a write, what it changed is read as it was before: for so many seconds of the box's clock, or reads."""

    path: str = "*"
    seconds: float | None = None
    reads: int | None = None


_PAGE = "<html><head><title>Unicorn! · GitHub</title></head><body><h1>{status}</h1></body></html>"


class Faults:
    """What is wrong at the moment; empty by default. Use `Box.lock`-free from any thread: each call is one step."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._chance = random.Random(0)  # noqa: S311 - repeatable, not secret
        self.lag: ReplicaLag | None = None
        self.on_clear: Callable[[], None] = lambda: None

    def seed(self, seed: int) -> None:
        """Make the chances of ``probability`` repeatable."""
        self._chance = random.Random(seed)  # noqa: S311 - repeatable, not secret

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force; earlier ones strike first."""
        self._faults.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Take one away."""
        if fault in self._faults:
            self._faults.remove(fault)

    def clear(self) -> None:
        """Everything works again."""
        self._faults.clear()
        self.lag = None
        self.on_clear()

    def server_error(self, status: int = 502, *, html: bool = False, **which: Any) -> Fault:
        """5xx before anything was done; with ``html``, GitHub's picture page instead of JSON."""
        if html:
            headers = {"Content-Type": "text/html; charset=utf-8"}
            return self.add(Fault("answer", status=status, text=_PAGE.format(status=status), headers=headers, **which))
        return self.add(Fault("answer", status=status, json={"message": "Server Error"}, **which))

    def answer(self, status: int, json: Any = None, *, headers: Mapping[str, str] | None = None, **which: Any) -> Fault:
        """Any answer at all, instead of doing what was asked."""
        return self.add(Fault("answer", status=status, json=json, headers=headers or {}, **which))

    def forbidden(self, kind: str, **which: Any) -> Fault:
        """403 of a kind: ``rate-primary``, ``secondary``, ``secondary-without-retry-after``, or one of `FORBIDDEN`."""
        if kind in {"rate-primary", "secondary", "secondary-without-retry-after"}:
            return self.add(Fault("limit", status=403, text=kind, **which))
        body = {"message": FORBIDDEN[kind], "documentation_url": "https://docs.github.com/rest", "status": "403"}
        return self.add(Fault("answer", status=403, json=body, **which))

    def too_many(self, retry_after: str | None = "60", **which: Any) -> Fault:
        """429 with ``Retry-After`` exactly as given (seconds, a date, nonsense), or none."""
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return self.add(Fault("limit", status=429, text="secondary", headers=headers, **which))

    def issue_not_found(self, **which: Any) -> Fault:
        """422 "Issue not found", as a replica that lags answers to new labels."""
        body = {
            "message": "Issue not found",
            "documentation_url": "https://docs.github.com/rest/issues/labels#add-labels-to-an-issue",
            "status": "422",
        }
        return self.add(Fault("answer", status=422, json=body, **{"method": "write", **which}))

    def reset(self, **which: Any) -> Fault:
        """The connection is cut before anything was done."""
        return self.add(Fault("reset", **which))

    def lose_answer(self, **which: Any) -> Fault:
        """It is done, and then the connection is cut before the answer."""
        return self.add(Fault("lost-answer", **which))

    def latency(self, seconds: float, **which: Any) -> Fault:
        """Real seconds of waiting before anything is done."""
        return self.add(Fault("latency", seconds=seconds, **which))

    def drip(self, seconds: float, **which: Any) -> Fault:
        """It is done; the answer arrives piece by piece over so many real seconds."""
        return self.add(Fault("drip", seconds=seconds, **which))

    def unauthorized(self, **which: Any) -> Fault:
        """401 "Bad credentials", as for a moment after a token was made."""
        body = {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest", "status": "401"}
        return self.add(Fault("answer", status=401, json=body, **which))

    def truncate(self, **which: Any) -> Fault:
        """It is done; half of the answer arrives."""
        return self.add(Fault("truncate", **which))

    def html(self, **which: Any) -> Fault:
        """It is done; the answer is 200 with a page of HTML."""
        return self.add(Fault("html", status=200, text=_PAGE.format(status="Whoa there!"), **which))

    def empty(self, **which: Any) -> Fault:
        """It is done; the answer is 200 without a body."""
        return self.add(Fault("empty", status=200, **which))

    def replica_lag(self, *, seconds: float | None = None, reads: int | None = None, path: str = "*") -> ReplicaLag:
        """From now on, reads lag behind writes: 404 for what is new, the former state for what was changed."""
        self.lag = ReplicaLag(path, seconds, reads)
        return self.lag

    def strike(self, method: str, paths: tuple[str, ...]) -> list[Fault]:
        """The faults that strike this request, each counted; at most one of each kind."""
        found: dict[Kind, Fault] = {}
        for fault in list(self._faults):
            if fault.kind in found or not any(fault.matches(method, path) for path in paths):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.probability < 1.0 and self._chance.random() >= fault.probability:
                continue
            if fault.count is not None:
                fault.count -= 1
                if fault.count <= 0:
                    self._faults.remove(fault)
            fault.struck += 1
            found[fault.kind] = fault
        return list(found.values())
