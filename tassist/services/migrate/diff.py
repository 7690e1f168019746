"""`tassist migrate diff`: what would change for every issue, before anything does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from engine.config import Config, InvalidConfig, parse
from engine.model import Issue
from engine.problems import Problem, ProblemError
from migrations.audit.run import audit as audited
from migrations.compare.accepted import MAX_BYTES, read_accepted
from migrations.compare.run import compare
from migrations.legacy.recognise import Legacy, recognise, world_of
from migrations.legacy.stale_action import StaleAction
from migrations.model import Accepted, Audit, Comparison, Snapshot
from tassist.config.settings import Settings
from tassist.errors import os_problem
from tassist.services.config import read_source
from tassist.services.migrate.reading import read_target
from tassist.services.migrate.snapshot_file import document_of, snapshot_of
from tassist.services.simulate.exported import read_export
from tassist.services.simulate.history import History
from tassist.text import noun

_FIRST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything a person needs to say yes or no."""

    snapshot: Snapshot
    audit: Audit
    legacy: Legacy
    config: Config
    comparison: Comparison


async def diff(
    target: str,
    settings: Settings,
    *,
    config: Path,
    today: date,
    record: Path | None = None,
    variables: tuple[str, ...] = (),
    accepted: Path | None = None,
    rehearse: bool = False,
    without_isolation: bool = False,
    told: Callable[[float, str], None] | None = None,
) -> Evidence:
    """Compare what legacy declares, what its record shows, and what the engine would do.

    Args:
        target: A checkout, a snapshot file, a folder of records, or ``OWNER/NAME``.
        settings: For the connection to GitHub.
        config: The proposed configuration.
        today: For the expiry of accepted differences.
        record: A snapshot or a folder of recorded telemetry besides.
        variables: ``NAME=VALUE`` each.
        accepted: The file of accepted differences.
        rehearse: Also run the legacy scripts for real, offline; the user's explicit choice.
        without_isolation: The user confirmed that they may run without a network namespace.
        told: Hears of waits.

    Raises:
        ProblemError: the target, the configuration or the file of accepted differences cannot be used, or nothing can be rehearsed here.
    """
    proposed = parse(read_source(str(config)), file=config.name)
    if isinstance(proposed, InvalidConfig):
        raise ProblemError(proposed.problems)
    entries = _accepted(accepted)
    snapshot = await read_target(target, settings, record=record, variables=variables, told=told)
    noise, notes = rehearsed(snapshot, without_isolation=without_isolation) if rehearse else ((), ())
    return compared(snapshot, proposed, today=today, accepted=entries, noise=noise, notes=notes)


def rehearsed(snapshot: Snapshot, *, without_isolation: bool = False) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Run every scheduled component that acts on issues, twice: what differed between the runs, and whether its model says the same.

    Raises:
        ProblemError: nothing can be rehearsed on this machine.
    """
    from tassist.services.migrate.rehearsal import rehearse

    legacy = recognise(snapshot)
    now = snapshot.taken_at or _FIRST
    world = world_of(snapshot, now)
    noise: list[str] = []
    notes: list[str] = []
    for component in legacy.issues:
        if isinstance(component, StaleAction):
            notes.append(
                f"{component.path}: an Action is not run here; its side rests on the model of its inputs alone"
            )
            continue
        if not legacy.facts[component.path].document.has_trigger("schedule"):
            continue
        ran = rehearse(snapshot, component.path, now, without_isolation=without_isolation)
        noise += ran.noise
        declared = {issue.ref.number: component.decide(issue, world).writes for issue in snapshot.issues or ()}
        intended = ran.writes()
        apart = sorted(
            number
            for number in {*declared, *intended}
            if set(declared.get(number, ())) != set(intended.get(number, ()))
        )
        if not ran.ended:
            notes.append(f"{component.path}: rehearsed, and ended after the time limit")
        elif apart:
            shown = ", ".join(f"#{number}" for number in apart[:5])
            failed = next((step for step in ran.steps if step.code), None)
            why = f"; its step {failed.name!r} failed" if failed is not None else ""
            notes.append(
                f"{component.path}: rehearsed; its scripts intend something else than its text declares on {len(apart)} {noun(len(apart), 'issue')} ({shown}){why}"
            )
        else:
            notes.append(
                f"{component.path}: rehearsed; its scripts intend exactly what its model declares, on {len(intended)} {noun(len(intended), 'issue')}"
            )
    return tuple(noise), tuple(notes)


def compared(
    snapshot: Snapshot,
    config: Config,
    *,
    today: date,
    accepted: tuple[Accepted, ...] = (),
    noise: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Evidence:
    """The comparison over a snapshot that was read already.

    Args:
        snapshot: The repository and its record.
        config: The proposed configuration.
        today: For the expiry of accepted differences.
        accepted: Differences a person explained.
        noise: What two rehearsals of the same script did differently.
        notes: What rehearsals showed besides.
    """
    found = audited(snapshot)
    legacy = recognise(snapshot)
    world = world_of(snapshot, snapshot.taken_at or _FIRST)
    comparison = compare(
        snapshot, found, legacy, world, config, states_of(snapshot), accepted=accepted, today=today, noise=noise
    )
    return Evidence(snapshot, found, legacy, config, replace(comparison, notes=comparison.notes + notes))


def states_of(snapshot: Snapshot) -> Iterator[tuple[Issue, datetime]]:
    """Every recorded state of every issue: the present one, those its timeline plays back, and those in the record."""
    if snapshot.issues and any(issue.timeline is not None for issue in snapshot.issues):
        history = History()
        document = document_of(snapshot)
        document["exported_at"] = document["taken_at"]
        read_export(document, history, app="", repo=snapshot.repo, name="timelines")
        yield from history.issues
    elif snapshot.issues:
        at = snapshot.taken_at or max(
            (issue.updated_at for issue in snapshot.issues if issue.updated_at), default=_FIRST
        )
        yield from ((issue, at) for issue in snapshot.issues)
    for record in snapshot.telemetry:
        if b'"issues"' not in record.content or b'"repository"' not in record.content:
            continue
        try:
            found = snapshot_of(msgspec.json.decode(record.content), origin=record.path)
        except (msgspec.DecodeError, RecursionError):
            continue
        if found is None or found.taken_at is None or found.taken_at == snapshot.taken_at:
            continue
        # A record of the supervisor lists issues too, without the fields that make a state.
        yield from ((issue, found.taken_at) for issue in found.issues or () if issue.updated_at is not None)


def _accepted(path: Path | None) -> tuple[Accepted, ...]:
    if path is None:
        return ()
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ProblemError(Problem("accepted-wrong", f"{path.name} is larger than {MAX_BYTES} bytes"))
        return read_accepted(path.read_text("utf-8"), file=path.name)
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read the accepted differences from")) from error
    except UnicodeDecodeError as error:
        raise ProblemError(Problem("accepted-wrong", f"{path.name} is not UTF-8 text", str(error))) from None
