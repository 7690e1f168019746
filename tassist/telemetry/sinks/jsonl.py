"""The sink that is always there: files of JSON lines below a folder, one a day and repository."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from engine.problems import Problem, ProblemError
from tassist.errors import os_problem
from tassist.log import get_logger, log_event
from tassist.telemetry import chain, paths
from tassist.telemetry.lock import locked
from tassist.telemetry.sinks.day_file import (
    DayFile,
    NotAppendableError,
    begin_file,
    make_folder,
    open_file,
    read_ids,
)
from tassist.telemetry.sinks.port import Entry, Notice

MAX_BYTES = 64 * 1024 * 1024
"""A day's file that has grown to this size is followed by a further part."""
MAX_BATCH = 2000
_SURE_AFTER = 10_000
"""Records without a repetition after which none can come again; more than any batch that a crash may have cut."""
_OPEN_FILES = 1024

_log = get_logger("telemetry.jsonl")


class JsonlSink:
    """Appends records to ``v1/repos/<owner>/<name>/<yyyy-mm-dd>.jsonl`` below a folder.

    Each file is synced once for a batch. Several processes may write below the same folder: a lock lets one in at a
    time, and whoever finds a file other than as left looks again at what is in it.

    Args:
        root: The folder; it is made where it is missing.
        name: As other sinks and cursors know it.
        max_bytes: How large a day's file may grow before a further part is begun.
        notice: Told what was mended; default: the log.
        always_compare: Never stop comparing event ids, for records that do not come from the outbox.
    """

    max_batch = MAX_BATCH
    interval_s = 0.0

    def __init__(
        self,
        root: Path,
        *,
        name: str = "jsonl",
        max_bytes: int = MAX_BYTES,
        notice: Notice | None = None,
        always_compare: bool = False,
    ) -> None:
        self.name = name
        self._root = root
        self._max_bytes = max_bytes
        self._notice = notice or _say
        self._files: dict[tuple[str, str], DayFile] = {}
        self._since_repetition = 0
        self._resuming = True
        self._always_compare = always_compare
        self.appended = 0
        """Records that were really written, repetitions left out."""

    def write(self, entries: Sequence[Entry]) -> None:
        """Append the records that are not there yet, in order for each repository, and sync them."""
        groups: dict[tuple[str, str], list[Entry]] = {}
        for entry in entries:
            groups.setdefault((entry.head.repo, entry.head.timestamp[:10]), []).append(entry)
        try:
            make_folder(self._root / paths.LAYOUT)
            with locked(self._root / paths.LAYOUT / ".lock"):
                for (repo, day), group in groups.items():
                    self._append(repo, day, group)
        except OSError as error:
            self._start_over()
            raise ProblemError(
                os_problem(error, doing="write telemetry to", name=error.filename or self._root)
            ) from error
        except BaseException:
            self._start_over()
            raise
        if self._resuming and self._since_repetition > _SURE_AFTER and not self._always_compare:
            self._resuming = False
            for file in self._files.values():
                file.ids = None

    def holds(self, entry: Entry) -> bool:
        """Whether a day's files have the record."""
        folder = paths.repo_folder(self._root, entry.head.repo)
        ids: set[str] = set()
        try:
            for part in paths.parts_of_day(folder, entry.head.timestamp):
                read_ids(part, ids)
        except OSError as error:
            raise ProblemError(os_problem(error, doing="read telemetry from")) from error
        return entry.head.event_id in ids

    def close(self) -> None:
        """Forget what is known of the files; there is nothing to flush."""
        self._start_over()

    def _start_over(self) -> None:
        self._files.clear()
        self._resuming = True
        self._since_repetition = 0

    def _append(self, repo: str, day: str, entries: Sequence[Entry]) -> None:
        key = (repo, day)
        file = self._files.pop(key, None)
        if file is None or not file.untouched() or (self._resuming and file.ids is None):
            file = self._open(repo, day)
        fresh = self._without_repetitions(file, entries)
        folder = file.path.parent
        while fresh:
            if file.size and file.size + len(fresh[0].line) > self._max_bytes:
                prev = chain.link_to(file.path)
                part = (paths.part_of(file.path) or 0) + 1
                file = begin_file(paths.day_file(folder, day, part), prev, file.ids)
            fitting = self._fitting(file, fresh)
            file.append([entry.line for entry in fresh[:fitting]])
            self.appended += fitting
            if file.ids is not None:
                file.ids.update(entry.head.event_id for entry in fresh[:fitting])
            fresh = fresh[fitting:]
        if not self._resuming:
            file.ids = None
        self._files[key] = file
        if len(self._files) > _OPEN_FILES:
            del self._files[next(iter(self._files))]

    def _without_repetitions(self, file: DayFile, entries: Sequence[Entry]) -> list[Entry]:
        ids = file.ids or set()
        fresh: dict[str, Entry] = {}
        for entry in entries:
            if entry.head.event_id not in ids:
                fresh.setdefault(entry.head.event_id, entry)
        self._since_repetition = self._since_repetition + len(entries) if len(fresh) == len(entries) else 0
        return list(fresh.values())

    def _fitting(self, file: DayFile, entries: Sequence[Entry]) -> int:
        room = self._max_bytes - file.size
        for index, entry in enumerate(entries):
            room -= len(entry.line) + 1
            if room < 0 and index:
                return index
        return len(entries)

    def _open(self, repo: str, day: str) -> DayFile:
        """The last part of a day, mended; with the event ids of all its parts."""
        folder = paths.repo_folder(self._root, repo)
        make_folder(folder)
        ids: set[str] = set()
        parts = paths.parts_of_day(folder, day)
        for part in parts[:-1]:
            read_ids(part, ids)
        last = parts[-1] if parts else paths.day_file(folder, day)
        prev = self._before(last)
        try:
            return open_file(last, prev, ids, self._notice)
        except NotAppendableError as reason:
            self._notice(
                Problem(
                    "telemetry-altered",
                    f"{last} is not as it was left: {reason}",
                    why="records were removed or its chain was altered",
                    fix=f"look at it: tassist telemetry verify {folder}",
                    family="world",
                )
            )
            number = max((paths.part_of(path) or 0 for path in parts), default=0) + 1
            return begin_file(paths.day_file(folder, day, number), chain.link_to(last), ids)

    @staticmethod
    def _before(path: Path) -> chain.Link | None:
        order = paths.file_order(path)
        earlier = [
            other
            for other in path.parent.glob("*.jsonl")
            if paths.part_of(other) is not None and paths.file_order(other) < order
        ]
        return chain.link_to(max(earlier, key=paths.file_order)) if earlier else None


def _say(problem: Problem) -> None:
    log_event(_log, problem.code, problem.what, level=logging.WARNING, why=problem.why, fix=problem.fix)
