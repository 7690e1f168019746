"""What `tassist store` does: say what the journal holds, and remove what is over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.ports import Clock
from engine.problems import Problem, ProblemError
from tassist.config.settings import Settings
from tassist.github.catchup import retention_of
from tassist.services.deliveries import open_journal
from tassist.services.telemetry_sinks import choose
from tassist.store.database import ServeLock
from tassist.store.model import Keep, Pruned, StoreInfo
from tassist.store.move import DatabaseSide, FileSide, Moved, Side, move
from tassist.store.place import holds_password


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


def migrate(source: str, target: str, settings: Settings, said: Callable[[str], None]) -> Moved:
    """Move a journal from a file into PostgreSQL, or back.

    Args:
        source: A folder, a connection string, or `database` for the settings' own.
        target: The same; empty.
        settings: As loaded.
        said: Hears how far it is.

    Raises:
        ProblemError: one is in use, the target holds something, or what arrived is not what was sent.
    """
    given = {source, target}
    problems = [
        Problem(
            "password-in-arguments",
            "a connection string in the arguments holds a password",
            "everybody on this machine can see a command's arguments, and the shell keeps them",
            "set TASSIST_DATABASE and write the word database instead, or use a passfile",
        )
        for text in given
        if holds_password(text)
    ]
    if len([text for text in given if _is_database(text)]) != 1:
        problems.append(
            Problem(
                "move-unclear",
                "a journal is moved from a folder into a database, or from a database into a folder",
                fix="tassist store migrate /var/lib/tassist postgresql://tassist@db/tassist",
            )
        )
    if "database" in given and not settings.secret("database").reveal().strip():
        problems.append(Problem("database-needed", "no database is named", fix="set TASSIST_DATABASE"))
    if problems:
        raise ProblemError(problems)
    with _side(source, settings, target=False) as here, _side(target, settings, target=True) as there:
        return move(here, there, said)


def _is_database(text: str) -> bool:
    return text == "database" or "://" in text or "=" in text


def _side(text: str, settings: Settings, *, target: bool) -> Side:
    if not _is_database(text):
        return FileSide(Path(text).expanduser(), target=target)
    return DatabaseSide(settings.secret("database").reveal() if text == "database" else text, target=target)
