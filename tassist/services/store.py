"""What `tassist store` does: say what the journal holds, and remove what is over."""

from __future__ import annotations

from engine.ports import Clock
from engine.problems import Problem, ProblemError
from tassist.config.settings import Settings
from tassist.github.catchup import retention_of
from tassist.services.deliveries import open_journal
from tassist.services.telemetry_sinks import choose
from tassist.store.database import ServeLock
from tassist.store.model import Keep, Pruned, StoreInfo


def how_long(settings: Settings) -> Keep:
    """What the settings say about keeping.

    Raises:
        ProblemError: bodies would go while GitHub can still redeliver them, or before their rows.
    """
    keep = Keep(
        settings.number("keep_bodies_days"),
        settings.number("keep_deliveries_days"),
        settings.number("keep_given_up_days"),
    )
    problems: list[Problem] = []
    # What is handled must be known, and can be replayed, as long as GitHub's log may bring it again.
    least = settings.number("log_retention_days") or retention_of(settings.text("api_url")).days
    if keep.bodies < least:
        problems.append(_wrong("keep_bodies_days", keep.bodies, f"GitHub there redelivers for {least} days", least))
    if keep.deliveries < keep.bodies:
        problems.append(
            _wrong("keep_deliveries_days", keep.deliveries, "a body is not kept longer than its delivery", keep.bodies)
        )
    if keep.given_up < keep.deliveries:
        problems.append(
            _wrong("keep_given_up_days", keep.given_up, "what was given up is kept longest", keep.deliveries)
        )
    if problems:
        raise ProblemError(problems)
    return keep


def info(settings: Settings) -> StoreInfo:
    """What the journal holds, whether the service runs or not.

    Raises:
        ProblemError: there is no journal, or it cannot be read.
    """
    sinks = _sinks(settings)
    with open_journal(settings.place) as journal:
        return journal.info(sinks)


def prune(settings: Settings, clock: Clock, *, dry_run: bool = False, compact: bool = False) -> Pruned:
    """Remove what is over; ``compact`` then gives the space back to the system, which needs the service stopped.

    Raises:
        ProblemError: there is no journal, it cannot be written, or a service runs and ``compact`` is asked for.
    """
    keep, sinks = how_long(settings), _sinks(settings)
    with open_journal(settings.place) as journal, ServeLock(settings.home) as lock:
        if dry_run:
            return journal.would_prune(keep, sinks, clock.now())
        if compact and not lock.acquire():
            raise ProblemError(
                Problem(
                    code="store-in-use",
                    what="a service uses this journal",
                    why="giving space back rewrites the whole file",
                    fix="stop the service first, or leave --compact out: free space in the file is used again",
                    family="world",
                )
            )
        done = journal.prune(keep, sinks, clock.now())
        if compact:
            journal.compact()
        return done


def _sinks(settings: Settings) -> list[str]:
    return [sink.name for sink in choose(settings).sinks]


def _wrong(name: str, days: int, why: str, least: int) -> Problem:
    return Problem("setting-wrong", f"{name} is {days}", why=why, fix=f"set TASSIST_{name.upper()} to {least} or more")
