"""What the console's services say of a journal: attention, provenance, a delivery told whole, words that ask for some."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.problems import ProblemError
from tassist.contract.library import configurations
from tassist.contract.reading import read_topic
from tassist.services.delivery_detail import as_case, detail
from tassist.services.delivery_query import Query, in_words, parse_query
from tassist.services.overview import is_served, overview
from tassist.services.overview_words import bars
from tassist.services.overview_words import in_words as overview_in_words
from tassist.services.provenance import origins, told
from tassist.store.database import LOCK_NAME, ServeLock
from tassist.store.journal import Journal
from tassist.store.model import LaneKey
from tassist.store.pages import Filter
from tests.support.console import HOSTILE, NOW, Filled, hostile, troubled, typical


def test_what_is_lost_late_or_blocked_comes_first(tmp_path: Path) -> None:
    troubled(tmp_path)
    with Journal.open(tmp_path) as journal:
        found = overview(journal, tmp_path, NOW)

    said = [one.what for one in found.attention]
    assert [one.verdict for one in found.attention] == ["bad", "bad", "waiting", "waiting", "waiting"]
    assert said[0] == "1 delivery was given up"
    assert "1 issue waits for longer than 5 minutes" in said
    assert any("2 runs of the last day did not succeed" in one for one in said)
    assert overview_in_words(found)[0].startswith("error: 1 delivery was given up")


def test_where_all_is_well_it_says_so(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    filled.delivery()
    filled.close()
    with Journal.open(tmp_path) as journal, ServeLock(tmp_path) as lock:
        assert lock.acquire()
        assert [one.what for one in overview(journal, tmp_path, NOW).attention] == ["Nothing is lost, late or blocked"]


def test_a_service_is_seen_without_touching_its_lock(tmp_path: Path) -> None:
    assert not is_served(tmp_path)
    code = (
        "import sys, signal; from pathlib import Path; from tassist.store.database import ServeLock\n"
        f"lock = ServeLock(Path({str(tmp_path)!r})); assert lock.acquire(); print('held', flush=True); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert is_served(tmp_path)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert not is_served(tmp_path), "the system released it, though its file names a process"
    file = os.open(tmp_path / LOCK_NAME, os.O_RDWR)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(file)


def test_a_labels_origin_is_its_rule_line_and_delivery(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    delivery_id = filled.delivery(4)
    with filled.journal as journal:
        (found,) = origins(journal, LaneKey(7, 4))
        run = journal.browse.runs_of(LaneKey(7, 4))[0]

        assert found.values == ("track/main",)
        assert found.rule == "track.classify"
        assert found.config == ".github/task-assistant.yml:3 (tracks[0].default)"
        assert found.delivery_id == delivery_id
        assert found.trigger == "issues.labeled by ann"
        assert not found.undone
        assert [one.rule for one in told(journal, run).decisions] == ["track.classify"]


def test_a_delivery_is_told_whole(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    delivery_id = filled.delivery(4, title="Login page")
    with filled.journal as journal:
        found = detail(journal, delivery_id[:8])

    assert '"title": "Login page"' in (found.body or "")
    assert found.writes == ["applied: add label track/main"]
    assert [name for name, _ in found.timing] == ["arrived", "looked", "finished", "done"]
    assert found.timing[1][1].endswith("+0.050 s")


@pytest.mark.parametrize("text", ["A title", *HOSTILE], ids=range(len(HOSTILE) + 1))
def test_a_delivery_becomes_a_case_of_the_contracts_form(text: str, tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    delivery_id = filled.delivery(4, title=text)
    with filled.journal as journal:
        case = as_case(detail(journal, delivery_id))

    assert case.isascii()
    topic = read_topic("from-the-journal", case, configurations())
    (only,) = topic.cases
    assert only.given.issue.ref.number == 4
    assert [effect.values for effect in only.expected.effects] == [("track/main",)]


def test_every_delivery_of_a_hostile_journal_is_told(tmp_path: Path) -> None:
    hostile(tmp_path)
    with Journal.open(tmp_path) as journal:
        for one in journal.browse.page(Filter()).rows:
            found = detail(journal, one.row.delivery_id)
            assert found.run is not None
            assert as_case(found).isascii()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", Query()),
        ("event:issues action:labeled", Query(Filter(event="issues", action="labeled"))),
        ("acme/shop#7", Query(Filter(repo="acme/shop", issue=7))),
        ("repo:acme/shop issue:#7 state:dead", Query(Filter(repo="acme/shop", issue=7, state="dead"))),
        ("outcome:failed login page", Query(Filter(outcome="failed"), "login page")),
        ("since:2h", Query(Filter(since=NOW - timedelta(hours=2)))),
        ("until:2026-11-28", Query(Filter(until=NOW.replace(hour=0)))),
        ('"two words" https://example.com/x', Query(text="two words https://example.com/x")),
        ("unknown:word", Query(text="unknown:word")),
        ("it's", Query(text="it's")),
    ],
)
def test_words_ask_for_deliveries(line: str, expected: Query) -> None:
    assert parse_query(line, NOW) == expected


def test_everything_that_is_wrong_with_the_words_is_said_at_once() -> None:
    with pytest.raises(ProblemError) as caught:
        parse_query("state:lost issue:x since:soon outcome:fine event:", NOW)

    assert len(caught.value.problems) == 5


@given(
    st.builds(
        Filter,
        event=st.sampled_from((None, "issues")),
        issue=st.none() | st.integers(1, 10**9),
        state=st.sampled_from((None, "dead")),
        since=st.none() | st.just(NOW),
    )
)
def test_a_query_in_words_asks_for_the_same(wanted: Filter) -> None:
    assert parse_query(in_words(Query(wanted)), NOW) == Query(wanted)


def test_a_plot_tells_little_from_none() -> None:
    assert bars((0, 1, 50, 100)) == " ▁▄█"
    assert bars((0, 0)) == "  "
    assert bars(()) == ""


def test_a_typical_journal_has_one_late_issue(tmp_path: Path) -> None:
    typical(tmp_path)
    with Journal.open(tmp_path) as journal:
        assert len(overview(journal, tmp_path, NOW).late) == 1
