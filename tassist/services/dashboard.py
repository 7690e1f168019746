"""What `tassist dashboard` does: count, build the site, compare, find the records behind a figure."""

from __future__ import annotations

import gc
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.problems import Problem, ProblemError
from tassist.config.settings import default_cache, environment
from tassist.dashboard.board import FORM, Board
from tassist.dashboard.compare import Comparison, compare
from tassist.errors import os_problem
from tassist.services.telemetry import check_web_url, recorded

if TYPE_CHECKING:
    from tassist.dashboard.facts import Facts

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MARK = "dashboard.json"


@dataclass(frozen=True, slots=True)
class Built:
    """A site that was built."""

    folder: str
    index: str
    files: int
    bytes: int
    as_of: str
    records: int
    faulty: int
    gaps: int
    needs: int


def count(folder: Path, *, as_of: date | None = None, repos: Sequence[str] = (), fresh: bool = False) -> Board:
    """Count what the telemetry below a folder says.

    Args:
        folder: The telemetry.
        as_of: The last day that counts.
        repos: Only these.
        fresh: Read everything, also what the cache remembers.

    Raises:
        ProblemError: The folder is not there or cannot be read.
    """
    from tassist.dashboard.make import make

    return make(_facts(folder, as_of=as_of, repos=repos, fresh=fresh), asked=repos)


def _facts(folder: Path, *, as_of: date | None, repos: Sequence[str], fresh: bool) -> Facts:
    from tassist.dashboard.reading import read

    recorded(folder)
    try:
        kept = default_cache()
        cache = kept / "dashboard.duckdb" if kept else None
        return read(folder, as_of=as_of, repos=repos, cache=cache, fresh=fresh)
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read telemetry")) from error


def build(
    folder: Path,
    out: Path,
    *,
    as_of: date | None = None,
    repos: Sequence[str] = (),
    web_url: str = "https://github.com",
    fresh: bool = False,
) -> Built:
    """Build the site into a folder, which is new, empty, or holds a dashboard that is replaced as a whole.

    Raises:
        ProblemError: The telemetry cannot be read, the folder holds something else, or it cannot be written.
    """
    from tassist.dashboard.make import make
    from tassist.dashboard.site import beside
    from tassist.dashboard.site.build import lay

    check_web_url(web_url)
    _check_free(out)
    with _no_garbage():
        facts = _facts(folder, as_of=as_of, repos=repos, fresh=fresh)
        with beside.others(facts.weight) as hands:
            board = make(facts, asked=repos)
            del facts  # of ten million records, hundreds of megabytes
            try:
                sizes = _write(out, lambda place: lay(board, place, web_url=web_url, hands=hands))
            except OSError as error:
                raise ProblemError(os_problem(error, doing="write the dashboard", name=out)) from error
    return Built(
        folder=str(out),
        index=str(out / "index.html"),
        files=len(sizes),
        bytes=sum(sizes),
        as_of=board.as_of,
        records=board.source.records,
        faulty=board.source.faulty,
        gaps=len(board.source.gaps),
        needs=len(board.needs),
    )


def open_built(out: Path) -> tuple[str, bool]:
    """The address of a built dashboard, and whether a browser shows it.

    Over SSH and without a display none is started: it would be a text browser inside of this terminal.

    Raises:
        ProblemError: Nothing was built there.
    """
    import webbrowser

    if not (out / _MARK).is_file():
        raise ProblemError(
            Problem("not-built", f"there is no dashboard in {out}", fix="build it: tassist dashboard build")
        )
    address = (out / "index.html").absolute().as_uri()
    env = environment()
    display = any(env.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")) or sys.platform in {
        "darwin",
        "win32",
    }
    far = env.get("SSH_CONNECTION") or env.get("SSH_TTY")
    return address, bool(display and not far and webbrowser.open(address))


def compared(one: str, other: str, *, folder: Path, repos: Sequence[str] = ()) -> Comparison:
    """Compare two dashboards, each a day (as the telemetry was then), a built site, or its `dashboard.json`.

    Raises:
        ProblemError: One of them is none of these.
    """
    return compare(_board(one, folder, repos), _board(other, folder, repos))


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Nothing here refers to itself in a circle: looking for that again and again took a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _board(given: str, folder: Path, repos: Sequence[str]) -> Board:
    if _DAY.fullmatch(given):
        try:
            day = date.fromisoformat(given)
        except ValueError:
            raise ProblemError(
                Problem("no-such-day", f"there is no day {given}", fix="write it as 2026-03-31")
            ) from None
        return count(folder, as_of=day, repos=repos)
    place = Path(given)
    file = place / _MARK if place.is_dir() else place
    if not file.is_file():
        raise _no_board(given, "there is no such file")
    try:
        board = msgspec.json.decode(file.read_bytes(), type=Board)
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read the dashboard")) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _no_board(given, str(error)) from error
    if board.form != FORM:
        raise _no_board(given, f"its form is {board.form!r}, this tassist reads {FORM!r}")
    return board


def _no_board(given: str, why: str) -> ProblemError:
    return ProblemError(
        Problem(
            "no-dashboard",
            f"{given} is no dashboard",
            why=why,
            fix="name a day such as 2026-03-31, a folder that `tassist dashboard build` wrote, or its dashboard.json",
        )
    )


def _check_free(out: Path) -> None:
    """A folder with something else in it is never replaced."""
    if out.is_dir() and not out.is_symlink():
        if not any(out.iterdir()) or (out / _MARK).is_file():
            return
    elif not out.exists() and not out.is_symlink():
        return
    raise ProblemError(
        Problem(
            "out-taken",
            f"{out} holds something that is no dashboard",
            why="the whole folder is replaced by a build",
            fix="name a new or empty folder: tassist dashboard build --out FOLDER",
        )
    )


def _write(out: Path, lay: Callable[[Path], None]) -> list[int]:
    """Everything or nothing: written beside, then put in place; how large each file is."""
    beside = out.with_name(f".{out.name}.{os.getpid()}.new")
    aside = out.with_name(f".{out.name}.{os.getpid()}.old")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        lay(beside)
        sizes = [file.stat().st_size for file in beside.rglob("*") if file.is_file()]
        if out.exists():
            out.rename(aside)
        beside.rename(out)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        if aside.exists() and not out.exists():
            aside.rename(out)
        shutil.rmtree(aside, ignore_errors=True)
    return sizes
