"""Pages of deliveries in a journal of a million: by key, as the console reads them, beside the way with OFFSET.

    .venv/bin/python -m benchmarks.console_pages [--deliveries 1000000] [--json]

The journal's own tables and indexes are filled directly, without bodies. Each figure is the median and the worst of
many pages; read the ratio of the two ways, as machine and disk are shared.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.harness import Result, record

if TYPE_CHECKING:
    from tassist.store.console import Browse
    from tassist.store.pages import Filter

LIMIT = 100
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def fill(home: Path, amount: int) -> None:
    """A journal of so many deliveries, ten a second, of 200 repositories with some rare ones among them."""
    from tassist.store.database import FILE_NAME
    from tassist.store.journal import Journal
    from tassist.store.model import to_us

    with Journal.open(home):
        pass
    dice = random.Random(1)
    end = to_us(NOW)
    connection = sqlite3.connect(home / FILE_NAME)
    connection.execute("PRAGMA synchronous = OFF")

    def rows() -> Iterator[tuple[object, ...]]:
        for seq in range(1, amount + 1):
            event = dice.choices(("issues", "issue_comment", "pull_request", "milestone"), (70, 20, 9.99, 0.01))[0]
            state = dice.choices(("done", "ignored", "dead", "quarantined"), (75, 24.98, 0.01, 0.01))[0]
            repo = dice.randint(1, 200)
            at = end - (amount - seq) * 100_000
            yield seq, f"{seq:036x}", event, "labeled", repo, f"acme/r{repo}", at, 12_000, state, f"{seq:032x}", at + 9

    with connection:
        connection.executemany(
            "INSERT INTO deliveries (seq, delivery_id, event, action, repo_id, repo, received_at, size, state, run_id,"
            " handled_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows(),
        )
        connection.execute(
            "INSERT INTO looks (seq, repo_id, number, state, run_id) SELECT seq, repo_id, seq % 500 + 1, 'done', run_id"
            " FROM deliveries WHERE state = 'done'"
        )
        connection.execute(
            "INSERT INTO runs (run_id, repo_id, number, repo, state, trigger, started_at, finished_at, outcome)"
            " SELECT run_id, repo_id, seq % 500 + 1, repo, 'finished', '{}', received_at, received_at,"
            " CASE WHEN seq % 5000 = 0 THEN 'failed' ELSE 'success' END FROM deliveries WHERE state = 'done'"
        )
        # Of the last hours, which is all that Home counts.
        connection.execute(
            "INSERT INTO effects (run_id, ordinal, effect, state, writes, at)"
            " SELECT run_id, 0, '{}', 'applied', 1, started_at FROM runs WHERE started_at > ? AND number % 10 = 0",
            (to_us(NOW - timedelta(hours=3)),),
        )
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def timed(read: Callable[[], object], times: int) -> tuple[float, float]:
    """Median and worst, in ms."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        read()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took), max(took)


def look_through(browse: Browse, wanted: Filter) -> int:
    """Page after page, each going on where the one before had used up its time; how many there are."""
    count, before = 0, None
    while True:
        page = browse.page(wanted, limit=LIMIT, before=before)
        count += len(page.rows)
        if page.ended or len(page.rows) >= LIMIT:
            return count
        before = page.looked_to


def main() -> None:
    """Fill, measure, record."""
    from tassist.services.overview import overview
    from tassist.store.database import FILE_NAME
    from tassist.store.journal import Journal
    from tassist.store.pages import Filter

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    dice = random.Random(2)
    amount = options.deliveries
    found: dict[str, tuple[float, float]] = {}
    whole: dict[str, float] = {}
    peers: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        fill(home, amount)
        plain = sqlite3.connect(home / FILE_NAME)
        with Journal.open(home) as journal:
            browse = journal.browse

            def anywhere() -> int:
                return dice.randint(LIMIT, amount)

            filters = {
                "every delivery": Filter(),
                "one event": Filter(event="issue_comment"),
                "a rare event": Filter(event="milestone"),
                "one repository": Filter(repo="acme/r7"),
                "one issue": Filter(repo="acme/r7", issue=8),
                "given up": Filter(state="dead"),
                "a rare outcome": Filter(outcome="failed"),
                "an hour of a day": Filter(since=NOW - timedelta(hours=9), until=NOW - timedelta(hours=8)),
                "nothing matches": Filter(action="never"),
                "a repository and a rare event": Filter(repo="acme/r7", event="milestone"),
                "an event and an outcome": Filter(event="issue_comment", outcome="failed"),
                "a repository and what nothing matches": Filter(repo="acme/r7", action="never"),
                "one issue and an outcome": Filter(repo="acme/r7", issue=8, outcome="failed"),
                "waiting": Filter(state="waiting"),
                "set aside": Filter(state="quarantined"),
                "ignored, and nothing matches": Filter(state="ignored", action="never"),
                "since a month, and nothing matches": Filter(since=NOW - timedelta(days=30), action="never"),
            }
            for name, wanted in filters.items():
                found[f"newest page, {name}"] = timed(lambda w=wanted: browse.page(w, limit=LIMIT), options.times)
                found[f"oldest page, {name}"] = timed(
                    lambda w=wanted: browse.page(w, limit=LIMIT, after=0), options.times
                )
                found[f"any page, {name}"] = timed(
                    lambda w=wanted: browse.page(w, limit=LIMIT, before=anywhere()), options.times
                )
                whole[name] = timed(lambda w=wanted: look_through(browse, w), 3)[0]
            found["any page, the one of a moment"] = timed(
                lambda: browse.page(
                    Filter(), limit=LIMIT, before=browse.place_of(NOW - timedelta(seconds=anywhere() // 10))
                ),
                options.times,
            )
            issues = [browse.recent_issues(limit=LIMIT)]
            for _ in range(20):
                issues.append(browse.recent_issues(limit=LIMIT, before=issues[-1].looked_to))
            found["any page, issues"] = timed(
                lambda: browse.recent_issues(limit=LIMIT, before=dice.choice(issues).looked_to), options.times
            )
            found["what is new since, 1000 behind"] = timed(
                lambda: browse.newer(Filter(), amount - 1000), options.times
            )
            found["a day's deliveries by hour"] = timed(lambda: browse.per_hour(NOW), options.times)
            found["newest page, issues"] = timed(lambda: browse.recent_issues(limit=LIMIT), options.times)
            found["runs of a day"] = timed(lambda: browse.runs_since(NOW - timedelta(days=1)), options.times)
            found["everything Home shows"] = timed(lambda: overview(journal, home, NOW), options.times)
        peers["peer: any page with OFFSET"] = timed(
            lambda: plain.execute(
                "SELECT * FROM deliveries ORDER BY seq DESC LIMIT ? OFFSET ?", (LIMIT, amount - anywhere())
            ).fetchall(),
            options.times,
        )
        peers["peer: any page of one event with OFFSET"] = timed(
            lambda: plain.execute(
                "SELECT * FROM deliveries WHERE event = 'issue_comment' ORDER BY seq DESC LIMIT ? OFFSET ?",
                (LIMIT, int((amount - anywhere()) / 5.5)),
            ).fetchall(),
            options.times,
        )
        plain.close()
    result = Result(
        "console_pages",
        "Pages of the console",
        note=f"A journal of {amount:,} deliveries, median (worst) of {options.times} reads. The peer pages with OFFSET.",
    )
    for name, (median, worst) in {**found, **peers}.items():
        result.add(f"{name}, ms", f"{median:.1f} ({worst:.1f})")
    name, ms = max(whole.items(), key=lambda one: one[1])
    result.add("the longest to look through the whole journal, ms", f"{ms:.0f} ({name})")
    pages = {name: worst for name, (_, worst) in found.items() if " page, " in name}
    name, slowest = max(pages.items(), key=lambda one: one[1])
    result.add(f"the slowest page of all {len(pages)} kinds, ms", f"{slowest:.1f} ({name})", "≤ 50", met=slowest <= 50)
    result.add(
        "any page, every delivery ÷ the peer",
        f"{found['any page, every delivery'][0] / peers['peer: any page with OFFSET'][0]:.3f}",
    )
    record(result, as_json=options.json)


if __name__ == "__main__":
    main()
