"""Every setting of the product, declared once; the environment is read here and nowhere else.

Order of authority: a flag somebody typed, then the environment, then `.env`, then `tassist.toml`, then the default.
The engine never sees any of this.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.problems import Problem, ProblemError, Where
from tassist.config.env import environment
from tassist.errors import Secret, os_problem
from tassist.text import safe_text

__all__ = ["SETTINGS", "SETTING_BY_NAME", "Kind", "Setting", "Settings", "Value", "default_home", "environment", "load"]

Kind = Literal["text", "int", "path", "secret", "choice"]


SETTINGS_FILE = "tassist.toml"
"""The settings file of a home folder."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name in `tassist.toml`, its variables, and what it is for."""

    name: str
    env: tuple[str, ...]
    """Variables, the first one is the documented one; the others are accepted too."""
    help: str
    kind: Kind = "text"
    default: str = ""
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = 2**31


SETTINGS: tuple[Setting, ...] = (
    Setting("home", ("TASSIST_HOME",), "Folder of the journal, the telemetry and the credentials.", "path"),
    Setting(
        "database",
        ("TASSIST_DATABASE",),
        "Where the journal is, unless it is a file in the home folder: postgresql://USER@HOST/NAME, or service=NAME.",
        "secret",
    ),
    Setting("host", ("TASSIST_HOST",), "Address the webhook server listens on.", default="127.0.0.1"),
    Setting(
        "port", ("TASSIST_PORT",), "Port the webhook server listens on; 0 takes a free one.", "int", "8080", high=65535
    ),
    Setting("app_id", ("GITHUB_APP_ID", "APP_ID"), "The GitHub App's id."),
    Setting("client_id", ("GITHUB_CLIENT_ID",), "The GitHub App's client id; used as the token's issuer where set."),
    Setting("private_key", ("GITHUB_PRIVATE_KEY",), "The App's private key, as PEM text.", "secret"),
    Setting("private_key_file", ("GITHUB_PRIVATE_KEY_FILE",), "A file with the App's private key.", "path"),
    Setting(
        "migrate_token",
        ("TASSIST_MIGRATE_TOKEN",),
        "A person's token lent to one `tassist migrate` command for what the App may not do; used then, kept nowhere.",
        "secret",
    ),
    Setting("webhook_secret", ("GITHUB_WEBHOOK_SECRET", "WEBHOOK_SECRET"), "The webhook's secret.", "secret"),
    Setting(
        "webhook_secret_previous",
        ("GITHUB_WEBHOOK_SECRET_PREVIOUS",),
        "The secret before the last rotation; still accepted, with a warning.",
        "secret",
    ),
    Setting(
        "webhook_secret_previous_until",
        ("GITHUB_WEBHOOK_SECRET_PREVIOUS_UNTIL",),
        "Until when the previous secret is accepted, such as 2026-01-31T12:00:00Z; empty: as long as it is set.",
    ),
    Setting(
        "metrics_token",
        ("TASSIST_METRICS_TOKEN",),
        "Whoever sends this as a bearer token may read /metrics; without one only this machine may.",
        "secret",
    ),
    Setting(
        "api_url",
        ("GITHUB_API_URL",),
        "Root of GitHub's API; https://HOST/api/v3 for GitHub Enterprise Server.",
        default="https://api.github.com",
    ),
    Setting(
        "api_limits",
        ("TASSIST_API_LIMITS",),
        "Keep to GitHub's documented limits, or to none: Enterprise Server has them off unless somebody set them.",
        "choice",
        "github",
        ("github", "off"),
    ),
    Setting(
        "repositories",
        ("TASSIST_REPOSITORIES",),
        "Which repositories are looked after, of those the App is installed on: OWNER/NAME or OWNER, separated by commas; all.",
        default="all",
    ),
    Setting(
        "sweep_at",
        ("TASSIST_SWEEP_AT",),
        "When every open issue is looked at each night, as HH:MM in UTC (up to half an hour later, to spread load); off: never.",
        default="02:30",
    ),
    Setting(
        "log_retention_days",
        ("TASSIST_LOG_RETENTION_DAYS",),
        "How many days GitHub keeps its delivery log; 0 takes 3 for github.com and 7 for Enterprise Server.",
        "int",
        "0",
        high=365,
    ),
    Setting(
        "keep_bodies_days",
        ("TASSIST_KEEP_BODIES_DAYS",),
        "Days to keep the bodies of deliveries that are done; 3 or more on github.com, 7 or more elsewhere: GitHub redelivers so long.",
        "int",
        "7",
        low=3,
        high=3650,
    ),
    Setting(
        "keep_deliveries_days",
        ("TASSIST_KEEP_DELIVERIES_DAYS",),
        "Days to keep deliveries that are done, runs and what they wrote.",
        "int",
        "90",
        low=7,
        high=3650,
    ),
    Setting(
        "keep_given_up_days",
        ("TASSIST_KEEP_GIVEN_UP_DAYS",),
        "Days to keep dead and quarantined deliveries, which can be replayed.",
        "int",
        "365",
        low=7,
        high=3650,
    ),
    Setting(
        "telemetry_sinks",
        ("TASSIST_TELEMETRY_SINKS",),
        "Where telemetry goes, separated by commas: jsonl[:FOLDER], sqlite:FILE, postgresql, github:OWNER/NAME, otlp:URL, webhook:URL.",
        default="jsonl",
    ),
    Setting(
        "telemetry_postgresql",
        ("TASSIST_TELEMETRY_POSTGRESQL",),
        "Connection string of the database for the sink postgresql.",
        "secret",
    ),
    Setting(
        "telemetry_authorization",
        ("TASSIST_TELEMETRY_AUTHORIZATION",),
        "`Authorization` header for the sinks otlp and webhook, such as `Bearer …`.",
        "secret",
    ),
    Setting(
        "telemetry_titles",
        ("TASSIST_TELEMETRY_TITLES",),
        "Whether titles of issues are recorded; bodies never are.",
        "choice",
        "off",
        ("off", "on"),
    ),
    Setting("ngrok_authtoken", ("NGROK_AUTHTOKEN",), "Token of the ngrok account, for --tunnel ngrok.", "secret"),
    Setting("ngrok_domain", ("NGROK_DOMAIN",), "A domain of the ngrok account; without one the address changes."),
    Setting(
        "ngrok_agent",
        ("TASSIST_NGROK_AGENT",),
        "Where a running ngrok agent answers, for --tunnel agent.",
        default="http://127.0.0.1:4040",
    ),
    Setting(
        "log_level",
        ("TASSIST_LOG_LEVEL",),
        "How much is logged.",
        "choice",
        "info",
        ("debug", "info", "warning", "error"),
    ),
    Setting(
        "log_format",
        ("TASSIST_LOG_FORMAT",),
        "Log lines for people or for machines.",
        "choice",
        "text",
        ("text", "json"),
    ),
    Setting(
        "plain",
        ("TASSIST_PLAIN", "ACCESSIBLE"),
        "Lines instead of the full-screen app, for screen readers and slow lines: anything but 0 or off.",
    ),
    Setting(
        "theme",
        ("TASSIST_THEME",),
        "Colours of the full-screen app; ansi takes the terminal's own. NO_COLOR takes all of them away.",
        "choice",
        "dark",
        ("dark", "light", "ansi-dark", "ansi-light"),
    ),
    Setting(
        "animations",
        ("TASSIST_ANIMATIONS",),
        "Whether anything moves by itself in the full-screen app.",
        "choice",
        "on",
        ("on", "off"),
    ),
    Setting(
        "glyphs",
        ("TASSIST_GLYPHS",),
        "What the full-screen app draws with; auto takes ascii where the locale is not UTF-8.",
        "choice",
        "auto",
        ("auto", "unicode", "ascii"),
    ),
    Setting(
        "keymap",
        ("TASSIST_KEYMAP",),
        'A TOML file of your own keys for the full-screen app: lines of binding-id = "key".  Default: keys.toml in the home folder.',
        "path",
    ),
)
SETTING_BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class Value:
    """A setting's value and where it came from: ``flag``, a variable's name, a file, or ``default``."""

    value: str | Secret
    source: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where the journal is: in the folder, or in the database where one is named."""

    home: Path
    database: Secret


@dataclass(frozen=True, slots=True)
class Settings:
    """Validated settings; secrets stay wrapped."""

    values: Mapping[str, Value]

    def text(self, name: str) -> str:
        """The value as text; a secret is refused here."""
        value = self.values[name].value
        if isinstance(value, Secret):
            raise TypeError(f"{name} is a secret")
        return value

    def number(self, name: str) -> int:
        """The value as a whole number."""
        return int(self.text(name))

    def secret(self, name: str) -> Secret:
        """The secret, wrapped; false where it is not set."""
        value = self.values[name].value
        return value if isinstance(value, Secret) else Secret(value)

    def path(self, name: str) -> Path | None:
        """The value as a path, or ``None`` where it is not set."""
        value = self.text(name)
        return Path(value).expanduser() if value else None

    @property
    def home(self) -> Path:
        """The folder everything lives in."""
        return self.path("home") or default_home()

    @property
    def place(self) -> Place:
        """Where the journal is."""
        return Place(self.home, self.secret("database"))


def default_home(env: Mapping[str, str] | None = None) -> Path:
    """Where tassist keeps its things when nobody says otherwise (XDG on Unix)."""
    env = environment() if env is None else env
    base = env.get("XDG_STATE_HOME") or (str(Path(env["HOME"]) / ".local" / "state") if env.get("HOME") else "")
    return Path(base) / "tassist" if base else Path.cwd() / ".tassist"


def default_cache(env: Mapping[str, str] | None = None) -> Path | None:
    """Where what can be made again is kept (XDG on Unix); ``None`` where there is no home to keep it in."""
    env = environment() if env is None else env
    base = env.get("XDG_CACHE_HOME") or (str(Path(env["HOME"]) / ".cache") if env.get("HOME") else "")
    return Path(base) / "tassist" if base else None


def load(
    flags: Mapping[str, str | Secret | None] | None = None,
    *,
    env: Mapping[str, str] | None = None,
    dotenv: Path | None = None,
    file: Path | None = None,
) -> Settings:
    """Read every setting, in order of authority.

    Args:
        flags: Values somebody typed, by setting name; ``None`` means not typed.
        env: Instead of the process's environment; for tests.
        dotenv: The `.env` file; default: `.env` in the current folder, where it exists.
        file: `tassist.toml`; default: the one in the home folder, where it exists.

    Raises:
        ProblemError: with every problem at once.
    """
    env = environment() if env is None else env
    problems: list[Problem] = []
    dotenv_path = dotenv or Path(".env")
    from_dotenv = _read_dotenv(dotenv_path, problems, needed=dotenv is not None)
    home = str((flags or {}).get("home") or "") or env.get("TASSIST_HOME") or from_dotenv.get("TASSIST_HOME") or ""
    file_path = file or ((Path(home).expanduser() if home else default_home(env)) / SETTINGS_FILE)
    from_file = _read_file(file_path, problems, needed=file is not None)

    values: dict[str, Value] = {}
    for setting in SETTINGS:
        found = _first(setting, flags or {}, env, from_dotenv, str(dotenv_path), from_file, str(file_path))
        raw = found.value.reveal() if isinstance(found.value, Secret) else found.value
        problem = _check(setting, raw, found.source)
        if problem:
            problems.append(problem)
        values[setting.name] = (
            Value(Secret(raw), found.source) if setting.kind == "secret" else Value(raw, found.source)
        )
    if problems:
        raise ProblemError(problems)
    return Settings(values)


def _first(
    setting: Setting,
    flags: Mapping[str, str | Secret | None],
    env: Mapping[str, str],
    from_dotenv: Mapping[str, str],
    dotenv_name: str,
    from_file: Mapping[str, str],
    file_name: str,
) -> Value:
    flag = flags.get(setting.name)
    if flag is not None:
        return Value(flag, "flag")
    for variable in setting.env:
        if env.get(variable):
            return Value(env[variable], variable)
    for variable in setting.env:
        if from_dotenv.get(variable):
            return Value(from_dotenv[variable], f"{dotenv_name}: {variable}")
    if setting.name in from_file:
        return Value(from_file[setting.name], file_name)
    return Value(setting.default, "default")


def _check(setting: Setting, raw: str, source: str) -> Problem | None:
    if setting.kind == "int":
        if not raw.isascii() or not raw.isdigit() or not setting.low <= int(raw) <= setting.high:
            return _wrong(setting, raw, source, f"a whole number from {setting.low} to {setting.high}")
    elif setting.kind == "choice" and raw not in setting.choices:
        return _wrong(setting, raw, source, "one of " + ", ".join(setting.choices))
    elif setting.kind != "secret" and any(ord(char) < 0x20 for char in raw):
        return _wrong(setting, raw, source, "text without control characters")
    return None


def _wrong(setting: Setting, raw: str, source: str, allowed: str) -> Problem:
    return Problem(
        code="setting-wrong",
        what=f"{setting.name} is {safe_text(raw, max_chars=60)!r}, from {source}",
        why=f"it takes {allowed}",
        fix=f"set {setting.env[0]}, or --{setting.name.replace('_', '-')} where the command has it",
    )


def _read_dotenv(path: Path, problems: list[Problem], *, needed: bool) -> dict[str, str]:
    if not needed and not path.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        # Interpolation is off: a secret may contain ${…}.
        values = dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(_unreadable(path, error))
        return {}
    found = {key: value for key, value in values.items() if value is not None}
    for key, value in found.items():
        # An unquoted PEM over several lines is read as its first line only, without an error (measured).
        if value.startswith("-----BEGIN") and "-----END" not in value:
            problems.append(
                Problem(
                    code="dotenv-cut-key",
                    what=f"{key} holds only the first line of a key",
                    why="in .env a value over several lines ends at the first line unless it is quoted",
                    fix=f"put it in double quotes, or set {key}_FILE to the key's file",
                    where=Where(file=str(path), path=key),
                )
            )
    return found


def _read_file(path: Path, problems: list[Problem], *, needed: bool) -> dict[str, str]:
    if not needed and not path.is_file():
        return {}
    try:
        document = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        problems.append(_unreadable(path, error))
        return {}
    except tomllib.TOMLDecodeError as error:
        problems.append(
            Problem("settings-file-broken", f"{path} is not TOML", why=str(error), fix="mend the line it names")
        )
        return {}
    found: dict[str, str] = {}
    for key, value in document.items():
        setting = SETTING_BY_NAME.get(key)
        if setting is None:
            problems.append(
                Problem(
                    code="setting-unknown",
                    what=f"{path} sets {safe_text(key, max_chars=60)!r}, which is no setting",
                    fix="settings are: " + ", ".join(SETTING_BY_NAME),
                )
            )
        elif setting.kind == "secret":
            problems.append(
                Problem(
                    code="secret-in-settings",
                    what=f"{path} holds {key}",
                    why="a settings file is easily shared; secrets stay in the environment, .env or the keyring",
                    fix=f"move it to {setting.env[0]}",
                )
            )
        elif isinstance(value, str | int) and not isinstance(value, bool):
            found[key] = str(value)
        else:
            problems.append(_wrong(setting, repr(value), str(path), "text or a number"))
    return found


def _unreadable(path: Path, error: OSError | UnicodeDecodeError) -> Problem:
    if isinstance(error, OSError):
        return os_problem(error, doing="read the settings from")
    return Problem("settings-not-utf8", f"{path} is not UTF-8 text", why=str(error), fix="save it as UTF-8")
