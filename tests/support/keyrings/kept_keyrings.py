"""Keyrings of every kind that people have, for a process started by a test: `PYTHON_KEYRING_BACKEND=kept_keyrings.Working`."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import ClassVar

from keyring import errors
from keyring.backend import KeyringBackend
from typing_extensions import override


class Working(KeyringBackend):
    """Keeps secrets in the file named by `TEST_KEYRING_FILE`."""

    priority: ClassVar[float] = 5.0

    def _read(self) -> dict[str, str]:
        path = Path(os.environ["TEST_KEYRING_FILE"])
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def _write(self, kept: dict[str, str]) -> None:
        Path(os.environ["TEST_KEYRING_FILE"]).write_text(json.dumps(kept))

    @override
    def get_password(self, service: str, username: str) -> str | None:
        """The secret."""
        return self._read().get(f"{service} {username}")

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it."""
        self._write(self._read() | {f"{service} {username}": password})

    @override
    def delete_password(self, service: str, username: str) -> None:
        """Forget it."""
        kept = self._read()
        del kept[f"{service} {username}"]
        self._write(kept)


class Unknown(Working):
    """Works, and nobody has judged it."""


class Plaintext(Working):
    """What keyrings.alt brings."""


class Locked(Working):
    """Nobody has unlocked it."""

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        """Refuse."""
        raise errors.KeyringLocked("canary-in-the-error")

    @override
    def get_password(self, service: str, username: str) -> str | None:
        """Refuse as well."""
        raise errors.KeyringLocked("canary-in-the-error")


class Hanging(Working):
    """Asks on a screen nobody sees."""

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        """Wait for ever."""
        time.sleep(60)


class NoBus(Working):
    """The Secret Service is not there."""

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        """Fail as secretstorage does."""
        raise errors.InitError("Failed to create the collection: canary")


class Forgetting(Working):
    """Takes everything."""

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        """And keeps nothing."""


class Broken(Working):
    """Fails in a way of its own."""

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        """Fail."""
        raise RuntimeError("canary")


class Chained(Working):
    """keyring's own chain: a plaintext link first, a good one behind it."""

    @property
    def backends(self) -> list[KeyringBackend]:
        """The links."""
        return [Plaintext(), Working()]  # type: ignore[no-untyped-call]  # keyring's own constructor


class ChainedPlain(Working):
    """A chain without a good link."""

    @property
    def backends(self) -> list[KeyringBackend]:
        """The links."""
        return [Plaintext()]  # type: ignore[no-untyped-call]  # keyring's own constructor


for _kind in (Working, Locked, Hanging, NoBus, Forgetting, Broken):
    _kind.__module__, _kind.__qualname__ = "keyring.backends.SecretService", "Keyring"
Plaintext.__module__, Plaintext.__qualname__ = "keyrings.alt.file", "PlaintextKeyring"
for _kind in (Chained, ChainedPlain):
    _kind.__module__, _kind.__qualname__ = "keyring.backends.chainer", "ChainerBackend"
