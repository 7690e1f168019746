"""What `tassist serve` needs before it starts: credentials that can be used and secrets that keep strangers out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from secrets import token_urlsafe as random_text

from engine.problems import Problem, ProblemError
from tassist import secrets
from tassist.config.chosen import EVERYWHERE, Chosen, read_chosen
from tassist.config.settings import Settings
from tassist.config.settings import load as load_settings
from tassist.errors import Secret
from tassist.github.catchup import retention_of
from tassist.github.limits import Limits
from tassist.secrets.private_key import PrivateKey
from tassist.services.connecting import limits
from tassist.services.store import how_long
from tassist.services.telemetry_sinks import TelemetryChoice, choose
from tassist.store.model import Keep
from tassist.store.place import check_address
from tassist.text import safe_text


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything a service is started with."""

    home: Path
    host: str
    port: int
    app: secrets.GitHubApp
    limits: Limits
    """Of each installation."""
    previous_until: datetime | None
    """When the previous webhook secret stops being accepted; ``None``: as long as it is set."""
    metrics_token: Secret | None
    retention: timedelta
    """Of GitHub's delivery log."""
    sweep_at: time | None = None
    """Each night, in UTC; ``None``: never."""
    poll_every_s: float | None = None
    """Without a webhook, asking so often."""
    telemetry: TelemetryChoice = field(default_factory=TelemetryChoice)
    keep: Keep = field(default_factory=Keep)
    database: Secret = field(default_factory=lambda: Secret(""))
    """Where the journal is, unless it is a file in ``home``."""
    chosen: Chosen = EVERYWHERE
    """The repositories that are looked after."""


def prepare(settings: Settings, *, poll_every_s: float | None = None, needs_webhook_secret: bool = True) -> Prepared:
    """Check everything that can be checked without starting.

    Args:
        settings: As loaded.
        poll_every_s: Work without a webhook, asking so often.
        needs_webhook_secret: Whether deliveries are taken from strangers.

    Raises:
        ProblemError: with everything that is wrong, at once.
    """
    problems: list[Problem] = []
    database = settings.secret("database")
    try:
        check_address(database.reveal().strip())
    except ProblemError as error:
        problems.extend(error.problems)
    app: secrets.GitHubApp | None = None
    try:
        app = secrets.load(settings, needs_webhook_secret=needs_webhook_secret)
    except ProblemError as error:
        problems.extend(error.problems)
    until: datetime | None = None
    try:
        until = moment(settings.text("webhook_secret_previous_until"))
    except ProblemError as error:
        problems.extend(error.problems)
    sweep_at: time | None = None
    try:
        sweep_at = _night(settings.text("sweep_at"))
    except ProblemError as error:
        problems.extend(error.problems)
    telemetry = TelemetryChoice()
    try:
        telemetry = choose(settings)
    except ProblemError as error:
        problems.extend(error.problems)
    keep = Keep()
    try:
        keep = how_long(settings)
    except ProblemError as error:
        problems.extend(error.problems)
    chosen = EVERYWHERE
    try:
        chosen = read_chosen(settings.text("repositories"))
    except ProblemError as error:
        problems.extend(error.problems)
    if problems or app is None:
        raise ProblemError(problems)
    until = until or moment(app.webhook_secret_previous_until)
    if not app.webhook_secret.reveal().strip():
        # Nobody knows it, so nobody can deliver: it stands for having none.
        app = replace(app, webhook_secret=Secret(random_text(32)))
    days = settings.number("log_retention_days")
    token = settings.secret("metrics_token")
    return Prepared(
        home=settings.home,
        host=settings.text("host"),
        port=settings.number("port"),
        app=app,
        limits=limits(settings),
        previous_until=until,
        metrics_token=token if token.reveal().strip() else None,
        retention=timedelta(days=days) if days else retention_of(app.api_url),
        sweep_at=sweep_at,
        poll_every_s=poll_every_s,
        telemetry=telemetry,
        keep=keep,
        database=database,
        chosen=chosen,
    )


def kept_keys(home: Path, app_id: int) -> tuple[PrivateKey, ...]:
    """The App's private keys as they are kept now; none where they cannot be read or are another App's."""
    try:
        app = secrets.load(load_settings({"home": str(home)}))
        return app.keys() if app.app_id == app_id else ()
    except ProblemError:
        return ()


def needs_database(settings: Settings) -> None:
    """Several processes can only share a journal that is in a database.

    Raises:
        ProblemError: none is named.
    """
    if not settings.secret("database").reveal().strip():
        raise ProblemError(
            Problem(
                "database-needed",
                "no database is named",
                "workers share their journal with a service, and a file is one service's alone",
                "set TASSIST_DATABASE, or give --database postgresql://USER@HOST/NAME",
            )
        )


def _night(text: str) -> time | None:
    if text.strip().lower() == "off":
        return None
    try:
        moment = datetime.strptime(text.strip(), "%H:%M").replace(tzinfo=UTC)
    except ValueError:
        raise ProblemError(
            Problem(
                code="setting-wrong",
                what=f"sweep_at is {safe_text(text, max_chars=60)!r}",
                why="it takes a time of day in UTC such as 02:30, or off",
                fix="set TASSIST_SWEEP_AT, or leave it out",
            )
        ) from None
    return moment.time()


def moment(text: str) -> datetime | None:
    """A moment as settings hold it; ``None`` where there is none.

    Raises:
        ProblemError: it is no moment.
    """
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ProblemError(
            Problem(
                code="setting-wrong",
                what=f"webhook_secret_previous_until is {safe_text(text, max_chars=60)!r}",
                why="it takes a moment such as 2026-01-31T12:00:00Z",
                fix="set GITHUB_WEBHOOK_SECRET_PREVIOUS_UNTIL, or leave it out",
            )
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
