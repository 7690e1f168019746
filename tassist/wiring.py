"""The only place where the engine's ports meet their adapters."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from engine.runner import run
from tassist.clock import SystemClock
from tassist.github.abreast import Managed, reading_ahead
from tassist.github.limits import UNLIMITED
from tassist.server.away import Away
from tassist.server.dispatcher import Breadth
from tassist.server.parts import Parts
from tassist.server.ports import GitHubSide, Wrap
from tassist.server.renewal import StoredSecrets
from tassist.server.signature import Secrets
from tassist.services.serve import Prepared, kept_keys
from tassist.store.model import News
from tassist.store.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from engine.model import IssueRef, Trigger
    from engine.ports import RunResult
    from tassist.github.limits import Limits
    from tassist.secrets import GitHubApp
    from tassist.services.migrate.shadow import Shadow
    from tassist.store.ports import Journal
    from tassist.telemetry.pump import Pump

TELEMETRY_FOLDER = "telemetry"
STATUS_FILE = "sinks.json"


class RealGitHub(GitHubSide):
    """The engine's runner on the App client: one client, one key and one set of tokens for everything."""

    def __init__(self, app: GitHubApp, *, limits: Limits | None = None, home: Path | None = None) -> None:
        """Make it inside the event loop it is used in.

        Args:
            app: The credentials.
            limits: Of each installation.
            home: Where keys are looked for when GitHub refuses those at hand, and what is in shadow; ``None``: nowhere.

        Raises:
            ProblemError: the private key or the API's address cannot be used.
        """
        from tassist.github.connection import Connection
        from tassist.services.migrate.shadow import Shadows

        self._app = app
        self._limits = limits
        self._dry: Connection | None = None
        self.shadows = Shadows(home) if home else None
        self._clock = SystemClock()
        self._managed = Managed()
        self.connection = Connection(app, clock=self._clock, limits=limits)
        if home is not None:
            self.connection.auth.renew_keys = partial(kept_keys, home, app.app_id)

    @override
    async def run(
        self, trigger: Trigger, ref: IssueRef, *, installation_id: int, ledger: Wrap, since: datetime | None = None
    ) -> RunResult:
        self._remember(ref.repo_id, installation_id)
        in_shadow = self.shadows.of(ref.repo_id) if self.shadows else None
        if in_shadow is not None:
            result = await self._in_shadow(trigger, ref, installation_id, *in_shadow)
            if result is not None:
                return result
        reader = self.connection.reader if since is None else self.connection.reader.since(since)
        async with reading_ahead(reader, self._managed) as ahead:
            return await run(trigger, ref, reader=ahead, applier=ledger(self.connection.applier), clock=self._clock)

    async def _in_shadow(
        self, trigger: Trigger, ref: IssueRef, installation_id: int, place: Path, shadow: Shadow
    ) -> RunResult | None:
        """Decide with a token that cannot write; ``None`` where the repository has its own configuration by now."""
        from tassist.github.connection import Connection
        from tassist.services.migrate import shadow as shadowing

        if self._dry is None:
            self._dry = Connection(self._app, dry=True, clock=self._clock, limits=self._limits)
            self._dry.ourselves.login = self.connection.ourselves.login
        if ref.repo_id and installation_id:
            self._dry.access.remember(ref.repo_id, installation_id)
        return await shadowing.run(trigger, ref, place=place, shadow=shadow, reader=self._dry.reader, clock=self._clock)

    @override
    async def open_issues(self, repo: str, repo_id: int, *, installation_id: int) -> list[int]:
        from engine.model import IssueRef
        from engine.problems import Problem, ProblemError
        from tassist.github.address import repository
        from tassist.github.faults import Kind, Refused
        from tassist.github.wire import IssueWire

        self._remember(repo_id, installation_id)
        who = await self.connection.access.credential(IssueRef(repo, 0, repo_id))
        path = f"{repository(repo, repo_id)}/issues?state=open&per_page=100"
        try:
            found = await self.connection.client.get_all(path, IssueWire, who)
        except Refused as refused:
            if refused.fault.kind == Kind.GONE:
                return []  # issues are switched off there
            if refused.fault.kind != Kind.NOT_FOUND:
                raise
            # It left the installation, moved or was deleted, and the news of that is still on its way.
            raise ProblemError(
                Problem(
                    "repository-out-of-reach",
                    f"the open issues of {repo} cannot be listed",
                    "GitHub says that there is no such repository, or the App may not see it",
                    "nothing: it is asked what became of it, and what waits goes on or is dropped accordingly",
                    family="auth",
                )
            ) from refused
        return [issue.number for issue in found if issue.number and issue.pull_request is None]

    @override
    def heed(self, news: News) -> None:
        if news.kind.startswith("installation-"):
            self.connection.access.forget_installation(news.id)
            if self._dry is not None:
                self._dry.access.forget_installation(news.id)
        else:
            self.connection.reader.forget(news.id)
            self.connection.access.forget_repository(news.id)
            if self._dry is not None:
                self._dry.reader.forget(news.id)
                self._dry.access.forget_repository(news.id)

    @override
    async def own_login(self) -> str:
        slug = self._app.slug or (await self.connection.api.app()).slug or ""
        login = f"{slug}[bot]" if slug else ""
        self.connection.ourselves.login = login.lower()
        return login

    @override
    async def close(self) -> None:
        if self._dry is not None:
            await self._dry.close()
        await self.connection.close()

    def _remember(self, repo_id: int, installation_id: int) -> None:
        if repo_id and installation_id:
            self.connection.access.remember(repo_id, installation_id)


def breadth(prepared: Prepared, looks: int = 32) -> Breadth:
    """How much is done at once.

    Args:
        prepared: The settings, checked.
        looks: Looks under way; one installation may hold a quarter of the places, as its limits at GitHub must not hold up
            the others, and all of them at a server that has no limits.
    """
    of_one = looks if prepared.limits == UNLIMITED else max(looks // 4, 1)
    return Breadth(looks=looks, looks_per_installation=of_one)


def service_parts(prepared: Prepared, away: Away | None = None) -> Parts:
    """What `tassist serve` is made of.

    Args:
        prepared: The settings, checked.
        away: What it does by itself, instead of what the settings say.
    """
    from tassist.services.migrate.agreement import daily
    from tassist.services.telling import Beside
    from tassist.telemetry.record import run_record

    secrets = tuple(
        secret.reveal() for secret in (prepared.app.webhook_secret, prepared.app.webhook_secret_previous) if secret
    )

    doing = away or Away(
        retention=prepared.retention,
        sweep_at=prepared.sweep_at,
        spread_by=str(prepared.app.app_id),
        poll_every_s=prepared.poll_every_s,
        chosen=prepared.chosen,
    )

    async def by_itself(github: GitHubSide, journal: Journal) -> None:
        assert isinstance(github, RealGitHub)
        saying = asyncio.create_task(daily(prepared.home, journal.outbox.emit, SystemClock()))
        try:
            await doing.run(github.connection, journal, SystemClock())
        finally:
            saying.cancel()

    async def github() -> GitHubSide:
        return RealGitHub(prepared.app, limits=prepared.limits, home=prepared.home)

    def pump(outbox: Outbox) -> Pump:
        from tassist.services.telemetry_sinks import open_sinks
        from tassist.telemetry.pump import Pump

        sinks = open_sinks(prepared.telemetry, folder=prepared.home / TELEMETRY_FOLDER, app=prepared.app)
        return Pump(outbox, sinks, status_file=prepared.home / STATUS_FILE, emit=outbox.emit, clock=SystemClock())

    return Parts(
        home=prepared.home,
        secrets=Secrets.checked(
            prepared.app.webhook_secret, prepared.app.webhook_secret_previous, prepared.previous_until
        ),
        clock=SystemClock(),
        github=github,
        make_record=partial(
            run_record,
            include_titles=prepared.telemetry.include_titles,
            secrets=secrets,
        ),
        tell=Beside(secrets),
        pump=pump,
        sinks=tuple(sink.name for sink in prepared.telemetry.sinks),
        keep=prepared.keep,
        metrics_token=prepared.metrics_token,
        away=by_itself,
        renewal=StoredSecrets(prepared.home),
        open_journal=_elsewhere(prepared),
        chosen=prepared.chosen,
    )


def _elsewhere(prepared: Prepared) -> Callable[[], Journal] | None:
    """Opens the journal where it is in a database."""
    text = prepared.database.reveal().strip()
    if not text:
        return None
    from tassist.store.place import open_database

    return partial(open_database, text)
