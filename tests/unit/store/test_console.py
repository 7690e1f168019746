"""Pages of deliveries by key hold what a plain reading of everything holds, and every figure is what was put in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tassist.store.journal import Journal
from tassist.store.model import LaneKey
from tassist.store.pages import Filter, Listed
from tests.support.console import NOW, Filled, troubled

REPOS = (("acme/shop", 7), ("acme/site", 8), ("Ünï/cøde", 9))
EVENTS = (("issues", "opened"), ("issues", "labeled"), ("issue_comment", "created"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty deliveries of every kind."""
    folder = tmp_path_factory.mktemp("pages")
    filled = Filled(folder)
    for number in range(60):
        repo, repo_id = REPOS[number % 3]
        event, action = EVENTS[number % 7 % 3]
        state = ("done", "done", "waiting", "ignored", "stored", "dead", "quarantined")[number % 7]
        outcome = ("success", "failed", "blocked")[number % 5 % 3]
        filled.delivery(
            number % 4 + 1,
            repo=repo,
            repo_id=repo_id,
            event=event,
            action=action,
            state=state,
            outcome=outcome,
            reason=None if outcome == "success" and state == "done" else "a reason",
        )
    filled.close()
    return folder


@pytest.fixture(scope="module")
def journal(home: Path) -> Iterator[Journal]:
    """The same, open."""
    with Journal.open(home) as journal:
        yield journal


def matches(wanted: Filter, one: Listed) -> bool:
    row = one.row
    return (
        wanted.event in {None, row.event}
        and wanted.action in {None, row.action}
        and (wanted.repo is None or wanted.repo.casefold() == row.repo.casefold())
        and (wanted.issue is None or wanted.issue in row.issues)
        and wanted.state in {None, row.state}
        and wanted.outcome in {None, one.outcome}
        and (wanted.since is None or row.received_at >= wanted.since)
        and (wanted.until is None or row.received_at < wanted.until)
    )


def pages(journal: Journal, wanted: Filter, limit: int) -> list[Listed]:
    found: list[Listed] = []
    before = None
    while True:
        page = journal.browse.page(wanted, limit=limit, before=before)
        found += page.rows
        if page.ended:
            return found
        before = page.looked_to


def backwards(journal: Journal, wanted: Filter, limit: int) -> list[Listed]:
    found: list[Listed] = []
    after = 0
    while True:
        page = journal.browse.page(wanted, limit=limit, after=after)
        found = [*page.rows, *found]
        if page.ended:
            return found
        after = page.looked_to


FILTERS = st.builds(
    Filter,
    event=st.sampled_from((None, "issues", "issue_comment", "never")),
    action=st.sampled_from((None, "opened", "labeled")),
    repo=st.sampled_from((None, "acme/shop", "ACME/Site", "nobody/none")),
    issue=st.sampled_from((None, 1, 2, 99)),
    state=st.sampled_from((None, "done", "waiting", "ignored", "stored", "dead", "quarantined")),
    outcome=st.sampled_from((None, "success", "failed", "blocked")),
    since=st.sampled_from((None, NOW - timedelta(minutes=90), NOW - timedelta(hours=9), NOW)),
    until=st.sampled_from((None, NOW - timedelta(minutes=80), NOW - timedelta(hours=9), NOW)),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=FILTERS, limit=st.sampled_from((1, 7, 100)))
def test_pages_by_key_hold_exactly_what_matches_in_either_direction(
    journal: Journal, wanted: Filter, limit: int
) -> None:
    everything = journal.browse.page(Filter(), limit=1000).rows
    expected = [one for one in everything if matches(wanted, one)]

    assert pages(journal, wanted, limit) == expected
    assert backwards(journal, wanted, limit) == expected
    assert journal.browse.newer(wanted, 0) == len(expected)


def test_a_page_without_time_says_how_far_it_came(journal: Journal) -> None:
    page = journal.browse.page(Filter(action="never"), limit=10, budget_s=0)

    assert page.rows == ()
    assert page.ended or page.looked_to > 1


def test_no_page_reads_the_whole_table(home: Path) -> None:
    with Journal.open(home) as journal:
        said: list[str] = []
        connection: sqlite3.Connection = journal._reader()
        connection.set_trace_callback(said.append)
        for wanted in (
            Filter(),
            Filter(event="issues"),
            Filter(repo="acme/shop"),
            Filter(repo="acme/shop", issue=1),
            Filter(state="dead"),
            Filter(state="stored"),
            Filter(outcome="failed"),
        ):
            journal.browse.page(wanted, limit=5)
            journal.browse.page(wanted, limit=5, after=3)
        journal.browse.per_hour(NOW)
        journal.browse.trouble(NOW - timedelta(days=1))
        journal.browse.runs_of(LaneKey(7, 1))
        journal.browse.recent_issues()
        connection.set_trace_callback(None)
        whole = {
            step
            for statement in said
            if statement.startswith("SELECT")
            for (_, _, _, step) in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
            if str(step).startswith(("SCAN d", "SCAN r", "USE TEMP B-TREE")) and "INDEX" not in str(step)
        }

    # Of one page, and of runs that began in the same microsecond.
    assert whole <= {"USE TEMP B-TREE FOR ORDER BY", "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY"}


def test_what_wants_attention_is_found(tmp_path: Path) -> None:
    troubled(tmp_path)
    with Journal.open(tmp_path) as journal:
        browse = journal.browse

        assert browse.given_up() == {"dead": 1, "quarantined": 1}
        assert [one.key.number for one in browse.waiting(NOW)] == [5]
        assert {run.outcome for run in browse.trouble(NOW - timedelta(days=1))} == {"failed", "blocked"}
        assert browse.runs_since(NOW - timedelta(days=1)) == (3, 2)
        assert sum(browse.per_hour(NOW)) == 5
        assert [one.writes for one in browse.written_since(NOW - timedelta(days=1))] == [1]
        assert len(browse.delays()) == 2


def test_issues_are_listed_once_with_their_newest_run(journal: Journal) -> None:
    runs = journal.browse.recent_issues(limit=100).runs

    assert len({run.key for run in runs}) == len(runs)
    assert [run.started_at for run in runs] == sorted((run.started_at for run in runs), reverse=True)
    for run in runs:
        assert journal.browse.runs_of(run.key)[0] == run


def test_issues_of_late_go_on_where_the_page_ended(journal: Journal) -> None:
    everything = journal.browse.recent_issues(limit=100)
    first = journal.browse.recent_issues(limit=2)
    rest = journal.browse.recent_issues(before=first.looked_to, known=frozenset(run.key for run in first.runs))

    assert (*first.runs, *rest.runs) == everything.runs
    assert (everything.ended, first.ended, rest.ended) == (True, False, True)


def test_an_issue_far_beyond_the_runs_of_another_is_reached_slice_by_slice(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    filled.delivery(2)
    filled.delivery(1)
    newest = filled.journal.browse.recent_issues(limit=1).runs[0]
    filled.busy(2_000)
    browse = filled.journal.browse

    looked = browse.recent_issues(limit=10, budget_s=0)
    assert [run.key.number for run in looked.runs] == [1]
    slices = 1
    while not looked.ended:
        looked = browse.recent_issues(limit=10, before=looked.looked_to, known=frozenset({newest.key}), budget_s=0)
        slices += 1
        if looked.runs:
            break

    assert [run.key.number for run in looked.runs] == [2]
    assert slices > 2
    filled.close()


def test_a_runs_deliveries_are_found(journal: Journal) -> None:
    run = journal.browse.recent_issues(limit=1).runs[0]

    assert [row.run_id for row in journal.browse.covered_by(run)] == [run.run_id]


@pytest.mark.parametrize(
    "ago", [timedelta(0), timedelta(minutes=61, seconds=30), timedelta(days=1), -timedelta(days=1)]
)
def test_the_place_of_a_moment_is_the_first_delivery_then(journal: Journal, ago: timedelta) -> None:
    rows = journal.browse.page(Filter(), limit=1000).rows
    later = [one.row.seq for one in rows if one.row.received_at >= NOW - ago]

    assert journal.browse.place_of(NOW - ago) == (min(later) if later else rows[0].row.seq + 1)
