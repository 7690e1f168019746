"""Makes the records of what happens beside runs from what the journal and the engine know of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from engine.model import Trigger
from engine.ports import RunResult
from tassist.store.model import Over
from tassist.telemetry.around import config_validated, delivery_recorded


class Beside:
    """The records of what happens beside runs, with these values blanked out wherever they might appear."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self._secrets = tuple(secrets)

    def over(self, over: Over) -> bytes:
        """A delivery that leads to nothing."""
        fine = over.state == "ignored"
        return delivery_recorded(
            trigger=Trigger(
                "delivery", over.event, over.action, over.delivery_id, sender=over.sender, sender_id=over.sender_id
            ),
            at=over.at,
            repo=over.repo,
            repo_id=over.repo_id,
            note=(over.reason or "") if fine else "",
            reason=None if fine else over.reason or "it was set aside",
            secrets=self._secrets,
        )

    def checked(self, result: RunResult, *, run_id: str, at: datetime) -> bytes:
        """The configuration a run read."""
        return config_validated(
            repo=result.ref.repo,
            repo_id=result.ref.repo_id,
            run_id=run_id,
            config_digest=result.config_digest,
            at=at,
            problems=result.config_problems,
            valid=result.config_valid is not False,
            secrets=self._secrets,
        )
