"""Asks the system's keyring one thing, in a process of its own that can be given up: a keyring may hang on a prompt.

Run by path, so that it imports nothing but `keyring`. A question comes as JSON on stdin, the answer goes as JSON to stdout;
nothing is ever an argument. Errors are told by the names of their classes alone: their texts may quote what was kept.
"""

from __future__ import annotations

import json
import sys
from typing import Any

ALLOWED = {
    "keyring.backends.SecretService.Keyring",
    "keyring.backends.libsecret.Keyring",
    "keyring.backends.kwallet.DBusKeyring",
    "keyring.backends.macOS.Keyring",
    "keyring.backends.Windows.WinVaultKeyring",
}
"""Backends that keep secrets encrypted and away from other users; by class, since any package may offer another one."""


def name_of(backend: object) -> str:
    """A backend's class, with its module."""
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def choose(backend: object) -> tuple[object, str]:
    """The backend to use and its name; of a chain the first allowed link, asked directly.

    A chain itself would pass a secret on to whichever link takes it, perhaps one that keeps it in plain text.
    """
    name = name_of(backend)
    if name.endswith("chainer.ChainerBackend"):
        links = list(getattr(backend, "backends", ()))
        for link in links:
            if name_of(link) in ALLOWED:
                return link, name_of(link)
        return backend, f"{name} of " + ", ".join(name_of(link) for link in links)
    return backend, name


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked: ``get``, ``set``, ``delete`` or ``examine``."""
    import keyring

    backend, name = choose(keyring.get_keyring())
    if name not in ALLOWED:
        return {"backend": name, "error": "not-allowed"}
    ring: Any = backend
    try:
        return {"backend": name, **_do(ring, asked)}
    except Exception as error:  # noqa: BLE001 - whatever a backend raises is told apart by the one who asked
        kinds = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__[:-2]]
        return {"backend": name, "error": kinds[0], "kinds": kinds}


def _do(ring: Any, asked: dict[str, Any]) -> dict[str, Any]:
    service, user, value = asked["service"], asked.get("user", ""), asked.get("value", "")
    if asked["do"] == "get":
        return {"values": [ring.get_password(service, each) for each in asked["users"]]}
    if asked["do"] == "set":
        ring.set_password(service, user, value)
        return {"same": ring.get_password(service, user) == value}
    if asked["do"] == "delete":
        if ring.get_password(service, user) is not None:
            ring.delete_password(service, user)
        return {}
    ring.set_password(service, user, value)
    same = ring.get_password(service, user) == value
    if same:
        ring.delete_password(service, user)
    return {"same": same}


if __name__ == "__main__":
    import keyring as _loaded_now  # noqa: F401 - what takes long to import is no time of the keyring's

    print("ready", flush=True)  # noqa: T201 - for whoever started this process
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
