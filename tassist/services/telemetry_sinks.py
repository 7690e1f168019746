"""Which sinks are wanted, as the settings say, and the sinks themselves."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args
from urllib.parse import urlsplit

from engine.problems import Problem, ProblemError
from tassist.config.settings import Settings
from tassist.errors import Secret
from tassist.secrets import GitHubApp
from tassist.telemetry.sinks.port import Sink
from tassist.text import safe_text

if TYPE_CHECKING:
    from tassist.telemetry.sinks.sql import Database

Kind = Literal["jsonl", "sqlite", "postgresql", "github", "otlp", "webhook"]
_NEEDS_PLACE: Mapping[Kind, str] = {
    "sqlite": "sqlite:FILE",
    "github": "github:OWNER/NAME",
    "otlp": "otlp:URL",
    "webhook": "webhook:URL",
}
_SECRETS: Mapping[Kind, str] = {
    "postgresql": "telemetry_postgresql",
    "otlp": "telemetry_authorization",
    "webhook": "telemetry_authorization",
}
_REPO = re.compile(r"[A-Za-z0-9_-]+/[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class SinkChoice:
    """One sink that is wanted."""

    kind: Kind
    place: str = ""
    """Folder, file or repository; empty for the default."""
    secret: Secret | None = None
    """The database's connection string, or the collector's ``Authorization``."""

    @property
    def name(self) -> str:
        """How status, records and cursors know it; never a secret, which a webhook's path may well be."""
        if self.kind in {"otlp", "webhook"}:
            digest = hashlib.sha256(self.place.encode()).hexdigest()[:8]
            return f"{self.kind}:{urlsplit(self.place).hostname}#{digest}"
        return f"{self.kind}:{self.place}" if self.place else self.kind


@dataclass(frozen=True, slots=True)
class TelemetryChoice:
    """What the settings say about telemetry."""

    sinks: tuple[SinkChoice, ...] = (SinkChoice("jsonl"),)
    include_titles: bool = False


def choose(settings: Settings) -> TelemetryChoice:
    """Read the settings.

    Raises:
        ProblemError: with everything that is wrong, at once.
    """
    problems: list[Problem] = []
    sinks: dict[str, SinkChoice] = {}
    for raw in settings.text("telemetry_sinks").split(","):
        text = raw.strip()
        kind, _, place = text.partition(":")
        known = next((name for name in get_args(Kind) if name == kind.strip().lower()), None)
        if not text:
            continue
        if known is None:
            problems.append(_wrong(text, f"known sinks are {', '.join(get_args(Kind))}"))
            continue
        problem = _place_problem(known, place.strip(), settings)
        if problem:
            problems.append(problem)
            continue
        secret = settings.secret(_SECRETS[known]) if known in _SECRETS else None
        choice = SinkChoice(known, place.strip(), secret)
        if choice.name in sinks:
            problems.append(_wrong(text, "it is named twice"))
        sinks[choice.name] = choice
    if problems:
        raise ProblemError(problems)
    return TelemetryChoice(tuple(sinks.values()), settings.text("telemetry_titles") == "on")


def open_sinks(choice: TelemetryChoice, *, folder: Path, app: GitHubApp) -> list[Sink]:
    """The sinks; nothing is opened before the first record.

    Args:
        choice: As `choose` read it.
        folder: The telemetry folder, for sinks that name no place of their own.
        app: For a telemetry repository.
    """
    return [_open(sink, folder, app) for sink in choice.sinks]


def _open(choice: SinkChoice, folder: Path, app: GitHubApp) -> Sink:
    if choice.kind == "jsonl":
        from tassist.telemetry.sinks.jsonl import JsonlSink

        return JsonlSink(Path(choice.place).expanduser() if choice.place else folder, name=choice.name)
    if choice.kind == "github":
        from tassist.services.telemetry_github import AppCalls
        from tassist.telemetry.sinks.github import GitHubSink

        return GitHubSink(AppCalls(app, choice.place), writer=app.slug or f"app-{app.app_id}", name=choice.name)
    if choice.kind in {"otlp", "webhook"}:
        from tassist.telemetry.sinks.http import HttpSink, cloudevents_batch, otlp_logs

        form = (otlp_logs, "application/json")
        if choice.kind == "webhook":
            form = (cloudevents_batch, "application/cloudevents-batch+json")
        return HttpSink(choice.place, name=choice.name, encode=form[0], media_type=form[1], authorization=choice.secret)
    from tassist.telemetry.sinks.sql import SqlSink

    return SqlSink(database_of(choice), name=choice.name)


def database_of(choice: SinkChoice) -> Database:
    """The database of a ``sqlite`` or ``postgresql`` sink."""
    from tassist.telemetry.sinks.sql import Postgres, Sqlite

    if choice.kind == "sqlite":
        return Sqlite(Path(choice.place).expanduser())
    assert choice.secret is not None
    return Postgres(choice.secret, shown="the address in TASSIST_TELEMETRY_POSTGRESQL")


def _place_problem(kind: Kind, place: str, settings: Settings) -> Problem | None:
    if kind in _NEEDS_PLACE and not place:
        return _wrong(kind, f"it needs a place: {_NEEDS_PLACE[kind]}")
    if kind == "github" and not _REPO.fullmatch(place):
        return _wrong(f"{kind}:{place}", "the repository has the form OWNER/NAME")
    if kind in {"otlp", "webhook"}:
        from tassist.telemetry.sinks.http import check_url

        try:
            check_url(place)
        except ProblemError as error:
            return error.problems[0]
    if kind == "postgresql":
        if place:
            return _wrong(kind, "a connection string may hold a password: it goes into TASSIST_TELEMETRY_POSTGRESQL")
        if not settings.secret("telemetry_postgresql").reveal().strip():
            return _wrong(kind, "TASSIST_TELEMETRY_POSTGRESQL, its connection string, is not set")
    return None


def _wrong(text: str, why: str) -> Problem:
    # A connection string given in the wrong place must not be shown.
    shown = "postgresql" if text.lower().startswith("postgres") else safe_text(text, max_chars=100)
    return Problem(
        "telemetry-sinks-wrong",
        f"telemetry_sinks names {shown!r}",
        why=why,
        fix="set TASSIST_TELEMETRY_SINKS, such as jsonl, or jsonl,sqlite:/var/lib/tassist/telemetry.db,github:acme/telemetry",
    )
