"""`tassist migrate plan`, `apply`, `verify` and `rollback`: the plan, and a journalled way there and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from engine.model import IssueRef, Repo
from engine.ports import Gone
from engine.problems import Problem, ProblemError
from migrations.model import Audit, Snapshot
from migrations.plan import Plan, Step, Wishes, drift, from_data, markdown, plan, to_data
from migrations.plan.steps import OWN
from tassist.config.settings import Settings
from tassist.errors import os_problem, redact
from tassist.github.client import Patience
from tassist.github.connection import Connection
from tassist.services.connecting import AT_A_TERMINAL, connect
from tassist.services.migrate.deeds import Deeds
from tassist.services.migrate.hands import hands, lent_token, more
from tassist.services.migrate.history import Source, take_in
from tassist.services.migrate.progress import Progress, folder
from tassist.services.migrate.shadow import Day, Shadow
from tassist.services.migrate.unrepeated import unrepeating, without_credentials
from tassist.services.telemetry import telemetry_folder
from tassist.store.database import ServeLock, prepare_folder
from tassist.store.journal import Journal
from tassist.store.ledger import new_run_id
from tassist.telemetry.around import step_record
from tassist.text import noun, safe_text

MAX_EVIDENCE = 50_000
Waits = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """A repository as read for a plan."""

    snapshot: Snapshot
    audit: Audit
    config: str | None
    """The configuration the repository has; ``None``: none."""


@dataclass(frozen=True, slots=True)
class Told:
    """How one step went."""

    step: Step
    word: Literal["already", "done", "undone"]


@dataclass(frozen=True, slots=True)
class How:
    """How a person wants the way to be gone."""

    direct: bool = False
    merge: bool = False
    elsewhere: bool = False
    """The service runs with another home folder, or on another machine."""
    evidence: str = ""
    """Markdown for the pull request."""
    patience: Patience = AT_A_TERMINAL
    """How long waits are slept through."""


async def see(repo: str, settings: Settings, *, told: Waits | None = None) -> Seen:
    """Read a repository on GitHub and audit it; nothing is written.

    Raises:
        ProblemError: it cannot be read.
    """
    from migrations.audit.run import audit
    from tassist.services.migrate.remote import read_remote

    async with connect(settings, dry=True, patience=AT_A_TERMINAL, told=told) as connection:
        snapshot = await more(connection, await read_remote(connection, repo), settings)
        found = await connection.access.resolve(repo)
        config = await connection.reader.config(IssueRef(found.full_name, 0, found.id))
        if isinstance(config, Gone):
            raise ProblemError(config.problem)
    if not snapshot.workflows and any(
        note.startswith("the files of HEAD could not be read") for note in snapshot.notes
    ):
        raise ProblemError(
            Problem("files-not-read", f"the files of {snapshot.repo} could not be read now", "GitHub gave no answer",
                    "try again in a moment", family="world")
        )  # fmt: skip
    return Seen(snapshot, audit(snapshot), config.text)


def planned(seen: Seen, wishes: Wishes) -> Plan:
    """The plan for what was read.

    Raises:
        ProblemError: none can be made, or it would repeat a credential.
    """
    snapshot, notes = without_credentials(seen.snapshot)
    return unrepeating(plan(snapshot, seen.audit, wishes, has_config=seen.config is not None), notes)


def keep(made: Plan, path: Path) -> None:
    """Write a plan to a file.

    Raises:
        ProblemError: it cannot be written.
    """
    try:
        path.write_text(json.dumps(to_data(made), indent=1, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise ProblemError(os_problem(error, doing="write the plan to")) from error


def kept(path: Path) -> Plan:
    """Read a plan from a file.

    Raises:
        ProblemError: it is none, or holds a credential.
    """
    try:
        return unrepeating(from_data(json.loads(path.read_bytes())))
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read the plan")) from error
    except ValueError as error:
        raise ProblemError(Problem("plan-form", f"{safe_text(path)} is no plan", safe_text(error))) from None


def same_world(wanted: Plan, now: Plan) -> None:
    """Refuse a plan that was kept where the world moved since.

    Raises:
        ProblemError: every drift, by name.
    """
    moved = drift(wanted, now)
    if moved:
        raise ProblemError(
            Problem("plan-drift", safe_text(line, max_chars=400), "the plan was made for another state",
                    "look at a new plan: tassist migrate plan")
            for line in moved
        )  # fmt: skip


def progress_of(settings: Settings, repo: str) -> Progress:
    """Where a repository's migration stands."""
    return Progress(folder(settings.home, repo))


async def apply(
    made: Plan, settings: Settings, how: How, told: Callable[[Told], None], *, waits: Waits | None = None
) -> Progress:
    """Carry a plan out, or go on where a former try ended; each step stands in the journal before its first write.

    Args:
        made: What to carry out, where nothing is under way; else what is under way goes on.
        settings: As loaded.
        how: The person's choices.
        told: Hears of each step.
        waits: Hears of waits.

    Raises:
        AwaitsMergeError: the pull request is open; the same call goes on once it is merged.
        ProblemError: it cannot go on; what was done stays, and the same call goes on from there.
    """
    progress = progress_of(settings, made.repo)
    async with connect(settings, patience=how.patience, told=waits) as connection:
        repo = await connection.access.resolve(made.repo)
        on = await hands(connection, repo, settings, direct=how.direct)
        if not progress.under_way:
            progress.begin(made, new_run_id(connection.client.clock.now()))
        current = progress.plan
        assert current is not None
        deeds = Deeds(
            on, current, redact(markdown(current, how.evidence)), direct=how.direct, merge=how.merge,
            note=lambda what: progress.note(**what),
        )  # fmt: skip
        clock = connection.client.clock
        for step in current.steps:
            if progress.state(step.id) == "done":
                told(Told(step, "already"))
                continue
            if step.kind == "cut-over" and not how.elsewhere:
                _refuse_none(settings)
            if progress.state(step.id) != "intended":
                progress.write(step.id, "intended", clock.now(), found=await deeds.look(step))
            entry = progress.entries[step.id]
            if step.kind == "import-telemetry":
                result = await _import(connection, repo, settings, progress.place)
            else:
                result = await deeds.do(step, entry.found)
            progress.write(step.id, "done", clock.now(), result=result)
            _record(settings, progress, step, "applied", connection)
            told(Told(step, "done"))
    return progress


async def rollback(
    settings: Settings, repo: str, how: How, told: Callable[[Told], None], *, waits: Waits | None = None
) -> Progress:
    """Take everything back, the last step first; goes on where a former try ended.

    Raises:
        AwaitsMergeError: the pull request that takes the switch back waits.
        ProblemError: there is nothing to take back, or it cannot go on.
    """
    progress = progress_of(settings, repo)
    if progress.plan is None or not progress.entries:
        raise ProblemError(
            Problem(
                "nothing-to-roll-back",
                f"no migration of {safe_text(repo, max_chars=100)} was begun with this home folder",
                "the journal of a migration is kept where it was applied",
                "name the folder with --home",
            )
        )
    async with connect(settings, patience=how.patience, told=waits) as connection:
        found = await connection.access.resolve(progress.plan.repo)
        on = await hands(connection, found, settings, direct=how.direct)
        deeds = Deeds(
            on, progress.plan, "", direct=how.direct, merge=how.merge, note=lambda what: progress.note(**what)
        )
        clock = connection.client.clock
        for step in reversed(progress.plan.steps):
            if progress.state(step.id) in {"planned", "undone"}:
                continue
            entry = progress.entries[step.id]
            progress.write(step.id, "undoing", clock.now())
            await deeds.undo(step, entry.found)
            progress.write(step.id, "undone", clock.now())
            _record(settings, progress, step, "rolled back", connection)
            told(Told(step, "undone"))
    return progress


@dataclass(slots=True)
class Verified:
    """What verify found."""

    repo: str
    checks: list[tuple[str, bool, str]] = field(default_factory=list)
    """What was checked, whether it holds, and why not."""
    foreseen: list[tuple[str, bool, str]] = field(default_factory=list)
    """The same for what the shadow foresaw; people may have changed it since, so it is told and does not fail."""
    unchecked: list[tuple[str, str]] = field(default_factory=list)
    """What could not be looked at, and why."""

    @property
    def wrong(self) -> list[tuple[str, str]]:
        """What does not hold."""
        return [(what, why) for what, holds, why in self.checks if not holds]

    def data(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "repo": self.repo,
            "holds": not self.wrong,
            "checks": [{"what": what, "holds": holds, "why": why} for what, holds, why in self.checks],
            "unchecked": [{"what": what, "why": why} for what, why in self.unchecked],
            "shadow": [{"what": what, "holds": holds, "why": why} for what, holds, why in self.foreseen],
        }


async def verify(settings: Settings, repo: str, *, waits: Waits | None = None) -> Verified:
    """Compare the repository with the plan that was carried out, step by step, and with the shadow record; writes nothing.

    Raises:
        ProblemError: there is no migration to verify.
    """
    from tassist.services.migrate import imported
    from tassist.services.migrate.checks import World, check_shadow, check_steps

    progress = progress_of(settings, repo)
    if progress.plan is None:
        raise ProblemError(
            Problem("nothing-to-verify", f"no migration of {safe_text(repo, max_chars=100)} was begun with this home folder",
                    fix="name the folder with --home, or begin: tassist migrate plan")
        )  # fmt: skip
    seen = await see(progress.plan.repo, settings, told=waits)
    done = Verified(progress.plan.repo)
    world = World(
        seen.snapshot,
        seen.config,
        await _switched(progress.plan, settings, waits),
        imported.standing(progress.place, telemetry_folder(settings)),
    )
    for what, holds, why in check_steps(progress, world):
        if holds is None:
            done.unchecked.append((what, why))
        else:
            done.checks.append((what, holds, why))
    done.foreseen += check_shadow(progress.place, progress.plan, seen.snapshot)
    return done


async def _switched(plan: Plan, settings: Settings, waits: Waits | None) -> dict[str, str] | None:
    """Which workflows GitHub knows, by their path, and whether they are on; ``None`` where nobody here may ask."""
    from tassist.services.migrate.remote import workflow_states

    if not any(step.kind == "disable-workflow" for step in plan.steps):
        return {}
    async with connect(settings, dry=True, patience=AT_A_TERMINAL, told=waits) as connection:
        return await workflow_states(connection, plan.repo, lent_token(settings))


async def _import(connection: Connection, repo: Repo, settings: Settings, place: Path) -> dict[str, Any]:
    from tassist.services.migrate import imported
    from tassist.services.migrate.remote import read_remote

    snapshot = await read_remote(connection, repo.full_name)
    ids: set[str] = set()
    done = take_in(Source(repo.full_name, snapshot.telemetry), telemetry_folder(settings), ids=ids)
    imported.remember(place, telemetry_folder(settings), ids)
    return {"files": done.files, "records": done.written, "unread": done.unread}


def _refuse_none(settings: Settings) -> None:
    """Before legacy goes off, somebody has to be there: never no authority.

    Raises:
        ProblemError: no service runs with this home folder.
    """
    prepare_folder(settings.home)
    with ServeLock(settings.home) as lock:
        if lock.acquire():
            raise ProblemError(
                Problem(
                    "no-service",
                    "no tassist serve runs with this home folder, so nobody would look after the issues after the switch",
                    "the switch takes legacy off; the service that takes over has to be there first",
                    "start it: tassist serve; or, where it runs elsewhere, add --service-elsewhere",
                )
            )


def _record(settings: Settings, progress: Progress, step: Step, what: str, connection: Connection) -> None:
    """A record of the step, on its way to every sink."""
    assert progress.plan is not None
    line = step_record(
        "migration_step", step=f"{step.id} ({what})", run_id=progress.run_id, at=connection.client.clock.now(),
        repo=progress.plan.repo,
    )  # fmt: skip
    prepare_folder(settings.home)
    with Journal.open(settings.home) as journal:
        journal.outbox.emit(line)


def standing(settings: Settings, repo: str) -> Sequence[tuple[str, str]]:
    """The places of a migration and how far each is, for a person who asks where it stands."""
    progress = progress_of(settings, repo)
    shadow = Shadow.load(progress.place)
    applied = "not begun"
    if progress.plan is not None:
        states = [progress.state(step.id) for step in progress.plan.steps]
        done = states.count("done")
        applied = f"{done} of {len(states)} {noun(len(states), 'step')} done"
        if states and set(states) <= {"undone", "planned"}:
            applied = "rolled back"
        elif done < len(states) and "url" in progress.notes:
            applied += f"; waits for {progress.notes['url']}"
    return [
        ("audit", f"tassist migrate audit {repo}"),
        ("diff", f"tassist migrate diff {repo} --config FILE"),
        ("plan", f"tassist migrate plan {repo}"),
        ("shadow", shadow.in_words() if shadow else f"not begun: tassist migrate shadow start {repo}"),
        ("apply", applied),
        ("verify", f"tassist migrate verify {repo}"),
    ]


def evidence_text(path: Path | None) -> str:
    """The evidence for the pull request's body; GitHub takes 65536 characters, of which the plan needs some.

    Raises:
        ProblemError: it cannot be read.
    """
    if path is None:
        return ""
    try:
        text = path.read_text("utf-8", "replace")
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read the evidence")) from error
    if len(text) <= MAX_EVIDENCE:
        return text
    return text[:MAX_EVIDENCE].rpartition("\n")[0] + "\n\n… cut here; the whole report is a file of its own."


def own_config(path: Path | None) -> str:
    """A person's own configuration.

    Raises:
        ProblemError: it cannot be read.
    """
    if path is None:
        return ""
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read the configuration from")) from error
    except UnicodeDecodeError as error:
        raise ProblemError(Problem("config-not-utf8", f"{safe_text(path)} is not UTF-8 text", str(error))) from None


def planned_again(made: Plan, seen: Seen) -> Plan:
    """The plan that would be made now for the same wishes."""
    kinds = {step.kind for step in made.steps}
    fresh = planned(seen, Wishes("close-issues" in kinds, "import-telemetry" in kinds))
    # A configuration of the person's own is kept in the plan; a generated one is compared.
    return (
        fresh
        if OWN not in made.notes
        else planned(seen, Wishes("close-issues" in kinds, "import-telemetry" in kinds, made.config))
    )


def progress_data(progress: Progress) -> dict[str, Any]:
    """Where a migration stands, as plain data."""
    steps = progress.plan.steps if progress.plan else ()
    return {
        "repo": progress.plan.repo if progress.plan else None,
        "run_id": progress.run_id,
        "finished": progress.finished,
        "pull_request": progress.notes.get("url"),
        "steps": [{"id": step.id, "what": step.what, "state": progress.state(step.id)} for step in steps],
        "by_hand": list(progress.plan.by_hand) if progress.plan else [],
    }


async def begin_shadow(
    repo: str, settings: Settings, days_wanted: int, plan_file: Path | None, *, told: Waits | None = None
) -> Shadow:
    """Put a repository into shadow, with the configuration of a plan.

    Raises:
        ProblemError: it has a configuration of its own already, or no plan can be made.
    """
    from tassist.services.migrate import shadow

    seen = await see(repo, settings, told=told)
    if seen.config is not None:
        raise ProblemError(
            Problem(
                "already-live",
                f"{seen.snapshot.repo} has a configuration of its own already: the engine acts on it",
                "a shadow decides about a repository that somebody else looks after",
                "remove .github/task-assistant.yml first, or go on: tassist migrate plan",
            )
        )
    made = kept(plan_file) if plan_file else planned(seen, Wishes())
    async with connect(settings, dry=True, patience=AT_A_TERMINAL, told=told) as connection:
        found = await connection.access.resolve(repo)
        now = connection.client.clock.now()
    return shadow.start(settings.home, found.full_name, found.id, made.config, days_wanted, now)


@dataclass(frozen=True, slots=True)
class ShadowStatus:
    """How far a shadow and legacy agree."""

    repo: str
    words: str
    days: tuple[Day, ...]

    def data(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "repo": self.repo,
            "shadow": self.words,
            "days": [
                {
                    "day": day.day.isoformat(), "agree": day.agree, "differ": day.differ,
                    "differing": [{"number": one.number, "would": list(one.would)} for one in day.differing],
                }
                for day in self.days
            ],
        }  # fmt: skip


def shadow_status(settings: Settings, repo: str) -> ShadowStatus:
    """What a shadow recorded so far.

    Raises:
        ProblemError: there is none and never was one.
    """
    from tassist.services.migrate.shadow import days, judgements

    place = folder(settings.home, repo)
    now = Shadow.load(place)
    found = days(judgements(place))
    if now is None and not found:
        raise ProblemError(
            Problem(
                "no-shadow",
                f"{safe_text(repo, max_chars=100)} is not in shadow",
                fix=f"begin it: tassist migrate shadow start {safe_text(repo, max_chars=100)}",
            )
        )
    return ShadowStatus(now.repo if now else repo, now.in_words() if now else "ended", tuple(found))
