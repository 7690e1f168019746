"""`tassist migrate audit`: what legacy automation a repository holds, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from migrations.audit.run import audit as audited
from migrations.model import Audit
from tassist.config.settings import Settings
from tassist.services.migrate.reading import read_target


async def audit(
    target: str,
    settings: Settings,
    *,
    record: Path | None = None,
    variables: tuple[str, ...] = (),
    told: Callable[[float, str], None] | None = None,
) -> Audit:
    """Read the repository and audit it; nothing of it is run, and nothing is written.

    Args:
        target: A checkout, a snapshot file, a folder of records, or ``OWNER/NAME``.
        settings: For the connection to GitHub.
        record: A snapshot or a folder of recorded telemetry besides.
        variables: ``NAME=VALUE`` each.
        told: Hears of waits.

    Raises:
        ProblemError: the target cannot be read.
    """
    return audited(await read_target(target, settings, record=record, variables=variables, told=told))
