"""Everything there is to see before a migration, read once: the audit, the plan, and the comparison under the configuration it brings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from engine.config import InvalidConfig, parse
from engine.problems import Problem, ProblemError
from migrations.model import Audit, Comparison
from migrations.plan import Plan, Wishes
from tassist.config.settings import Settings
from tassist.services.migrate import moving
from tassist.services.migrate.audit import audit
from tassist.services.migrate.diff import compared, diff
from tassist.services.migrate.reading import is_repository, with_record


@dataclass(frozen=True, slots=True)
class Overview:
    """What a person looks at before saying yes."""

    audit: Audit
    plan: Plan | None = None
    """Of a repository on GitHub, the one that is being carried out where one is; ``None`` for a folder or a file, and where none can be made."""
    unplanned: tuple[Problem, ...] = ()
    """Why no plan can be made."""
    comparison: Comparison | None = None
    """Under the configuration that was named, else under the one the plan brings; ``None`` where there is neither."""


async def overview(
    target: str, settings: Settings, *, today: date, config: Path | None = None, record: Path | None = None
) -> Overview:
    """Read a target once, and say everything about it that can be said; nothing is written.

    Args:
        target: A checkout, a snapshot file, a folder of records, or ``OWNER/NAME``.
        settings: For the connection to GitHub.
        today: For the expiry of accepted differences.
        config: The proposed configuration; where none is named, a repository on GitHub is compared under the one its plan brings.
        record: A snapshot or a folder of recorded telemetry besides.

    Raises:
        ProblemError: the target, the record or the named configuration cannot be used.
    """
    if not is_repository(target):
        if config is None:
            return Overview(await audit(target, settings, record=record))
        found = await diff(target, settings, config=config, today=today, record=record)
        return Overview(found.audit, comparison=found.comparison)
    own = moving.own_config(config)
    parsed = parse(own, file=config.name) if config is not None else None
    if isinstance(parsed, InvalidConfig):
        raise ProblemError(parsed.problems)
    seen = await moving.see(target, settings)
    progress = moving.progress_of(settings, target)
    plan = progress.plan if progress.under_way else None
    unplanned: tuple[Problem, ...] = ()
    try:
        plan = plan or moving.planned(seen, Wishes(config=own))
    except ProblemError as error:
        unplanned = error.problems
    if parsed is None and plan is not None:
        parsed = parse(plan.config, file=plan.config_path)
    if parsed is None or isinstance(parsed, InvalidConfig):
        return Overview(seen.audit, plan, unplanned)
    snapshot = seen.snapshot if record is None else with_record(seen.snapshot, record)
    return Overview(seen.audit, plan, unplanned, compared(snapshot, parsed, today=today).comparison)
