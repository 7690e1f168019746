"""The settings, and the App's private key in every form in which people damage one."""

from __future__ import annotations

from pathlib import Path

from engine.problems import ProblemError
from tassist import secrets
from tassist.doctor.check import Check, Finding, Machine, blocking, from_problems, ok, skipped
from tassist.secrets.files import read_private
from tassist.secrets.private_key import parse_private_keys
from tassist.text import safe_text


def _settings(machine: Machine) -> Finding:
    if machine.settings is None:
        return from_problems(machine.settings_problems)
    given = {value.source for value in machine.settings.values.values()} - {"default"}
    files = sorted(source for source in given if source.endswith(".toml"))
    said = (
        f"{len(given)} places give settings"
        if len(given) > 1
        else "one place gives settings"
        if given
        else "all are defaults"
    )
    return ok(said + (f"; {safe_text(files[0])} is read" if files else ""))


def _key(machine: Machine) -> Finding:
    settings = machine.settings
    if settings is None:
        return skipped("the settings cannot be read")
    given, file = settings.secret("private_key"), settings.path("private_key_file")
    try:
        if given:
            source, keys = settings.values["private_key"].source, parse_private_keys(given.reveal())
        elif file is not None:
            source, keys = safe_text(file), parse_private_keys(read_private(file))
        else:
            path = secrets.credentials_path(machine.home)
            if not path.exists() and not path.is_symlink():
                return skipped("there is no private key yet; tassist setup makes the App")
            kept = secrets.read(path)
            source, keys = _place(path), parse_private_keys(kept.private_key.reveal())
    except ProblemError as error:
        return from_problems(error.problems)
    more = f", and {len(keys) - 1} more" if len(keys) > 1 else ""
    return ok(f"{keys[0].fingerprint}{more}, from {source}")


def _place(path: Path) -> str:
    return safe_text(path)


def _credentials(machine: Machine) -> Finding:
    settings = machine.settings
    if settings is None:
        return skipped("the settings cannot be read")
    path = secrets.credentials_path(machine.home)
    given = [name for name in ("app_id", "private_key", "private_key_file", "webhook_secret") if _set(machine, name)]
    if not given and not path.exists() and not path.is_symlink():
        return skipped("there are no credentials yet; tassist setup makes the App")
    app = secrets.load(settings, needs_webhook_secret=True)
    said = f"App {app.app_id}" + (f", {safe_text(app.name or app.slug, max_chars=80)}" if app.name or app.slug else "")
    return ok(f"{said}; key and webhook secret are here")


def _set(machine: Machine, name: str) -> bool:
    assert machine.settings is not None
    value = machine.settings.values[name]
    return bool(value.value) and value.source != "default"


CHECKS: tuple[Check[Machine], ...] = (
    Check(
        "settings",
        "Settings",
        "Variables, `.env` and `tassist.toml` can be read, and every value is one its setting takes.",
        blocking(_settings),
    ),
    Check(
        "credentials",
        "Credentials",
        "The App's id, its private key and the webhook's secret are here, from the environment or from where the "
        "installer kept them, and nobody else can read them.",
        blocking(_credentials),
    ),
    Check(
        "private-key",
        "Private key",
        "The key is one: literal `\\n`, Base64, Windows line ends and quotes are read; what is truncated, encrypted, public, "
        "an SSH key or a certificate is named exactly. The key itself is never shown, only its fingerprint.",
        blocking(_key),
    ),
)
