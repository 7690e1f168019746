"""The telemetry repository through the App: the same client as everything else, in the sink's own thread."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from engine.model import IssueRef
from engine.ports import Retry
from tassist.github.address import repository
from tassist.github.app_auth import Permissions
from tassist.github.client import Credential, Patience
from tassist.github.connection import Connection
from tassist.github.faults import Kind, Refused
from tassist.github.limits import Limits
from tassist.secrets import GitHubApp
from tassist.telemetry.sinks.git_calls import Reply

CONTENTS: Permissions = {"contents": "write", "metadata": "read"}
_STATUS = {Kind.NOT_FOUND: 404, Kind.CONFLICT: 409, Kind.INVALID: 422, Kind.ALREADY_EXISTS: 422}


class AppCalls:
    """`GitCalls` for one repository the App is installed on; its token reaches nothing but contents."""

    def __init__(
        self, app: GitHubApp, repo: str, *, limits: Limits | None = None, patience: Patience | None = None
    ) -> None:
        """Nothing is opened before the first call, which has to come from the thread of all others.

        Args:
            app: The credentials.
            repo: ``owner/name``.
            limits: Of the installation; default: what GitHub documents.
            patience: How long a call may take by itself before the pump takes over the waiting.
        """
        self._app = app
        self._repo = repo
        self._limits = limits
        self._patience = patience
        self._runner: asyncio.Runner | None = None
        self._connection: Connection | None = None
        self._who: Credential | None = None

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Reply:
        """Ask once, as `GitCalls` says."""
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(self._ask(method, path, body))

    def close(self) -> None:
        """Close the connection and its loop."""
        if self._runner is None:
            return
        if self._connection is not None:
            self._runner.run(self._connection.close())
        self._runner.close()
        self._runner = self._connection = self._who = None

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> Reply:
        if self._connection is None:
            self._connection = Connection(self._app, permissions=CONTENTS, limits=self._limits, patience=self._patience)
        client = self._connection.client
        if self._who is None:
            self._who = await self._connection.access.credential(IssueRef(self._repo, 0))
        where = repository(self._repo) + path
        try:
            if method == "GET":
                answer = await client.get(where, dict[str, Any], self._who)
            else:
                # Objects are named by their content and a branch only moves forward: doing it twice is doing it once.
                answer = await client.write(method, where, dict[str, Any], self._who, body=body, repeatable=True)
        except Retry as later:
            if later.problems[0].code != f"github-{Kind.CONFLICT}":
                raise
            return Reply(409, {"message": later.problems[0].why})
        except Refused as refused:
            status = _STATUS.get(refused.fault.kind)
            if status is None:
                raise
            return Reply(status, {"message": refused.fault.message})
        return Reply(answer.status, answer.value)
