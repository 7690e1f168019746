"""Takes the lines of many files apart into rows of the analytical engine, each line but once.

Whole files are read and split within the engine: to open one costs it next to nothing so, and nothing is copied first.
That asks for text that is UTF-8 and for lines that are JSON, as nearly all are. Where a file or a line is not, the same
files are read once more from copies in which every line that is no UTF-8 says so, and a line that is no JSON is a row of
nothing. Both ways give the same rows.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, get_args

from tassist.telemetry.events import EventType

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_AT_ONCE_BYTES = 32 << 20
"""What one question reads; a few times as much memory is needed."""
_AT_ONCE_FILES = 1000
_SMALL_BYTES = 200_000
"""A hundred lines."""
MAX_LINE = _AT_ONCE_BYTES
"""A longer line is no record, whatever it says."""
_NO_LINE = b"?\n"

COLUMNS = {
    "piece": "INTEGER NOT NULL",
    "file": "INTEGER NOT NULL",
    "event_id": "VARCHAR",
    "run_id": "VARCHAR",
    "type": "VARCHAR",
    "ts": "VARCHAR",
    "day": "DATE",
    "repo": "VARCHAR",
    "issue": "BIGINT",
    "outcome": "VARCHAR",
    "reason": "VARCHAR",
    "decisions": "VARCHAR",
    "said": "UBIGINT",
    "changes": "VARCHAR",
    "cause": "VARCHAR",
    "deliveries": "BIGINT",
    '"state"': "VARCHAR",
    "known": "UBIGINT",
    "reads": "BIGINT",
    "writes": "BIGINT",
    "duration": "BIGINT",
    "latency": "BIGINT",
    "subject": "VARCHAR",
    "counts": "VARCHAR",
    "issues": "VARCHAR",
    "origin": "VARCHAR",
    "written": "VARCHAR",
    "good": "BOOLEAN",
}
"""Of the table `raw`. What is nested stays text; `said` and `known` are digests of decisions and state, for most of them
are said again and again and are taken apart once. `good` is whether the line is a record."""

_PATHS = (
    *("schema_version", "event_id", "run_id", "event_type", "timestamp", "repo", "issue_number", "outcome", "reason"),
    *("decisions", "decisions[0].rule", "changes_made", "changes_made[0].field"),
    *("trigger.kind", "trigger.event", "trigger.delivery_ids"),
    *("state", "state.state", "timing.started", "timing.received", "timing.finished", "timing.reads", "timing.writes"),
    *("subject", "counts", "issues", "origin", "written"),
)
_TYPES = ", ".join(f"'{name}'" for name in get_args(EventType))


def _at(path: str) -> str:
    """What was found there."""
    return f"v[{_PATHS.index(path) + 1}]"


def _spent(begun: str) -> str:
    """Milliseconds from then to the end of a run."""
    begin, end = (f"TRY_CAST(left({_at(path)}, 23) AS TIMESTAMP)" for path in (begun, "timing.finished"))
    return f"epoch_ms({end}) - epoch_ms({begin})"


def _list(path: str) -> str:
    """A list of objects; NULL where it is empty."""
    return f"nullif({_at(path)}, '[]')"


def _number(path: str) -> str:
    return f"TRY_CAST({_at(path)} AS BIGINT)"


def _numeric(path: str) -> str:
    return f"({_at(path)} IS NULL OR {_number(path)} IS NOT NULL)"


def _digest(text: str) -> str:
    return f"CASE WHEN {text} IS NULL THEN NULL ELSE hash({text}) END"


_STAMP, _REPO = _at("timestamp"), _at("repo")
_GOOD = f"""coalesce({_at("event_id")} <> '' AND {_at("schema_version")} LIKE '1.%' AND {_at("event_type")} IN ({_TYPES})
  AND {_STAMP} LIKE '____-__-__T__:__:__%Z' AND length({_STAMP}) <= 30 AND TRY_CAST(left({_STAMP}, 10) AS DATE) IS NOT NULL
  AND {_REPO} LIKE '_%/_%' AND length({_REPO}) <= 255 AND {_at("outcome")} IN ('success', 'partial', 'blocked', 'failed')
  AND ({_list("decisions")} IS NULL OR {_at("decisions[0].rule")} IS NOT NULL)
  AND ({_list("changes_made")} IS NULL OR {_at("changes_made[0].field")} IS NOT NULL)
  AND ({_at("state")} IS NULL OR {_at("state.state")} IN ('open', 'closed'))
  AND {_numeric("issue_number")} AND {_numeric("timing.reads")} AND {_numeric("timing.writes")}
  AND coalesce(nested[1], 'OBJECT') = 'OBJECT' AND coalesce(nested[2], 'OBJECT') = 'OBJECT'
  AND coalesce(nested[3], 'ARRAY') = 'ARRAY', false)"""
_FOUND = "json_extract_string(line, [" + ", ".join(f"'$.{path}'" for path in _PATHS) + "])"
_READ = f"""
INSERT INTO raw SELECT piece, file, {_at("event_id")}, {_at("run_id")}, {_at("event_type")}, {_STAMP},
  TRY_CAST(left({_STAMP}, 10) AS DATE), {_REPO}, {_number("issue_number")}, {_at("outcome")}, {_at("reason")},
  {_list("decisions")}, {_digest(_list("decisions"))}, {_list("changes_made")},
  coalesce(nullif({_at("trigger.event")}, ''), {_at("trigger.kind")}),
  CASE WHEN starts_with({_at("trigger.delivery_ids")}, '[') THEN json_array_length({_at("trigger.delivery_ids")}) ELSE 0 END,
  {_at("state")}, {_digest(_at("state"))}, {_number("timing.reads")}, {_number("timing.writes")},
  {_spent("timing.started")}, {_spent("timing.received")},
  {_at("subject")}, {_at("counts")}, {_at("issues")}, coalesce({_at("origin")}, ''), {_at("written")}, {_GOOD}
FROM (
  SELECT piece, file, v, CASE WHEN {_at("counts")} IS NOT NULL OR {_at("issues")} IS NOT NULL OR {_at("written")} IS NOT NULL
    THEN json_type(line, ['$.counts', '$.issues', '$.written']) END AS nested
  FROM (SELECT piece, file, line, FOUND AS v FROM (SELECT LINES FROM
      (SELECT string_split(content, chr(10)) AS split, list_extract($pieces, place) AS piece, list_extract($files, place) AS file
      FROM (SELECT content, list_position($names, filename) AS place FROM read_text($patterns))))
    WHERE WANTED))
"""  # noqa: S608 – our own words; values are passed beside the query
_BY_FILE = "piece, file, unnest(split) AS line"
_TOGETHER = ", ".join(
    f"unnest(flatten(list({each}))) AS {name}"
    for name, each in (
        ("line", "split"),
        ("piece", "list_resize([piece], len(split), piece)"),
        ("file", "list_resize([file], len(split), file)"),
    )
)
READ = _READ.replace("FOUND", _FOUND).replace("WANTED", "line <> ''").replace("LINES", _BY_FILE)
READ_SMALL = _READ.replace("FOUND", _FOUND).replace("WANTED", "line <> ''").replace("LINES", _TOGETHER)
"""The same: lines of all files are one list before they are rows, as the engine handles those of each file by themselves."""
READ_CAREFULLY = (
    _READ.replace("FOUND", f"TRY({_FOUND})")
    .replace("LINES", _BY_FILE)
    .replace("WANTED", "trim(line, ' ' || chr(9) || chr(11) || chr(12) || chr(13)) <> ''")
)
"""The same; a line that is no JSON is a row of nothing."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read."""

    path: Path
    piece: int
    file: int
    """A number by which its faults are counted."""
    bytes: int


def fill(connection: DuckDBPyConnection, sources: Sequence[Source], scratch: Path) -> None:
    """Make the table `raw` of these files.

    Args:
        connection: Its temporary tables are used by nobody else.
        sources: What to read.
        scratch: A folder in which copies may stand for a while.

    Raises:
        OSError: A file cannot be read.
    """
    import duckdb

    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE raw ({columns})")
    for portion in _portions(sources):
        for source in portion:
            source.path.open("rb").close()  # the engine leaves out what it cannot open, and says nothing
        if portion[0].bytes <= _AT_ONCE_BYTES:
            try:
                size = sum(source.bytes for source in portion) / len(portion)
                query = READ_SMALL if size < _SMALL_BYTES else READ
                connection.execute(query, _values([(source.path, source) for source in portion]))
                continue
            except (duckdb.Error, UnicodeError):  # something is not as it should be: which line, is found out now
                pass
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            for copies in _copied(portion, Path(folder)):
                connection.execute(READ_CAREFULLY, _values(copies))


def _values(read: Sequence[tuple[Path, Source]]) -> dict[str, object]:
    return {
        "patterns": [_literal(path) for path, _ in read],
        "names": [str(path) for path, _ in read],
        "pieces": [source.piece for _, source in read],
        "files": [source.file for _, source in read],
    }


def _portions(sources: Iterable[Source]) -> Iterator[list[Source]]:
    """So many files as are read at once; a large one stands alone."""
    portion: list[Source] = []
    size = 0
    for source in sources:
        if portion and (size + source.bytes > _AT_ONCE_BYTES or len(portion) >= _AT_ONCE_FILES):
            yield portion
            portion, size = [], 0
        portion.append(source)
        size += source.bytes
    if portion:
        yield portion


def _copied(sources: Iterable[Source], folder: Path) -> Iterator[list[tuple[Path, Source]]]:
    """Copies of what is UTF-8, so many at once as are read at once; they are there until the next are asked for."""
    copies: list[tuple[Path, Source]] = []
    left = _AT_ONCE_BYTES
    for source in sources:
        with source.path.open("rb") as lines:
            while line := lines.readline(MAX_LINE):
                target = folder / f"{len(copies)}.jsonl"
                copies.append((target, source))
                with target.open("wb") as copy:
                    while line:
                        left -= len(line)
                        copy.write(_checked(line, lines))
                        line = lines.readline(MAX_LINE) if left > 0 else b""
                if left <= 0 or len(copies) >= _AT_ONCE_FILES:
                    yield copies
                    for path, _ in copies:
                        path.unlink()
                    copies, left = [], _AT_ONCE_BYTES
    if copies:
        yield copies


def _checked(line: bytes, lines: BinaryIO) -> bytes:
    """The line, or what says that it is none: it is no UTF-8, or too long."""
    if len(line) == MAX_LINE and not line.endswith(b"\n"):
        while (rest := lines.readline(MAX_LINE)) and not rest.endswith(b"\n"):
            pass
        return _NO_LINE
    try:
        line.decode()
    except UnicodeDecodeError:
        return _NO_LINE
    return line


def _literal(file: Path) -> str:
    """The path as a pattern that means itself."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in str(file))
