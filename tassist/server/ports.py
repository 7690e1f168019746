"""What the dispatcher needs of the rest of the product; `tassist.wiring` brings them together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from engine.model import IssueRef, Trigger
from engine.ports import Applier, RunResult
from tassist.store.model import News, Over

Wrap = Callable[[Applier], Applier]
"""Puts the ledger around an applier."""


class GitHubSide(Protocol):
    """Looks at an issue on GitHub, decides, applies."""

    async def run(
        self, trigger: Trigger, ref: IssueRef, *, installation_id: int, ledger: Wrap, since: datetime | None
    ) -> RunResult:
        """One look at one issue, all the way.

        Args:
            trigger: Why.
            ref: The issue.
            installation_id: Which covers it.
            ledger: Put around the applier.
            since: What was read of the repository after that moment of this machine's clock is new enough, if it is not
                old; ``None``: everything is read now.

        Raises:
            Retry: a later attempt may succeed.
        """
        ...

    async def open_issues(self, repo: str, repo_id: int, *, installation_id: int) -> list[int]:
        """The numbers of the repository's open issues.

        Raises:
            Retry: a later attempt may succeed.
            ProblemError: it cannot be read.
        """
        ...

    def heed(self, news: News) -> None:
        """An installation or a repository changed: forget what was known of it."""
        ...

    async def own_login(self) -> str:
        """The login under which the App itself writes, such as ``slug[bot]``.

        Raises:
            ProblemError: GitHub cannot be asked.
        """
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...


class Telling(Protocol):
    """Builds the telemetry records of what happens beside runs; each is one JSON line without its line feed."""

    def over(self, over: Over) -> bytes:
        """A delivery that leads to nothing; its event id is made from the delivery's."""
        ...

    def checked(self, result: RunResult, *, run_id: str, at: datetime) -> bytes:
        """The configuration a run read: the first of its repository in this process, or another one than before."""
        ...


class MakeRecord(Protocol):
    """Builds the telemetry record of a run."""

    def __call__(
        self,
        result: RunResult,
        *,
        trigger: Trigger,
        run_id: str,
        delivery_ids: Sequence[str],
        received: datetime | None,
        recorded: datetime | None,
    ) -> bytes:
        """One JSON line without its line feed; its event id is made from ``run_id`` alone."""
        ...
