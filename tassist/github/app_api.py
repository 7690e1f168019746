"""What the App may ask about itself: its registration, its webhook, its installations, its delivery log.

Source: https://docs.github.com/en/rest/apps
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlencode

from engine.problems import Problem
from tassist.errors import Secret
from tassist.github.app_auth import AppAuth
from tassist.github.client import Meter
from tassist.github.faults import Fault, Kind, Refused
from tassist.github.links import next_page
from tassist.github.wire import AppWire, DeliveryDetailWire, DeliveryWire, HookConfigWire, InstallationWire, RepoWire


class AppApi:
    """The calls a JWT may make."""

    def __init__(self, auth: AppAuth) -> None:
        self.auth = auth
        self.client = auth.client

    async def app(self) -> AppWire:
        """The App as registered.

        Raises:
            ProblemError: GitHub does not accept the key; the fingerprint is named.
        """
        try:
            return (await self.client.get("/app", AppWire, self.auth)).value
        except Refused as error:
            if error.fault.kind == Kind.UNAUTHORIZED:
                raise self.auth.refusal(error.fault) from None
            raise

    async def installations(self) -> list[InstallationWire]:
        """Every installation, suspended ones too."""
        return await self.client.get_all("/app/installations?per_page=100", InstallationWire, self.auth)

    async def installation(self, installation_id: int) -> InstallationWire:
        """One installation."""
        return (await self.client.get(f"/app/installations/{installation_id}", InstallationWire, self.auth)).value

    async def installation_of(self, repo_path: str) -> InstallationWire:
        """The installation that covers a repository.

        Args:
            repo_path: As `address.repository` makes it.
        """
        return (await self.client.get(f"{repo_path}/installation", InstallationWire, self.auth)).value

    async def hook_config(self) -> HookConfigWire | None:
        """Where the webhook goes; ``None`` where the App has none."""
        try:
            return (await self.client.get("/app/hook/config", HookConfigWire, self.auth)).value
        except Refused as error:
            if error.fault.kind == Kind.NOT_FOUND:
                return None
            raise

    async def set_hook_config(self, *, url: str | None = None, secret: Secret | None = None) -> HookConfigWire:
        """Point the webhook elsewhere, or change its secret; always as JSON, always with TLS checked.

        A new secret makes the old one worthless at once: keep it for redeliveries on their way.

        Raises:
            Refused: GitHub does not take it; with ``Kind.INVALID`` where the address does.
        """
        body: dict[str, str] = {"content_type": "json", "insecure_ssl": "0"}
        if url is not None:
            body["url"] = url
        if secret is not None:
            body["secret"] = secret.reveal()
        answer = await self.client.write(
            "PATCH", "/app/hook/config", HookConfigWire, self.auth, body=body, repeatable=True, paced=False
        )
        if url is not None and answer.value.url != url:
            raise Refused(Fault(Kind.PERMISSION, answer.status, "PATCH /app/hook/config", "the address was not taken"))
        return answer.value

    async def deliveries(self, *, status: str | None = None, cursor: str = "") -> AsyncIterator[list[DeliveryWire]]:
        """The delivery log, newest first, page by page; stop when you have seen enough.

        Retention: three days at github.com, seven on Enterprise Server.

        Args:
            status: ``success`` or ``failure``; servers that do not know it send all.
            cursor: Where to begin.
        """
        query = {"per_page": "100"} | ({"status": status} if status else {}) | ({"cursor": cursor} if cursor else {})
        where: str | None = f"/app/hook/deliveries?{urlencode(query)}"
        seen: set[str] = set()
        while where is not None and where not in seen:
            seen.add(where)
            answer = await self.client.get(where, list[DeliveryWire], self.auth)
            yield answer.value
            where = next_page(answer.headers.get("link", ""))

    async def delivery(self, attempt_id: int) -> DeliveryDetailWire:
        """One attempt with the headers and the payload that were sent."""
        return (await self.client.get(f"/app/hook/deliveries/{attempt_id}", DeliveryDetailWire, self.auth)).value

    async def redeliver(self, attempt_id: int) -> None:
        """Ask GitHub to send it again; it answers before it does."""
        await self.client.write(
            "POST", f"/app/hook/deliveries/{attempt_id}/attempts", bytes, self.auth, repeatable=True, paced=False
        )

    async def repositories(self, installation_id: int, *, meter: Meter | None = None) -> AsyncIterator[list[RepoWire]]:
        """The repositories an installation covers, page by page."""
        who = self.auth.installation(installation_id, permissions={"metadata": "read"})
        where: str | None = "/installation/repositories?per_page=100"
        seen: set[str] = set()
        while where is not None and where not in seen:
            seen.add(where)
            answer = await self.client.get(where, Repositories, who, meter=meter)
            yield answer.value.repositories or []
            where = next_page(answer.headers.get("link", ""))


class Repositories(RepoWire):
    """A page of an installation's repositories."""

    total_count: int | None = None
    repositories: list[RepoWire] | None = None


def missing_permissions(granted: Mapping[str, str] | None, wanted: Mapping[str, str]) -> list[Problem]:
    """Permissions an installation has not granted, each with what to do."""
    rank = {"read": 1, "write": 2, "admin": 3}
    return [
        Problem(
            "permission-missing",
            f"the installation grants {name}: {(granted or {}).get(name, 'none')}, and {level} is needed",
            fix="accept the App's new permissions in the installation's settings",
            family="auth",
        )
        for name, level in sorted(wanted.items())
        if rank.get((granted or {}).get(name, ""), 0) < rank.get(level, 1)
    ]
