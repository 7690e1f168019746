"""The system's keyring, told apart by class and by writing, reading back and deleting a random value."""

from __future__ import annotations

from tassist.doctor.check import Check, Finding, Machine, blocking, ok, warning
from tassist.secrets import system_keyring
from tassist.text import safe_text


def _look(machine: Machine) -> Finding:
    del machine
    found = system_keyring.examine_backend(1.8)
    if found.usable:
        return ok(f"{safe_text(found.backend, max_chars=80)} keeps secrets")
    # Nothing depends on one: the installer keeps secrets in a private file where there is none.
    return warning(
        found.why or "secrets cannot be kept in the keyring", safe_text(found.backend, max_chars=120), found.fix
    )


CHECKS: tuple[Check[Machine], ...] = (
    Check(
        "keyring",
        "Keyring",
        "The system's keyring by its class, and whether it gives back what was written, within a time limit: switched off, "
        "missing, in plain text, locked, hanging and forgetful ones are told apart. Nothing needs one; secrets may be kept "
        "in a private file.",
        blocking(_look),
    ),
)
