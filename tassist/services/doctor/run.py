"""Puts the checks together, runs them, and applies a fix where one is asked for."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TextIO

from engine.problems import Problem, ProblemError
from tassist import secrets
from tassist.clock import SystemClock
from tassist.config import settings as configured
from tassist.doctor import env_file, folder, git, keyring, keys, network, ports, public, python
from tassist.doctor.check import Check, Machine, State
from tassist.doctor.examine import DEADLINE_S, Examined, examine, worst
from tassist.errors import Secret
from tassist.github.address import api_root
from tassist.services.doctor import drift
from tassist.services.doctor.app_side import AppSide, NotYet
from tassist.store.database import LOCK_NAME, ServeLock

MACHINE: tuple[Check[Machine], ...] = (
    *python.CHECKS,
    *folder.CHECKS,
    *ports.CHECKS,
    *keys.CHECKS,
    *env_file.CHECKS,
    *keyring.CHECKS,
    *git.CHECKS,
)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, in the order of the checks."""

    found: tuple[Examined, ...]

    @property
    def state(self) -> State:
        """The worst of it."""
        return worst(self.found)

    def problems(self) -> tuple[Problem, ...]:
        """What has failed, as problems."""
        return tuple(
            Problem(f"doctor-{item.id}", item.finding.said, item.finding.why, item.finding.fix, family="world")
            for item in self.found
            if item.finding.state == State.FAILED
        )


def all_checks() -> tuple[Check[Any], ...]:
    """Every check, in order."""
    return (*MACHINE, *network.CHECKS, *drift.CHECKS, *public.CHECKS)


async def diagnose(
    *,
    home: str | None = None,
    only: Sequence[str] = (),
    deadline_s: float = DEADLINE_S,
    deep: bool = False,
    told: Callable[[Examined], None] | None = None,
) -> Report:
    """Run the checks side by side.

    Args:
        home: Instead of what the settings say.
        only: Ids; none: all.
        deadline_s: Seconds, for all together.
        deep: Also send large and slow deliveries to ourselves.
        told: Hears of each check as soon as it is done.

    Raises:
        ProblemError: ``only`` names a check there is not.
    """
    _known(only)
    async with _Places(home, deadline_s, deep=deep) as places:
        wanted = [(check, place) for check, place in places.pairs() if not only or check.id in only]
        return Report(await examine(wanted, deadline_s=deadline_s + (60 if deep else 0), told=told))


async def mend(check_id: str, *, home: str | None = None, deadline_s: float = DEADLINE_S) -> str:
    """Apply a check's fix, where it finds something its fix can put right; what was done, in words.

    Raises:
        ProblemError: there is no such check, it has no fix, or it found nothing the fix would put right.
    """
    _known((check_id,))
    async with _Places(home, max(deadline_s, 10.0)) as places:
        check, place = next(pair for pair in places.pairs() if pair[0].id == check_id)
        if check.mend is None:
            able = ", ".join(each.id for each in all_checks() if each.mend is not None)
            raise ProblemError(
                Problem(
                    "no-fix",
                    f"{check_id} has no fix that can be applied",
                    fix=f"do what it says; fixes exist for {able}",
                )
            )
        (found,) = await examine([(check, place)], deadline_s=max(deadline_s, 10.0))
        if not found.finding.mendable:
            return f"nothing to do: {found.finding.said}"
        return await check.mend(place)


def _known(ids: Sequence[str]) -> None:
    known = [check.id for check in all_checks()]
    unknown = [each for each in ids if each not in known]
    if unknown:
        raise ProblemError(
            Problem("check-unknown", f"there is no check {unknown[0]!r}", fix="checks are: " + ", ".join(known))
        )


class _Places:
    """What the checks look at, found once and closed at the end."""

    def __init__(self, home: str | None, deadline_s: float, *, deep: bool = False) -> None:
        self.machine = machine(home)
        self.line = network.Line(self.machine, timeout_s=max(deadline_s - 0.4, 0.2))
        self.side = AppSide(self.machine.settings, self.machine.home)
        self.entrance: public.Entrance = public.Entrance(
            "", Secret(""), deep=deep, timeout_s=max(deadline_s - 0.4, 0.2)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.side.close()

    def pairs(self) -> list[tuple[Check[Any], Any]]:
        """Every check with what it looks at."""
        found: list[tuple[Check[Any], Any]] = [(check, self.machine) for check in MACHINE]
        found += [(check, self.line) for check in network.CHECKS]
        found += [(check, self.side) for check in drift.CHECKS]
        return found + [(_once_known(check, self._entrance), None) for check in public.CHECKS]

    async def _entrance(self) -> public.Entrance:
        place, side = self.entrance, self.side
        try:
            hook = await side.hook()
            connection = await side.connection()
        except NotYet as error:
            place.why_not = error.problems[0].what
            return place
        except ProblemError:
            place.why_not = "GitHub does not say where the webhook leads"
            return place
        place.url, place.secret = (hook.url if hook else "") or "", connection.auth.app.webhook_secret
        if not place.url:
            place.why_not = "the App has no webhook"
        elif not place.secret:
            place.why_not = "the webhook's secret is not known here"
        return place


def _once_known(check: Check[public.Entrance], place: Callable[[], Any]) -> Check[Any]:
    async def look(_: object) -> Any:
        return await check.look(await place())

    return Check(check.id, check.title, check.explains, look)


def machine(home: str | None = None) -> Machine:
    """This machine, as it is now."""
    environment = configured.environment()
    loaded: configured.Settings | None = None
    problems: tuple[Problem, ...] = ()
    try:
        loaded = configured.load({"home": home})
    except ProblemError as error:
        problems = error.problems
    place = loaded.home if loaded is not None else Path(home).expanduser() if home else configured.default_home()
    raw = loaded.text("api_url") if loaded is not None else ""
    if loaded is not None and loaded.values["api_url"].source == "default":
        with contextlib.suppress(ProblemError, OSError):
            raw = secrets.read(secrets.credentials_path(place), secrets=False).api_url
    try:
        github = api_root(raw) if raw else "https://api.github.com"
    except ProblemError as error:
        github, problems, loaded = "https://api.github.com", (*problems, *error.problems), None
    size = shutil.get_terminal_size()
    return Machine(
        settings=loaded,
        settings_problems=problems,
        environment=environment,
        home=place,
        folder=Path.cwd(),
        dotenv=Path(".env"),
        now=SystemClock().now,
        github=github,
        serving=_serving(place),
        # The process's own: the full-screen app puts something else in their place.
        streams=(_is_terminal(sys.__stdin__), _is_terminal(sys.__stdout__), _is_terminal(sys.__stderr__)),
        size=(size.columns, size.lines),
        encoding=getattr(sys.__stdout__, "encoding", None) or "utf-8",
        python=sys.version_info[:3],
    )


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def _serving(home: Path) -> str:
    """The process that serves this journal now; its lock is tried, since a file is left after a crash."""
    try:
        file = os.open(home / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return ServeLock(home).owner() or "?"
    except OSError:
        return ""
    finally:
        os.close(file)
    return ""
