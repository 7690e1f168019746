"""Reads telemetry in place with DuckDB and counts; nothing else of the product knows DuckDB.

A line that is no record never stops anything: it is left out, counted and named, by the same reader that
`tassist telemetry verify` uses. Pieces that were counted before and did not change since are taken from the cache, if
there is one; what comes out is the same.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from tassist.dashboard import questions
from tassist.dashboard.board import Happening
from tassist.dashboard.facts import NEVER, Counted, Facts, Latest, News, RuleDay, Seen, Stuck, Turn
from tassist.dashboard.folds import Folds
from tassist.dashboard.queries import BEHIND
from tassist.telemetry import paths

HISTORY = 40
"""Values written to one issue that are kept, the newest."""
_WRITES_AT_ONCE = 200_000
"""Values written that are looked at together; a million would need half a gigabyte."""


def read(
    root: Path, *, as_of: date | None = None, repos: Sequence[str] = (), cache: Path | None = None, fresh: bool = False
) -> Facts:
    """Count everything below a telemetry folder.

    Args:
        root: The folder, or one file.
        as_of: The last day that counts; by default the day of the newest record.
        repos: Only these, by ``owner/name`` or ``owner``; records about the service itself count always.
        cache: The file that remembers what months of records add up to; by default nothing is remembered. One that
            another process uses, that is broken or cannot be written is done without.
        fresh: Forget what the cache says and read everything.

    Raises:
        OSError: A file cannot be read.
    """
    import duckdb

    files = [file for file in paths.record_files([root]) if file.stat().st_size]
    if not files:
        day = as_of or NEVER
        return Facts(day, f"{day}T23:59:59.999Z")
    # Files that appear while we read do not count.
    with tempfile.TemporaryDirectory(prefix="tassist-dashboard-") as scratch:
        if cache is not None:
            try:
                return _read(root, files, as_of, repos, Path(scratch), cache, fresh=fresh)
            except duckdb.Error:
                cache.unlink(missing_ok=True)  # nothing but a cache: what it said is counted again
        return _read(root, files, as_of, repos, Path(scratch), None, fresh=True)


def written_in(
    root: Path, what: str, *, rule: str = "", as_of: date | None = None, repos: Sequence[str] = ()
) -> set[str]:
    """The events that wrote values which count as ``written``, ``reverted`` or ``flapped``, of one rule or of all.

    Raises:
        OSError: A file cannot be read.
    """
    files = [file for file in paths.record_files([root]) if file.stat().st_size]
    if not files:
        return set()
    with (
        tempfile.TemporaryDirectory(prefix="tassist-dashboard-") as scratch,
        Folds(root, files, Path(scratch), None, fresh=True) as folds,
    ):
        folds.fold(as_of, repos)
        folds.run(questions.NEWEST)
        return {event_id for _ in _writes(folds) for (event_id,) in folds.rows(questions.WRITTEN_IN, rule, what)}


def _read(
    root: Path,
    files: list[Path],
    as_of: date | None,
    repos: Sequence[str],
    scratch: Path,
    cache: Path | None,
    *,
    fresh: bool,
) -> Facts:
    with Folds(root, files, scratch, cache, fresh=fresh) as folds:
        folds.fold(as_of, repos)
        return _facts(folds, as_of)


def _facts(folds: Folds, as_of: date | None) -> Facts:
    ((records, folded, first, last),) = folds.rows(questions.TOTALS)
    day = as_of or (date.fromisoformat(last[:10]) if last else NEVER)
    rows, each = folds.rows, folds.each
    words: dict[str, str] = {}

    def one(word: str) -> str:
        """One string for all that say the same: each row of an answer has its own."""
        return words.setdefault(word, word)

    facts = Facts(
        day,
        f"{day}T23:59:59.999Z" if as_of or not last else last,
        files=folds.file_count,
        records=int(records) + int(folded),
        folded=int(folded),
        duplicates=folds.duplicates,
        flaws=folds.flaws,
        flaw_count=folds.flaw_count,
        first=first or "",
        last=last or "",
        imported=[(repo, origin, int(count)) for repo, origin, count in rows(questions.IMPORTED)],
        repos=[repo for (repo,) in rows(questions.REPOS)],
        counted=[Counted(one(repo), day, one(name), count) for repo, day, name, count in each(questions.COUNTED)],
        turns=[
            Turn(one(repo), issue, day, is_open, one(track), one(milestone), *days)
            for repo, issue, day, is_open, track, milestone, *days in each(questions.TURNS)
        ],
    )
    folds.run(questions.NEWEST)
    facts.latest = [
        Latest(
            one(repo),
            issue,
            seen,
            is_open,
            one(track),
            one(milestone),
            tuple(one(label or "") for label in labels),
            *more,
        )
        for repo, issue, seen, is_open, track, milestone, labels, *more in each(questions.LATEST)
    ]
    facts.stuck = [Stuck(*row) for row in rows(questions.STUCK)]
    facts.news = [News(*(*row[:8], dict(sorted(row[8].items())))) for row in rows(questions.NEWS)]
    facts.seen = [Seen(*row) for row in rows(questions.SEEN, BEHIND)]
    moment = "", ""
    for _ in _writes(folds):
        facts.rule_days += [RuleDay(*row) for row in rows(questions.RULE_DAYS)]
        for repo, issue, at, run_id, *said, rule, kind, reverted, flapped in each(questions.RECENT_WRITES, HISTORY):
            if (at, run_id) != moment:  # a run writes several values
                moment = at, run_id
            field, before, after = map(one, said)
            history = facts.histories.setdefault((one(repo), issue), [])
            history.append(Happening(*moment, field, before, after, one(rule), one(kind), reverted, flapped))
    return facts


def _writes(folds: Folds) -> Iterator[None]:
    """Lay the table `writes` of some repositories after the other, so many as there is room for."""
    some: list[str] = []
    size = 0
    for repo, count in [*folds.rows(questions.WRITTEN), ("", _WRITES_AT_ONCE)]:
        if some and size + count > _WRITES_AT_ONCE:
            folds.run(questions.WRITES, some[0], some[-1])
            yield
            some, size = [], 0
        some.append(repo)
        size += count
