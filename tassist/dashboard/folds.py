"""What pieces of telemetry add up to, in tables of the analytical engine: counted now, or remembered.

A piece is remembered under a seal of its files' names, sizes, times and inodes and of the questions that fold it, as git
remembers which files it has looked at; the engine's own checksums tell a broken cache. Three sorts of pieces are
counted together with what belongs to no piece, whatever is remembered of them: those that share an event with another,
those whose days lie between another's of the same repository, and those in which the last day that counts lies.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tassist.clock import SystemClock
from tassist.dashboard import queries, questions
from tassist.dashboard.facts import Flaw
from tassist.dashboard.lines import Source, fill
from tassist.dashboard.pieces import MAX_NAMED, Piece, divide, named

_THREADS = min(os.cpu_count() or 1, 4)
_BATCH_BYTES = (256 << 20) // _THREADS
"""Lines that one thread reads at once; a few times as much memory is needed."""
_SOME = 10_000
"""Rows of an answer that are taken at once."""
_EVENTS_AT_ONCE = 2 << 20
"""Events that are looked up among all others at once."""
_TOGETHER = 0
"""The number of the piece of everything that is no piece of its own."""
_REMEMBERED = ("pieces", "apart", "flaws", *queries.TABLES)
_SETTINGS = {
    "threads": str(_THREADS),
    "memory_limit": "600MB",
    "preserve_insertion_order": "false",
    "autoinstall_known_extensions": "false",  # nothing is fetched
    "autoload_known_extensions": "false",
    "lock_configuration": "false",
}


class Folds:
    """Folds of all pieces; `fold` first, then ask."""

    def __init__(self, root: Path, files: list[Path], scratch: Path, cache: Path | None, *, fresh: bool) -> None:
        import duckdb

        self._root = root
        self._scratch = scratch
        self.file_count = len(files)
        self.duplicates = 0
        self.flaws: list[Flaw] = []
        self.flaw_count = 0
        self._told = False
        self._key = f"{duckdb.__version__} {queries.DIGEST} {os.fsdecode(root.absolute())}"
        pieces, self._loose = divide(files, key=self._key, now=SystemClock().now().timestamp())
        self._connection = duckdb.connect(config={**_SETTINGS, "temp_directory": str(scratch)})
        self.run("SET enable_progress_bar = false")
        self._attach(cache if pieces else None)
        if fresh:
            self._forget_all()
        self._pieces = self._numbered(pieces)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def run(self, query: str, *values: object) -> Any:
        """Put a question."""
        return self._connection.execute(query, list(values))

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Every answer to a question."""
        found: list[tuple[Any, ...]] = self.run(query, *values).fetchall()
        return found

    def each(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """The same, some at a time: of ten million records a list of all of them would be held twice."""
        answer = self.run(query, *values)
        while some := answer.fetchmany(_SOME):
            yield from some

    def fold(self, as_of: date | None, repos: Sequence[str]) -> None:
        """Count what is not remembered, and lay a view over everything that counts."""
        unknown = {number: piece for number, piece in self._pieces.items() if number not in self._known}
        self._fold_batches(list(_batches(unknown)))
        self._forget_what_has_gone()
        self._told_flaws()
        apart = self._apart()
        used = set(self._pieces)
        if as_of is not None:
            spans = self.rows("SELECT piece, min(first_day), max(last_day) FROM kept.totals GROUP BY piece")
            used -= {number for number, first, _ in spans if first > as_of}
            together = {number for number, first, last in spans if number in used and first <= as_of < last}
        else:
            together = set()
        while True:
            self._read_together(together, as_of, repos)
            self._look_at(used - together, repos)
            shared = self._shared({_TOGETHER} | (used - together - apart))
            shared |= {piece for (piece,) in self.rows(questions.INTERLEAVED)}
            shared.discard(_TOGETHER)
            if not shared:
                break
            together |= shared
        self.flaws = sorted(self.flaws, key=lambda flaw: (flaw.file, flaw.line))[:MAX_NAMED]

    def _attach(self, cache: Path | None) -> None:
        import duckdb

        try:
            if cache is None:
                raise FileNotFoundError
            cache.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            new = not cache.exists()
            self.run(f"ATTACH {_quoted(cache)} AS kept")
            if new:
                cache.chmod(0o600)  # DuckDB takes no mode, nor an empty file that was made before
        except (OSError, duckdb.IOException, duckdb.BinderException):  # another process has it, or no place for it
            self.run("ATTACH ':memory:' AS kept")
        self.run("CREATE TABLE IF NOT EXISTS kept.pieces (piece INTEGER, place VARCHAR, seal VARCHAR, flawed BIGINT)")
        self.run("CREATE TABLE IF NOT EXISTS kept.apart (piece INTEGER, key VARCHAR)")
        self.run("CREATE TABLE IF NOT EXISTS kept.flaws (piece INTEGER, file VARCHAR, line BIGINT, why VARCHAR)")
        for name, columns in queries.TABLES.items():
            self.run(f"CREATE TABLE IF NOT EXISTS kept.{name} ({columns})")
            self.run(f"CREATE TEMP TABLE together_{name} ({columns})")

    def _numbered(self, pieces: Iterable[Piece]) -> dict[int, Piece]:
        """Pieces by number; what is remembered of them stands under theirs, what stood at their place is forgotten."""
        found: dict[int, Piece] = {}
        known = {
            (place, seal): number for number, place, seal in self.rows("SELECT piece, place, seal FROM kept.pieces")
        }
        at_place = {place: number for (place, _), number in known.items()}
        self._known: set[int] = set()
        free = max(known.values(), default=_TOGETHER) + 1
        gone = []
        for piece in pieces:
            number = known.get((piece.place, piece.seal)) if piece.seal else None
            if number is not None:
                self._known.add(number)
            else:
                if piece.place in at_place:
                    gone.append(at_place[piece.place])
                number, free = free, free + 1
            found[number] = piece
        self._forget(gone)
        return found

    def _forget(self, numbers: Iterable[int]) -> None:
        doomed = list(numbers)
        if doomed:
            self.run("BEGIN")  # or a number might be given again of which something is left
            for name in _REMEMBERED:
                self.run(f"DELETE FROM kept.{name} WHERE list_contains(?, piece)", doomed)  # noqa: S608 – our own names
            self.run("COMMIT")

    def _forget_all(self) -> None:
        self.run("BEGIN")
        for name in _REMEMBERED:
            self.run(f"DELETE FROM kept.{name}")  # noqa: S608 – the same
        self.run("COMMIT")

    def _forget_what_has_gone(self) -> None:
        """What lay in folders that are not there any more, or was not at rest."""
        self._forget(
            number
            for number, place in self.rows("SELECT piece, place FROM kept.pieces")
            if number not in self._pieces and not Path(place).parent.is_dir()
        )

    def _fold_batches(self, batches: Sequence[dict[int, Piece]]) -> None:
        """Count several at once: one is too few rows for the engine to share them among its threads."""
        at_once = min(_THREADS, len(batches))
        if at_once > 1:
            self.run("SET threads = 1")  # besides those that ask
        with ThreadPoolExecutor(_THREADS) as pool:
            for _ in pool.map(self._fold_pieces, batches):
                pass
        self.run(f"SET threads = {_THREADS}")

    def _fold_pieces(self, batch: dict[int, Piece]) -> None:
        """Count a batch; runs in a thread, on a connection whose temporary tables no other thread sees."""
        files = [(number, file) for number, piece in batch.items() for file in piece.files]
        sources = [Source(file, number, place, file.stat().st_size) for place, (number, file) in enumerate(files)]
        with self._connection.cursor() as beside:
            fill(beside, sources, self._scratch)
            flawed = beside.execute(queries.FLAWED).fetchall()
            if flawed:
                beside.execute(queries.DROP_FLAWED)
            beside.execute(queries.SAID)
            beside.execute("BEGIN")
            for name, query in queries.FOLD.items():
                beside.execute(f"INSERT INTO kept.{name} {query}")
            for number, piece in batch.items():
                mine = [(files[place][1], count) for place, of, count in flawed if of == number]
                row = [number, piece.place, piece.seal, sum(count for _, count in mine)]
                beside.execute("INSERT INTO kept.pieces VALUES (?, ?, ?, ?)", row)
                for flaw in named([file for file, _ in mine], self._root):
                    row = [number, flaw.file, flaw.line, flaw.why]
                    beside.execute("INSERT INTO kept.flaws VALUES (?, ?, ?, ?)", row)
            beside.execute("COMMIT")

    def _told_flaws(self) -> None:
        """Faults of all pieces, as they were found when these were counted."""
        numbers = list(self._pieces)
        ((count,),) = self.rows("SELECT sum(flawed) FROM kept.pieces WHERE list_contains(?, piece)", numbers)
        self.flaw_count = int(count or 0)
        told = self.rows("SELECT file, line, why FROM kept.flaws WHERE list_contains(?, piece)", numbers)
        self.flaws = [Flaw(*row) for row in told]

    def _apart(self) -> set[int]:
        """Pieces of which no two share an event, and none has one twice; what was found so is remembered.

        New ones are compared with all that were ever found apart below this folder, also with those whose files are
        elsewhere now: they may come back as they were.
        """
        known = {number for (number,) in self.rows("SELECT piece FROM kept.apart WHERE key = ?", self._key)}
        new = set(self._pieces) - known
        if new:
            self._look_at(known | new, ())
            apart = new - self._shared(new)
            self.run("INSERT INTO kept.apart SELECT unnest(?::INTEGER[]), ?", sorted(apart), self._key)
            known |= apart
        return known

    def _shared(self, doubtful: set[int]) -> set[int]:
        """Pieces that share an event with one of these, in what is looked at; these among them."""
        self.run("CREATE OR REPLACE TEMP TABLE doubtful AS SELECT unnest(?::INTEGER[]) AS piece", sorted(doubtful))
        ((events,),) = self.rows(questions.DOUBTED)
        parts = -(-events // _EVENTS_AT_ONCE)
        found = set()
        for part in range(parts):
            self.run(questions.SOME, parts, part)
            self.run(questions.LIKE_SOME, parts, part)
            found |= {piece for (piece,) in self.rows(questions.SHARED)}
        self.run("DROP TABLE IF EXISTS alike")
        return found

    def _read_together(self, together: set[int], as_of: date | None, repos: Sequence[str]) -> None:
        """Count what belongs to no piece, and these pieces, as one."""
        members = [file for number in sorted(together) for file in self._pieces[number].files]
        for name in queries.TABLES:
            self.run(f"DELETE FROM together_{name}")  # noqa: S608 – the same
        self.duplicates = 0
        if not self._loose and not members:
            return
        files = [*self._loose, *members]
        sources = [Source(file, _TOGETHER, place, file.stat().st_size) for place, file in enumerate(files)]
        fill(self._connection, sources, self._scratch)
        flawed = self.rows(queries.FLAWED)
        if not self._told:  # those of pieces are known
            self._told = True
            mine = [(files[place], count) for place, _, count in flawed if place < len(self._loose)]
            self.flaw_count += sum(count for _, count in mine)
            self.flaws += named([file for file, _ in mine], self._root)
        if flawed:
            self.run(queries.DROP_FLAWED)
        if repos:
            names = [name.casefold() for name in repos]
            self.run(queries.DROP_OTHER_REPOS, names, names)
        if as_of is not None:
            self.run(queries.DROP_LATER, as_of.isoformat())
        self.run(queries.REPEATED)
        if self.rows(queries.COUNT_REPEATED)[0][0]:
            before = self.rows("SELECT count(*) FROM raw")[0][0]
            self.run(queries.DROP_REPEATED)
            self.duplicates = before - self.rows("SELECT count(*) FROM raw")[0][0]
        self.run(queries.SAID)
        for name, query in queries.FOLD.items():
            self.run(f"INSERT INTO together_{name} {query}")
        self.run("DROP TABLE raw")

    def _look_at(self, used: set[int], repos: Sequence[str]) -> None:
        """Lay views over what is remembered of these pieces and what was counted together."""
        self.run("CREATE OR REPLACE TEMP TABLE used AS SELECT unnest(?::INTEGER[]) AS piece", sorted(used))
        names = [name.casefold() for name in repos]
        self.run("CREATE OR REPLACE TEMP TABLE wanted AS SELECT unnest(?::VARCHAR[]) AS name", names)
        for name, columns in queries.TABLES.items():
            only = queries.WANTED if repos and "repo VARCHAR" in columns else ""
            self.run(
                f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM kept.{name} "  # noqa: S608 – the same
                f"WHERE piece IN (SELECT piece FROM used) {only} UNION ALL SELECT * FROM together_{name}"
            )


def _batches(pieces: dict[int, Piece]) -> Iterator[dict[int, Piece]]:
    """So many pieces as are read at once."""
    batch: dict[int, Piece] = {}
    size = 0
    for number, piece in pieces.items():
        if batch and size + piece.bytes > _BATCH_BYTES:
            yield batch
            batch, size = {}, 0
        batch[number] = piece
        size += piece.bytes
    if batch:
        yield batch


def _quoted(file: Path) -> str:
    return "'" + str(file).replace("'", "''") + "'"
