"""Every form legacy telemetry ever had is read; what is broken is mended or named, and nothing makes the reader fall over."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrations.telemetry import IssueSeen, LegacyRun, Unread, read
from migrations.telemetry.forms import time_in_name, track_of
from tests.support.legacy_shop import SHOP

FOLDER = SHOP / "telemetry"
AT = datetime(2026, 11, 5, 4, 0, tzinfo=UTC)


def found(path: str) -> list[Any]:
    return list(read(path, (FOLDER / path).read_bytes()))


RUNS = {
    "telemetry/cleaner-1001.json": ("cleaner", {"deleted_count": 4}),
    "telemetry/self-test-1002.json": ("self-test", {}),
    "telemetry/diagnostics-20261106T024625Z.json": ("diagnostics", {}),
    "telemetry/diagnostics-20261103T194902Z.json": (
        "diagnostics",
        {"labels.missing": 0, "repo_variables.missing": 1},
    ),
    "telemetry/project-sync-2026-11-20T042000Z.json": ("project-sync", {"decided": 2, "with_target": 1}),
    "telemetry/projectsync-20261105T020000Z.json": ("project-sync", {}),
    "telemetry/project-sync/sync-20261105T232552Z.json": ("project-sync", {}),
    "telemetry/project-sync/sync-20261105T233337Z.json": ("project-sync", {}),
    "telemetry/activity-20261105T023000Z.json": ("activity", {}),
    "telemetry/activity/activity-20261105T223601Z.json": ("activity", {}),
    "supervisor-telemetry/latest.json": (
        "supervisor",
        {
            "tracks.sprint5.open_count": 2,
            "tracks.sprint5.issues": 2,
            "tracks.dashboard_v2.open_count": 1,
            "tracks.dashboard_v2.issues": 1,
        },
    ),
    "supervisor-telemetry/latest.counts.json": (
        "supervisor",
        {"pr_open": 1, "issues_open": 6, "pr_stale": 0, "issues_blocked": 1, "sprint_issues": 2},
    ),
    "supervisor-telemetry/latest.stale.json": ("activity", {"stale_main": 1, "stale_dashboard": 0}),
    "supervisor-telemetry/latest.items.json": ("supervisor", {"project_items": 7, "open_issues": 6, "merged_prs": 2}),
    "supervisor-telemetry/latest.bare.json": ("supervisor", {}),
    "activity-telemetry/latest.json": ("activity", {"items_checked": 5}),
    "activity-telemetry/activity-start-main.json": ("activity", {}),
    "activity-telemetry/selftest-list.json": ("self-test", {}),
    "activity-telemetry/selftest-flat.json": ("self-test", {}),
    "codex-selftest/latest.json": ("self-test", {}),
    "codex/codex-data.json": ("self-test", {}),
}


@pytest.mark.parametrize("path", RUNS)
def test_a_run_of_a_component_is_known_by_what_it_says(path: str) -> None:
    runs = [one for one in found(path) if isinstance(one, LegacyRun)]

    assert [(one.component, dict(one.counts)) for one in runs] == [RUNS[path]]


def test_an_issue_is_seen_in_the_short_form_and_in_the_whole_answer_of_the_interface() -> None:
    short = [one for one in found("telemetry/activity-engine-20261119T100000Z.json") if isinstance(one, IssueSeen)]
    whole = [one for one in found("activity/activity-20261104T010000Z.json") if isinstance(one, IssueSeen)]

    assert [(one.number, one.is_pull_request, one.milestone, one.track) for one in short] == [
        (1, False, "Autumn", "main"),
        (3, False, "Charts", "dashboard"),
        (12, True, None, None),
    ]
    assert (whole[0].labels, whole[0].milestone, whole[0].digest) == (short[1].labels, "Charts", short[1].digest)
    assert whole[1].is_pull_request


def test_a_dashboard_that_swallowed_itself_says_each_thing_once_more_and_nothing_new() -> None:
    wrapped = {one.digest for one in found("dashboard/dashboard.json") if not isinstance(one, Unread)}
    alone = {
        one.digest
        for name in ("activity-engine-20261119T100000Z", "activity-engine-20261120T100000Z",
                     "activity-engine-20261120T120000Z", "self-test-1002", "diagnostics-20261106T024625Z")
        for one in found(f"telemetry/{name}.json")
    }  # fmt: skip

    assert wrapped == alone


def test_a_number_of_ten_thousand_digits_is_named() -> None:
    for text in (b"[" + b"9" * 10_000 + b"]", b'{"a": ,"b": ' + b"9" * 10_000 + b"}"):
        assert {type(one) for one in read("x.json", text)} == {Unread}


def test_ten_thousand_levels_of_wrapping_are_no_trouble() -> None:
    deep = b'{"component":"dashboard","items":[' * 10_000
    levels = b'{"component":"dashboard","items":[' * 150 + b"[]" + b"]}" * 150

    assert [type(one) for one in read("x.json", deep)] == [Unread]
    assert list(read("x.json", levels)) == []


BROKEN = {
    "telemetry/projectsync-20261105T020000Z.json": ("a value is missing", True, LegacyRun),
    "dashboard/cut.json": ("it is not JSON", False, IssueSeen),
    "activity-telemetry/empty.json": ("it is empty", False, Unread),
    "telemetry/not-telemetry.json": ("its form is not known", False, Unread),
    "project_items.json": ("says no time", False, Unread),
}


@pytest.mark.parametrize("path", BROKEN)
def test_what_is_broken_is_named_and_what_is_whole_in_it_is_taken(path: str) -> None:
    words, mended, kind = BROKEN[path]

    seen = found(path)

    assert any(isinstance(one, Unread) and words in one.why and one.mended == mended for one in seen)
    assert any(isinstance(one, kind) for one in seen)
    assert all(one.path == path for one in seen if isinstance(one, Unread))


def test_the_time_of_the_commit_stands_in_where_nothing_else_tells_it() -> None:
    seen = list(read("project_items.json", (FOLDER / "project_items.json").read_bytes(), AT))

    assert seen == [LegacyRun(AT, "supervisor", (("project_items", 1),))]


def test_lines_and_documents_that_follow_each_other_are_all_read() -> None:
    text = b'{"component":"cleaner","timestamp":"2026-11-01T00:00:00Z"}{"component":"cleaner","timestamp":"2026-11-02T00:00:00Z"},\n'
    one, two = read("x.json", text)

    assert isinstance(one, LegacyRun)
    assert isinstance(two, LegacyRun)
    assert (one.at.day, two.at.day) == (1, 2)


def test_a_hole_inside_a_text_is_no_hole() -> None:
    text = (
        b'{"component": "cleaner", "timestamp": "2026-11-01T00:00:00Z", "run_id": "a: , b \\" : }", "deleted_count": ,}'
    )
    _, run = read("x.json", text)

    assert isinstance(run, LegacyRun)
    assert run.told == 'a: , b " : }'


def test_an_array_cut_inside_gives_its_whole_elements_and_a_cut_wrapper_too() -> None:
    entry = {"component": "cleaner", "timestamp": "2026-11-01T00:00:00Z", "deleted_count": 1}
    array = json.dumps([entry, entry])[:-20].encode()
    wrapper = json.dumps({"component": "dashboard", "items": [entry, entry]})[:-20].encode()

    for text in (array, wrapper):
        kinds = [type(one) for one in read("x.json", text)]
        assert kinds.count(LegacyRun) == 1
        assert Unread in kinds


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("telemetry/a-20251206T024831Z.json", "2025-12-06T02:48:31"),
        ("a-2025-12-06T02:48:31Z.json", "2025-12-06T02:48:31"),
        ("a-2025-12-06T024831Z.json", "2025-12-06T02:48:31"),
        ("cleaner-19981777013.json", None),
        ("a-20259906T024831Z.json", None),
    ],
)
def test_a_files_name_tells_the_time(name: str, told: str | None) -> None:
    moment = time_in_name(name)

    assert (moment.isoformat()[:19] if moment else None) == told


def test_the_track_is_the_same_under_its_old_name_and_its_new_one() -> None:
    assert {track_of((name,)) for name in ("codex-trackmain", "track/main", "Track:main")} == {"main"}
    assert track_of(("codex", "bug")) is None
    assert track_of(("track/a", "codex-trackb")) is None


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fall_over(content: bytes) -> None:
    list(read("x.json", content, AT))


KEYS = [
    "component",
    "timestamp",
    "issues",
    "items",
    "telemetry",
    "number",
    "title",
    "labels",
    "milestone",
    "state",
    "source",
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("2026-11-01T00:00:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)


@given(VALUES)
def test_no_value_makes_it_fall_over(value: object) -> None:
    for one in read("x.json", json.dumps(value).encode(), AT):
        assert one.__class__ in {IssueSeen, LegacyRun, Unread}
