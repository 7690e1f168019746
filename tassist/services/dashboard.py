"""What `tassist dashboard` does: count, build the site, compare, find the records behind a figure."""

from __future__ import annotations

import gc
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from engine.problems import Problem, ProblemError
from tassist.config.settings import default_cache, environment
from tassist.dashboard.board import FORM, Board
from tassist.dashboard.compare import Comparison, compare
from tassist.dashboard.figures import FIGURE_BY_ID
from tassist.errors import os_problem
from tassist.telemetry import paths
from tassist.telemetry.counted import counted
from tassist.telemetry.shape import READ_RECORD, Record

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
    from tassist.dashboard.reading import read

    if not folder.exists():
        raise ProblemError(
            Problem(
                "no-telemetry",
                f"there is no {folder}",
                why="a dashboard is made from telemetry and from nothing else",
                fix="name the folder: tassist dashboard build --from FOLDER; `tassist serve` writes it",
            )
        )
    try:
        kept = default_cache()
        cache = kept / "dashboard.duckdb" if kept else None
        return make(read(folder, as_of=as_of, repos=repos, cache=cache, fresh=fresh))
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
    from tassist.dashboard.site.build import site

    if urlsplit(web_url).scheme not in {"https", "http"} or not urlsplit(web_url).hostname:
        raise ProblemError(
            Problem(
                "web-url-wrong", "the address of GitHub has to begin with https://", fix="such as https://github.com"
            )
        )
    _check_free(out)
    with _no_garbage():
        board = count(folder, as_of=as_of, repos=repos, fresh=fresh)
        files = site(board, web_url=web_url)
    try:
        _write(out, files)
    except OSError as error:
        raise ProblemError(os_problem(error, doing="write the dashboard")) from error
    return Built(
        folder=str(out),
        index=str(out / "index.html"),
        files=len(files),
        bytes=sum(map(len, files.values())),
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


def records_behind(name: str, folder: Path, *, repos: Sequence[str] = (), as_of: date | None = None) -> Iterator[bytes]:
    """The records that count for a figure, each once, in the order of their files.

    Args:
        name: A figure's id, or what it is summed by, such as ``rule.milestone.applied``.
        folder: The telemetry.
        repos: Only these.
        as_of: The last day that counts.

    Raises:
        ProblemError: Nobody knows the figure, or the telemetry cannot be read.
    """
    figure = FIGURE_BY_ID.get(name)
    if figure is None and not re.match(r"(rule|change|trigger|sink|sum|run|[a-z_]+)\.", name):
        raise ProblemError(
            Problem(
                "unknown-figure",
                f"no figure is called {name}",
                fix="the ids stand on the page of figures and in docs/reference/dashboard.md, such as failed",
            )
        )
    wanted = {repo.casefold() for repo in repos}
    seen: set[str] = set()
    deciding = _deciding(name, folder, repos, as_of) if figure is not None else None
    try:
        for file in paths.record_files([folder]):
            with file.open("rb") as lines:
                for raw in lines:
                    try:
                        record = READ_RECORD(raw)
                    except (msgspec.DecodeError, ValueError):
                        continue
                    if (
                        record.event_id in seen
                        or (wanted and record.repo.casefold() not in wanted)
                        or (as_of and record.timestamp[:10] > as_of.isoformat())
                        or not (_counts(record, name) if deciding is None else _decides(record, deciding))
                    ):
                        continue
                    seen.add(record.event_id)
                    yield raw.rstrip(b"\r\n")
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read telemetry")) from error


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


def _deciding(name: str, folder: Path, repos: Sequence[str], as_of: date | None) -> set[tuple[str, int, str]] | None:
    """For a figure that counts issues: repository, issue and time of the record by which each of them counts."""
    from tassist.dashboard.flow import turned
    from tassist.dashboard.reading import read
    from tassist.dashboard.scopes import counting

    if name not in {"stuck", "opened", "closed"} and FIGURE_BY_ID[name].of != "issues":
        return None
    facts = read(folder, as_of=as_of, repos=repos)
    if name == "stuck":
        return {(found.repo, found.issue, found.at) for found in facts.stuck}
    if name in {"opened", "closed"}:
        return {(turn.repo, turn.issue, turn.day.isoformat()) for turn in turned(facts.turns, opened=name == "opened")}
    latest = [issue for issue in facts.latest if not issue.is_pull_request]
    return {(issue.repo, issue.issue, issue.seen) for issue in counting(name, latest, facts.as_of)}


def _decides(record: Record, deciding: set[tuple[str, int, str]]) -> bool:
    """Whether an issue counts by this record; those that turned are known by the day."""
    told = [(int(key), state.seen_at or record.timestamp) for key, state in record.issues.items() if key.isdecimal()]
    if record.issue_number and (record.state is not None or record.event_type == "run"):
        told.append((record.issue_number, record.timestamp))
    day = record.timestamp[:10]
    return any((record.repo, issue, at) in deciding or (record.repo, issue, day) in deciding for issue, at in told)


def _counts(record: Record, name: str) -> bool:
    figure = FIGURE_BY_ID.get(name)
    if record.event_type == "day_aggregate":
        key = figure.name if figure else name
        return bool(record.counts.get(key)) or (figure is not None and figure.of == "issues" and bool(record.issues))
    if figure is not None and figure.of == "issues":
        return record.state is not None
    if record.origin:
        return False
    if figure is None or figure.name:
        key = figure.name if figure else name
        return any(found == key and count for found, count in counted(record))
    if name.startswith(("latency", "duration")):
        begun = "received" if name.startswith("latency") else "started"
        return record.timing is not None and getattr(record.timing, begun) is not None
    if name in {"written", "reverted", "flapped"}:
        return bool(record.changes_made)
    if name == "stuck":
        return record.event_type == "run" and record.outcome != "success"
    outcome = name.removeprefix("rule_")
    return any(decision.outcome == outcome for decision in record.decisions)


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


def _write(out: Path, files: dict[str, bytes]) -> None:
    """Everything or nothing: written beside, then put in place."""
    beside = out.with_name(f".{out.name}.{os.getpid()}.new")
    aside = out.with_name(f".{out.name}.{os.getpid()}.old")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        for address, content in files.items():
            target = beside / address
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        if out.exists():
            out.rename(aside)
        beside.rename(out)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        if aside.exists() and not out.exists():
            aside.rename(out)
        shutil.rmtree(aside, ignore_errors=True)
