"""An App in a box whose registration, webhook and tunnel may be made to drift from what is kept in a home folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from setup_wizard.manifest import EVENTS, PERMISSIONS
from tassist.config import settings
from tassist.doctor.check import Finding
from tassist.doctor.examine import examine
from tassist.errors import Secret
from tassist.sandbox import Box, Registered, Running, aserve
from tassist.secrets import GitHubApp, credentials_path, save
from tassist.services.doctor import drift
from tassist.services.doctor.app_side import AppSide
from tests.support import keys


@dataclass
class World:
    """GitHub in a box, an App, and its credentials in a home folder."""

    box: Box
    running: Running
    made: Registered
    home: Path

    def keep(self, **changes: object) -> None:
        """Keep the App's credentials, but for ``changes``."""
        values: dict[str, object] = {
            "app_id": self.made.id, "private_key": Secret(self.made.pem), "slug": self.made.slug,
            "name": "Task Assistant", "webhook_secret": Secret(self.made.webhook_secret or ""), "api_url": self.running.api_url,
        }  # fmt: skip
        save(GitHubApp(**{**values, **changes}), credentials_path(self.home))  # type: ignore[arg-type]  # its own fields

    async def delivers_in_vain(self) -> None:
        """GitHub sends something to where nobody listens."""
        app = self.box.app(self.made.id)
        app.hook_url = "http://127.0.0.1:9/webhook"
        with self.box.lock:
            self.box.webhooks.ping(app)
        assert await asyncio.to_thread(self.box.webhooks.wait_idle, 10)

    async def looked(self, **env: str) -> dict[str, Finding]:
        """What the checks of drift say."""
        side = AppSide(
            settings.load(
                {"home": str(self.home)},
                env={
                    "HOME": str(self.home),
                    "TASSIST_NGROK_AGENT": os.environ.get("TASSIST_NGROK_AGENT", "http://127.0.0.1:9"),
                    **env,
                },
                dotenv=None,
            ),
            self.home,
        )
        try:
            found = await examine([(check, side) for check in drift.CHECKS], deadline_s=60)
        finally:
            await side.close()
        return {item.id: item.finding for item in found}


@asynccontextmanager
async def drifting(home: Path) -> AsyncIterator[World]:
    """An App as the manifest makes it, owned by one organisation, and its credentials in the folder."""
    box = Box.empty()
    box.organization("octo", owners=["ann"])
    made = registered(box, "Task Assistant")
    async with aserve(box) as running:
        found = World(box, running, made, home)
        found.keep()
        yield found


def registered(box: Box, name: str, **changes: Any) -> Registered:
    """An App of the organisation's, as the manifest makes it but for ``changes``."""
    values: dict[str, Any] = {
        "owner": "octo", "pem": keys.pem(), "hook_url": "https://webhook.invalid/webhook",
        "permissions": dict(PERMISSIONS), "events": EVENTS, "public": True, **changes,
    }  # fmt: skip
    return box.register_app(name, **values)
