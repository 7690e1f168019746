"""The system's keyring: examined before it is trusted, and never waited for longer than a person would.

A null backend takes everything and keeps nothing, a plaintext one keeps it for everybody, a locked one may ask on a screen
nobody sees. So a backend is allowed by its class, must give back what was written, and answers in a process that is ended
when it does not.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from engine.problems import Problem, ProblemError
from tassist.errors import Secret

SERVICE = "tassist"
EXAMINE_S = 3.0
USE_S = 15.0
"""A person may have to unlock it; a service has nobody to ask and does not wait for ever."""
START_S = 60.0
"""For a process to start and import, on a machine that is very busy."""
_CHILD = Path(__file__).with_name("keyring_child.py")


class State(StrEnum):
    """What a keyring turned out to be."""

    GOOD = "good"
    NULL = "null"
    """Takes everything and keeps nothing."""
    NONE = "none"
    """There is no keyring on this system."""
    PLAINTEXT = "plaintext"
    UNKNOWN = "unknown"
    """A backend nobody has judged."""
    LOCKED = "locked"
    HANGS = "hangs"
    NO_SERVICE = "no-service"
    """The D-Bus service behind it does not answer."""
    FORGETS = "forgets"
    """What was written does not come back."""
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Examined:
    """A keyring, told apart."""

    state: State
    backend: str
    """Its class, with its module; empty where it could not be found out."""
    why: str = ""
    fix: str = ""

    @property
    def usable(self) -> bool:
        """Secrets may be kept in it."""
        return self.state == State.GOOD

    def problem(self) -> Problem:
        """In words."""
        return Problem(
            f"keyring-{self.state}", "secrets cannot be kept in the keyring", self.why, self.fix, family="world"
        )


_WORDS: dict[State, tuple[str, str]] = {
    State.GOOD: ("", ""),
    State.NULL: (
        "the keyring is switched off: it takes everything and keeps nothing",
        "choose file, or enable a keyring",
    ),
    State.NONE: ("this system has no keyring", "choose file; on a server that is usual"),
    State.PLAINTEXT: (
        "this keyring keeps secrets in a file that is not encrypted",
        "choose file, whose permissions are checked, or remove the package keyrings.alt",
    ),
    State.UNKNOWN: (
        "this kind of keyring is not known to keep secrets well",
        "choose file, or the system's own keyring",
    ),
    State.LOCKED: ("the keyring is locked", "unlock it, or log in to the desktop, and try again; or choose file"),
    State.HANGS: (
        f"the keyring did not answer within {EXAMINE_S:.0f} seconds; perhaps it asks for a password on another screen",
        "answer it there and try again; or choose file",
    ),
    State.NO_SERVICE: (
        "the service behind the keyring does not answer over D-Bus",
        "start it (gnome-keyring-daemon, kwalletd), log in to the desktop, or choose file",
    ),
    State.FORGETS: ("what was written to the keyring did not come back", "choose file"),
    State.BROKEN: ("the keyring failed", "choose file"),
}


def examine_backend(timeout_s: float = EXAMINE_S) -> Examined:
    """Find out what the keyring is, by class and by writing, reading back and deleting a random value.

    Never raises, and takes no longer than the limit.
    """
    probe = secrets.token_urlsafe(24)
    answered = _ask({"do": "examine", "user": f"probe-{secrets.token_hex(4)}", "value": probe}, timeout_s)
    if answered is None:
        return _examined(State.HANGS, "")
    backend = str(answered.get("backend", ""))
    state = _state(answered)
    if state is not None:
        return _examined(state, backend)
    return _examined(State.GOOD if answered.get("same") is True else State.FORGETS, backend)


def get_all(users: Sequence[str]) -> list[Secret]:
    """Secrets by their entries' names, in the same order; empty where there is none of that name.

    Raises:
        ProblemError: the keyring cannot be used now.
    """
    values = _used({"do": "get", "users": list(users)}).get("values")
    found = values if isinstance(values, list) and len(values) == len(users) else [None] * len(users)
    return [Secret(value if isinstance(value, str) else "") for value in found]


def put(user: str, value: Secret) -> None:
    """Keep a secret, and read it back.

    Raises:
        ProblemError: it is not kept.
    """
    if _used({"do": "set", "user": user, "value": value.reveal()}).get("same") is not True:
        raise ProblemError(_examined(State.FORGETS, "").problem())


def delete(user: str) -> None:
    """Forget a secret; one that is not there is no error.

    Raises:
        ProblemError: the keyring cannot be used now.
    """
    _used({"do": "delete", "user": user})


def _used(asked: dict[str, Any]) -> dict[str, Any]:
    answered = _ask(asked, USE_S)
    if answered is None:
        raise ProblemError(_examined(State.HANGS, "").problem())
    state = _state(answered)
    if state is not None:
        raise ProblemError(_examined(state, str(answered.get("backend", ""))).problem())
    return answered


def _ask(asked: dict[str, Any], timeout_s: float) -> dict[str, Any] | None:
    """The child's answer; ``None`` where the keyring took too long. That the child takes a while to start is no fault of it."""
    try:
        # -P: the folder of the child's file is no place to import from.
        with subprocess.Popen(
            [sys.executable, "-P", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as child:
            try:
                _wait_until_ready(child)
                said, _ = child.communicate(json.dumps({"service": SERVICE, **asked}), timeout_s)
            except subprocess.TimeoutExpired:
                child.kill()
                return None
        answered = json.loads(said)
    except (OSError, ValueError):
        return {"error": "broken"}
    return answered if isinstance(answered, dict) else {"error": "broken"}


def _wait_until_ready(child: subprocess.Popen[str]) -> None:
    assert child.stdout is not None
    waiting = threading.Thread(target=child.stdout.readline, daemon=True)
    waiting.start()
    waiting.join(START_S)
    if waiting.is_alive():
        raise subprocess.TimeoutExpired(str(_CHILD), START_S)


def _state(answered: dict[str, Any]) -> State | None:
    """Which fault an answer tells of; ``None``: no fault."""
    error = answered.get("error")
    if error is None:
        return None
    backend = str(answered.get("backend", ""))
    if error == "not-allowed":
        low = backend.lower()
        if "null.keyring" in low:
            return State.NULL
        if "fail.keyring" in low:
            return State.NONE
        return State.PLAINTEXT if "plaintext" in low or "keyrings.alt" in low else State.UNKNOWN
    kinds = {str(kind) for kind in answered.get("kinds", ())} | {str(error)}
    if any(kind.endswith(("KeyringLocked", "LockedException")) for kind in kinds):
        return State.LOCKED
    if any(kind.endswith("NoKeyringError") for kind in kinds):
        return State.NONE
    bus = (
        "InitError",
        "SecretServiceNotAvailableException",
        "DBusErrorResponse",
        "DBusException",
        "ConnectionRefusedError",
        "ConnectionError",
    )
    return State.NO_SERVICE if any(kind.endswith(bus) for kind in kinds) else State.BROKEN


def _examined(state: State, backend: str) -> Examined:
    why, fix = _WORDS[state]
    return Examined(state, backend, why, fix)
