"""The installer's settings and sinks: `tassist.toml`, the `.env` for secrets among the settings, and one record to each sink."""

from __future__ import annotations

import asyncio
import difflib
import hmac
from collections.abc import Mapping, Sequence
from pathlib import Path

from typing_extensions import override

from engine.problems import Problem, ProblemError
from setup_wizard.outcome import Change
from setup_wizard.ports import SettingsPort, TelemetryPort
from tassist import secrets as credentials
from tassist.clock import SystemClock
from tassist.config import settings_file
from tassist.config.settings import SETTING_BY_NAME, Settings, load
from tassist.errors import Secret
from tassist.secrets import env_file
from tassist.secrets.files import write_private
from tassist.services.setup.bundle import resolve


class RealSettings(SettingsPort):
    """Settings of one home folder."""

    def __init__(self, home: Path, env: Mapping[str, str], *, folder: Path) -> None:
        """Args beyond the obvious.

        Args:
            home: Holds `tassist.toml`.
            env: The environment, which is stronger than both files.
            folder: The current one, for its `.env`.
        """
        self.home = home
        self.env = env
        self.folder = folder

    def load(self, more: Mapping[str, str | Secret | None] = {}) -> Settings:
        """All settings as they are now."""
        dotenv = self.folder / ".env"
        return load({"home": str(self.home), **more}, env=self.env, dotenv=dotenv if dotenv.is_file() else None)

    @override
    def now(self, name: str) -> str:
        loaded = self.load()
        if SETTING_BY_NAME[name].kind == "secret":
            return "set" if loaded.secret(name).reveal().strip() else ""
        return loaded.text(name)

    @override
    def beaten(self, names: Sequence[str]) -> tuple[Problem, ...]:
        loaded, file = self.load(), str(self.home / settings_file.NAME)
        problems = []
        for name in names:
            source = loaded.values[name].source
            if SETTING_BY_NAME[name].kind != "secret" and source not in {"default", file}:
                problems.append(
                    Problem(
                        "setting-beaten",
                        f"{name} is set by {source}, which is stronger than {settings_file.NAME}",
                        "what is chosen here would not count",
                        f"change it there, or take {SETTING_BY_NAME[name].env[0]} away and try again",
                    )
                )
        return tuple(problems)

    @override
    def changes(self, wanted: Mapping[str, str], secrets: Sequence[str]) -> tuple[Change, ...]:
        found: list[Change] = []
        if wanted:
            before = settings_file.read(self.home)
            after = settings_file.changed(before, wanted)
            diff = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
            names = ", ".join(wanted)
            lines = tuple(line for line in diff if not line.startswith(("---", "+++", "@@")))
            found.append(Change(str(self.home / settings_file.NAME), f"set {names}", lines))
        if secrets:
            names = ", ".join(SETTING_BY_NAME[name].env[0] for name in secrets)
            found.append(Change(str(self.folder / ".env"), f"set {names}; mode 0600, other lines stay"))
        return tuple(found)

    @override
    def keep(self, wanted: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        if secrets:
            self._keep_secrets(secrets)
        if wanted:
            text = settings_file.changed(settings_file.read(self.home), wanted)
            write_private(self.home / settings_file.NAME, text.encode())

    def _keep_secrets(self, secrets: Mapping[str, str]) -> None:
        loaded = self.load()
        new: dict[str, str | None] = {}
        for name, given in secrets.items():
            value, variable = resolve(given, self.env).reveal(), SETTING_BY_NAME[name].env[0]
            if hmac.compare_digest(loaded.secret(name).reveal().encode(), value.encode()):
                continue
            if self.env.get(variable):
                raise ProblemError(
                    Problem(
                        "setting-beaten",
                        f"{variable} is set in the environment to something else",
                        "the environment is stronger than .env",
                        f"set it there to what you want, or take it away and try again; or answer env:{variable}",
                    )
                )
            new[variable] = value
        if new:
            env_file.update(self.folder / ".env", new)


class RealTelemetry(TelemetryPort):
    """The sinks themselves."""

    def __init__(self, settings: RealSettings) -> None:
        self._settings = settings

    @override
    async def try_out(self, sinks: str, secrets: Mapping[str, str]) -> tuple[str, ...]:
        return await asyncio.to_thread(self._try_out, sinks, secrets)

    def _try_out(self, sinks: str, secrets: Mapping[str, str]) -> tuple[str, ...]:
        from tassist.services.telemetry import telemetry_folder
        from tassist.services.telemetry_sinks import choose
        from tassist.services.telemetry_trial import try_sinks

        given = {name: resolve(value, self._settings.env) for name, value in secrets.items()}
        loaded = self._settings.load({"telemetry_sinks": sinks, **given})
        app = credentials.load(loaded)
        return try_sinks(choose(loaded), folder=telemetry_folder(loaded), app=app, clock=SystemClock())
