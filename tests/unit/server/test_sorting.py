"""Payloads are read strictly, and deliveries end where they belong; nothing a stranger writes raises."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.problems import ProblemError
from tassist.config.chosen import EVERYWHERE, read_chosen
from tassist.server.payload import LARGE_BYTES, Unreadable, check_shape, read
from tassist.server.sorting import NOT_CHOSEN, Place, place
from tassist.store.model import Target, Unsorted
from tests.support.delivering import compact, issue_payload

OWN = "task-assistant[bot]"


def sort(payload: object, event: str = "issues", content_type: str = "application/json") -> Place:
    body = payload if isinstance(payload, bytes) else compact(payload)
    return place(Unsorted(1, "d", event, content_type, body), OWN)


def quarantined(payload: object, event: str = "issues") -> str:
    found = sort(payload, event).sorted
    assert found.state == "quarantined", found
    return found.reason or ""


def test_a_delivery_about_an_issue_waits_for_a_look_at_it() -> None:
    found = sort(issue_payload(4)).sorted

    assert (found.state, found.targets, found.action) == ("waiting", (Target(7, "o/r", 4),), "labeled")
    assert (found.installation_id, found.repo, found.sender, found.sender_id) == (5, "o/r", "ann", 3)


def test_h33_the_apps_own_write_asks_for_nothing() -> None:
    found = sort(issue_payload(sender={"login": "Task-Assistant[bot]", "id": 9, "type": "Bot"})).sorted

    assert (found.state, found.targets) == ("ignored", ())
    assert "own write" in (found.reason or "")


@pytest.mark.parametrize("login", ["dependabot[bot]", "task-assistant", "task-assistant-fan"])
def test_h34_whoever_else_wrote_is_heeded(login: str) -> None:
    assert sort(issue_payload(sender={"login": login, "id": 9, "type": "Bot"})).sorted.state == "waiting"


@pytest.mark.parametrize(
    "event",
    ["installation", "installation_repositories", "label", "milestone", "push", "repository", "ping", "pull_request"],
)
def test_h05_a_payload_under_another_events_name_is_set_aside(event: str) -> None:
    assert event in quarantined(issue_payload(), event)


@pytest.mark.parametrize("missing", ["issue", "repository", "action"])
def test_h05_a_payload_without_what_its_event_has_is_set_aside(missing: str) -> None:
    payload = issue_payload()
    del payload[missing]

    assert missing in quarantined(payload)


def test_h13_an_unknown_event_or_action_is_recorded() -> None:
    assert sort({"zen": "hi", "hook_id": 1}, "ping").sorted.state == "ignored"
    assert sort({"action": "sung"}, "opera").sorted.state == "ignored"
    assert sort(issue_payload(action="yodelled")).sorted.state == "ignored"


@pytest.mark.parametrize(
    "body",
    [
        b'{"action":"opened","action":"deleted"}',
        b'{"action":"opened","\\u0061ction":"deleted"}',
        b'{"issue":{"number":1,"number":2}}',
    ],
    ids=["twice", "twice, escaped", "twice, deeper"],
)
def test_h14_a_key_that_is_there_twice_is_set_aside(body: bytes) -> None:
    assert "twice" in quarantined(body)


def test_h14_a_key_that_is_there_twice_in_a_large_payload_is_set_aside() -> None:
    large = compact(issue_payload(padding="x" * LARGE_BYTES))
    twice = large[:-1] + b',"action":"deleted"}'

    assert sort(large).sorted.state == "waiting"
    assert "twice" in quarantined(twice)


@pytest.mark.parametrize("depth", [100_000, 1_000_000])
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_h15_nesting_without_end_is_set_aside(depth: int, opening: bytes) -> None:
    assert quarantined(b'{"x":' + opening * depth)
    whole = b'{"x":' + b"[" * depth + b"]" * depth + b"}"
    assert quarantined(whole)


def test_h16_nul_and_lone_surrogates_in_names_reach_nobody_raw() -> None:
    body = compact(issue_payload(sender={"login": "a\x00b\ud800", "id": 3}))

    found = sort(body).sorted

    assert found.state == "waiting"
    assert found.sender.encode() == b"a\x00b?"


@pytest.mark.parametrize(
    "change",
    [
        {"sender": None},
        {"sender": {}},
        {"sender": {"login": None, "id": "x"}},
        {"installation": None},
        {"issue": {"number": 4, "labels": None, "milestone": None, "body": None, "user": None}},
    ],
    ids=str,
)
def test_h17_what_may_be_null_may_be_null(change: dict[str, Any]) -> None:
    assert sort(issue_payload(4, **change)).sorted.state == "waiting"


@pytest.mark.parametrize(
    "issue", [None, [], "x", {}, {"number": None}, {"number": "4"}, {"number": -1}, {"number": 2**70}]
)
def test_h17_an_issue_that_is_none_is_no_exception(issue: object) -> None:
    assert sort(issue_payload(issue=issue)).sorted.state in {"quarantined", "ignored"}


@pytest.mark.parametrize(
    "repository", [None, {}, {"id": None, "full_name": "o/r"}, {"id": 7}, {"id": 2**64, "full_name": "o/r"}]
)
def test_h17_a_repository_without_an_id_or_a_name_is_set_aside(repository: object) -> None:
    assert sort(issue_payload(repository=repository)).sorted.state in {"quarantined", "ignored"}


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"a":NaN}', b'{"a":Infinity}', b'{"a":1}x', b'{"a":"\xff"}', b"{'a':1}", b'{"a":' + b"9" * 5000 + b"}"],
)
def test_h18_what_is_no_json_is_set_aside(body: bytes) -> None:
    assert quarantined(body)


def test_h09_a_large_payload_is_read_without_building_it() -> None:
    many = b",".join(b'{"i":%d}' % number for number in range(1_000_000))
    body = compact(issue_payload(4))[:-1] + b',"many":[' + many + b"]}"
    assert len(body) > 10 * LARGE_BYTES

    payload = read(body)

    assert "many" not in payload
    assert sort(body).sorted.targets == (Target(7, "o/r", 4),)


def test_a_form_is_read_too_since_it_is_githubs_default() -> None:
    from urllib.parse import urlencode

    body = urlencode({"payload": json.dumps(issue_payload(4))}).encode()

    assert sort(body, content_type="application/x-www-form-urlencoded").sorted.targets == (Target(7, "o/r", 4),)
    assert sort(b"x=1", content_type="application/x-www-form-urlencoded").sorted.state == "quarantined"


def test_a_change_of_all_labels_asks_for_the_whole_repository() -> None:
    payload = {"action": "edited", "label": {"name": "x"}, "repository": {"id": 7, "full_name": "o/r"}}

    assert sort(payload, "label").sorted.targets == (Target(7, "o/r", 0),)


@pytest.mark.parametrize(
    ("event", "payload", "kinds"),
    [
        ("installation", {"action": "deleted", "installation": {"id": 5}}, ["installation-deleted"]),
        ("installation", {"action": "suspend", "installation": {"id": 5}}, ["installation-suspended"]),
        ("installation", {"action": "unsuspend", "installation": {"id": 5}}, ["installation-active"]),
        (
            "installation_repositories",
            {
                "action": "removed",
                "installation": {"id": 5},
                "repositories_added": [],
                "repositories_removed": [{"id": 7, "full_name": "o/r"}, None, {"id": "x"}],
            },
            ["repo-gone"],
        ),
        ("repository", {"action": "archived", "repository": {"id": 7, "full_name": "o/r"}}, ["repo-gone"]),
        ("repository", {"action": "renamed", "repository": {"id": 7, "full_name": "o/s"}}, ["repo-renamed"]),
        ("repository", {"action": "publicized", "repository": {"id": 7, "full_name": "o/r"}}, []),
    ],
)
def test_h52_what_happens_to_installations_and_repositories_is_noticed(
    event: str, payload: dict[str, Any], kinds: list[str]
) -> None:
    assert [news.kind for news in sort(payload, event).news] == kinds


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
_KEYS = (
    "action",
    "issue",
    "repository",
    "sender",
    "installation",
    "label",
    "sub_issue",
    "parent_issue",
    "commits",
    "ref",
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.dictionaries(st.sampled_from(_KEYS), _JSON | st.just({"id": 7, "full_name": "o/r", "number": 1})),
    st.sampled_from(("issues", "issue_comment", "sub_issues", "label", "push", "installation", "repository", "opera")),
)
def test_no_payload_raises(payload: dict[str, Any], event: str) -> None:
    assert sort(payload, event).sorted.state in {"waiting", "ignored", "quarantined"}


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_unreadable(body: bytes) -> None:
    with contextlib.suppress(Unreadable):
        check_shape("issues", read(b"{" + body))


@pytest.mark.parametrize(
    ("names", "state"),
    [("all", "waiting"), ("O/R", "waiting"), ("o", "waiting"), ("x/y, o/r", "waiting"), ("o/other", "ignored"), ("oo", "ignored")],
)  # fmt: skip
def test_a_repository_that_was_not_chosen_is_recorded_as_ignored_with_the_reason(names: str, state: str) -> None:
    delivery = Unsorted(1, "d", "issues", "application/json", compact(issue_payload(4)))

    found = place(delivery, OWN, read_chosen(names)).sorted

    assert found.state == state
    assert found.reason == (NOT_CHOSEN if state == "ignored" else None)
    assert bool(found.targets) == (state == "waiting")


def test_a_repository_that_was_added_and_not_chosen_is_not_looked_at() -> None:
    payload = {
        "action": "added",
        "installation": {"id": 5, "account": {"login": "o"}},
        "repositories_added": [{"id": 7, "full_name": "o/r"}, {"id": 8, "full_name": "o/s"}],
        "repositories_removed": [],
    }
    delivery = Unsorted(1, "d", "installation_repositories", "application/json", compact(payload))

    assert [item.id for item in place(delivery, OWN, read_chosen("o/s")).news] == [8]
    assert [item.id for item in place(delivery, OWN, EVERYWHERE).news] == [7, 8]


@pytest.mark.parametrize("wrong", ["a/b/c", "a b", "https://github.com/a/b", "a/"])
def test_names_that_are_none_are_refused(wrong: str) -> None:
    with pytest.raises(ProblemError, match="repositories names"):
        read_chosen(f"o/r,{wrong}")
