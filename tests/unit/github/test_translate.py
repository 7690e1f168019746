"""GitHub's answers as the engine's values, and our own doings told from everybody else's."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec
import pytest

from engine.model import IssueRef, Label, Milestone
from tassist.github import translate
from tassist.github.translate import Ourselves
from tassist.github.wire import Account, AppRef, IssueWire, LabelWire, MilestoneWire, RepoWire, TimelineWire

US = Ourselves(7, "task-assistant")


@pytest.mark.parametrize(
    ("via", "who", "ours"),
    [
        (AppRef(7), Account("task-assistant[bot]", 99, "Bot"), True),
        (AppRef(7), Account("ann", 3, "User"), True),
        (AppRef(8), Account("another[bot]", 98, "Bot"), False),
        (AppRef(8), Account("task-assistant[bot]", 99, "Bot"), False),
        (AppRef(None, "another"), Account("task-assistant[bot]", 99, "Bot"), True),
        (None, Account("task-assistant[bot]", 99, "Bot"), True),
        (None, Account("Task-Assistant[bot]", 99, "Bot"), True),
        (None, Account("task-assistant", 3, "User"), False),
        (None, Account("dependabot[bot]", 4, "Bot"), False),
        (None, Account(None, None), False),
        (None, None, False),
    ],
)
def test_our_doings_are_told_by_the_apps_id_or_the_bots_login(
    via: AppRef | None, who: Account | None, *, ours: bool
) -> None:
    assert US.did(via, who) is ours


def test_without_a_slug_nobodys_login_is_ours() -> None:
    assert not Ourselves(7).did(None, Account("[bot]"))
    assert not Ourselves(7).did(None, Account(""))


@pytest.mark.parametrize(
    ("entry", "at"),
    [
        ({"event": "labeled", "created_at": "2026-01-01T00:00:00Z"}, datetime(2026, 1, 1, tzinfo=UTC)),
        ({"event": "reviewed", "submitted_at": "2026-01-02T00:00:00Z"}, datetime(2026, 1, 2, tzinfo=UTC)),
        ({"event": "committed", "author": {"date": "2026-01-03T00:00:00Z"}}, datetime(2026, 1, 3, tzinfo=UTC)),
        ({"event": "labeled", "created_at": "2026-01-01T02:00:00+02:00"}, datetime(2026, 1, 1, tzinfo=UTC)),
        ({"event": "labeled"}, None),
        ({"event": "labeled", "created_at": "yesterday"}, None),
        ({"event": "labeled", "created_at": "2026-01-01T00:00:00"}, None),
        ({"event": None, "created_at": "2026-01-01T00:00:00Z"}, None),
        ({}, None),
    ],
)
def test_h17_an_entry_without_a_name_or_a_time_is_left_out(entry: dict[str, object], at: datetime | None) -> None:
    found = US.event(msgspec.convert(entry, TimelineWire))

    assert (found.at if found else None) == at


def test_h17_an_issue_of_nulls_is_an_issue_without_anything() -> None:
    found = translate.issue(IssueWire(), IssueRef("o/r", 5, 7))

    assert found.ref == IssueRef("o/r", 5, 7)
    assert (found.title, found.body, found.labels, found.milestone, found.author) == ("", "", (), None, "")


def test_labels_come_as_objects_or_as_names() -> None:
    assert translate.label_names([LabelWire("a"), "b", LabelWire(None), ""]) == ("a", "b")
    assert translate.label_names(None) == ()
    assert translate.label(LabelWire("a", None, "#FFAA00", None)) == Label("a", "", "ffaa00", 0)
    assert translate.label(LabelWire()) is None


@pytest.mark.parametrize(
    ("due_on", "day"),
    [("2026-12-31T08:00:00Z", date(2026, 12, 31)), ("2026-12-31", date(2026, 12, 31)), ("", None), ("soon", None)],
)
def test_a_milestone_is_due_on_a_day(due_on: str, day: date | None) -> None:
    assert translate.milestone(MilestoneWire(1, "M", "closed", None, due_on)) == Milestone(1, "M", "closed", "", day)


def test_a_milestone_without_a_number_is_none() -> None:
    assert translate.milestone(None) is None
    assert translate.milestone(MilestoneWire(title="M")) is None


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.github.com/repos/o/r", "o/r"),
        ("https://ghe.example/api/v3/repos/o/r", "o/r"),
        ("https://api.github.com/repos/o/r%2Ex", "o/r.x"),
        ("https://api.github.com/repositories/9", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_repositorys_name_is_read_from_its_address(url: str | None, name: str) -> None:
    assert translate.repo_name(url) == name


def test_a_disabled_repository_takes_no_more_than_an_archived_one() -> None:
    assert translate.repo(RepoWire(1, "o/r", disabled=True), name="o/r", repo_id=1).archived
    assert translate.repo(RepoWire(), name="o/r", repo_id=9).id == 9
    assert translate.repo(RepoWire(), name="o/r", repo_id=9).has_issues
