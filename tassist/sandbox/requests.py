"""The log of API requests, for asserting what was read and written, and how often."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tassist.sandbox.auth import ActorKind

KEPT = 100_000
"""Older requests are forgotten, so that a box that runs for days stays small."""


@dataclass(frozen=True, slots=True)
class Request:
    """One API request and how it ended."""

    method: str
    path: str
    """As asked, below the API's root."""
    query: str
    route: str
    """The pattern it matched, such as ``/repos/{owner}/{repo}/issues/{number}``; empty where none did."""
    status: int
    """0 where the connection was cut."""
    kind: ActorKind
    """Whose token it was."""
    who: str
    at: datetime
    changed: bool
    """Whether anything in the box is different afterwards."""
    body: bytes

    @property
    def is_write(self) -> bool:
        """Whether it set out to change a repository; collecting a token or converting a manifest is none."""
        return self.method not in {"GET", "HEAD", "OPTIONS"} and not self.path.startswith(("/app", "/installation"))


class Requests:
    """Requests in the order they were answered; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._log: deque[Request] = deque(maxlen=KEPT)
        self.written = 0
        """How many `writes` there were, those included that are forgotten by now."""

    def add(self, request: Request) -> None:
        """Log one."""
        with self._lock:
            self._log.append(request)
            self.written += _is_done(request)

    def clear(self) -> None:
        """Forget what was logged so far."""
        with self._lock:
            self._log.clear()
            self.written = 0

    def __iter__(self) -> Iterator[Request]:
        with self._lock:
            return iter(list(self._log))

    def __len__(self) -> int:
        return len(self._log)

    def __getitem__(self, index: int) -> Request:
        with self._lock:
            return self._log[index]

    def to(self, method: str, pattern: str) -> list[Request]:
        """Those of a method and a route's pattern."""
        return [request for request in self if request.method == method and request.route == pattern]

    @property
    def writes(self) -> list[Request]:
        """Writes by Apps' installations that were carried out."""
        return [request for request in self if _is_done(request)]

    @property
    def needless_writes(self) -> list[Request]:
        """Writes that changed nothing."""
        return [request for request in self.writes if not request.changed]


def _is_done(request: Request) -> bool:
    return request.is_write and request.kind == "installation" and request.status < 400
