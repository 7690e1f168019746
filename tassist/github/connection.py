"""Everything that speaks to one GitHub as one App, put together once: the client, the credential, reader and applier."""

from __future__ import annotations

from typing import Self

from engine.ports import Clock
from tassist.github.access import InstallationAccess
from tassist.github.app_api import AppApi
from tassist.github.app_auth import DRY_PERMISSIONS, RUN_PERMISSIONS, AppAuth, Permissions
from tassist.github.applier import GitHubApplier
from tassist.github.client import GitHubClient, Patience
from tassist.github.limits import Limits
from tassist.github.reader import CONFIG_PATH, GitHubReader
from tassist.github.translate import Ourselves
from tassist.secrets import GitHubApp


class Connection:
    """One pool of connections and one key in memory; open it once, not for each event."""

    def __init__(
        self,
        app: GitHubApp,
        *,
        dry: bool = False,
        permissions: Permissions | None = None,
        clock: Clock | None = None,
        limits: Limits | None = None,
        patience: Patience | None = None,
        config_path: str = CONFIG_PATH,
    ) -> None:
        """Args beyond the obvious.

        Args:
            app: The credentials.
            dry: Every token is minted read-only, so GitHub itself refuses a write.
            permissions: Of every token, instead of what a run (or a dry run) needs.
            clock: The present; default: the machine's.
            limits: Of each installation; default: what GitHub documents.
            patience: How long waits are slept through rather than handed back.
            config_path: Where repositories keep their configuration.

        Raises:
            ProblemError: the key or the address cannot be used.
        """
        self.client = GitHubClient(app.api_url, clock=clock, limits=limits, patience=patience)
        self.auth = AppAuth(app, self.client)
        self.api = AppApi(self.auth)
        self.access = InstallationAccess(
            self.auth, permissions=permissions or (DRY_PERMISSIONS if dry else RUN_PERMISSIONS)
        )
        self.ourselves = Ourselves(app.app_id, app.slug)
        self.reader = GitHubReader(self.client, self.access, self.ourselves, config_path=config_path)
        self.applier = GitHubApplier(self.client, self.access, self.ourselves)

    async def close(self) -> None:
        """Give the connections back."""
        await self.client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()
