"""Each documented refusal is told apart from the others."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tassist.github.faults import MAX_WAIT_S, Fault, Kind, classify
from tassist.github.links import next_page

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


def told(status: int, body: object = None, *, strikes: int = 0, **headers: str) -> Fault:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return classify(status, names, raw, doing="GET /x", now=NOW, strikes=strikes)


KINDS = {
    "primary, used up": (403, {"message": "API rate limit exceeded for installation ID 1."}, Kind.RATE_PRIMARY),
    "secondary": (403, {"message": "You have exceeded a secondary rate limit."}, Kind.RATE_SECONDARY),
    "secondary, old words": (403, {"message": "You have triggered an abuse detection mechanism."}, Kind.RATE_SECONDARY),
    "archived": (403, {"message": "Repository was archived so is read-only."}, Kind.ARCHIVED),
    "suspended": (403, {"message": "This installation has been suspended"}, Kind.SUSPENDED),
    "blocked": (403, {"message": "Repository access blocked"}, Kind.BLOCKED),
    "no permission": (403, {"message": "Resource not accessible by integration"}, Kind.PERMISSION),
    "no admin": (403, {"message": "Must have admin rights to Repository."}, Kind.PERMISSION),
    "IP allow list": (403, {"message": "the organization has an IP allow list enabled, and …"}, Kind.IP_ALLOW_LIST),
    "too many requests": (429, {"message": "Too many"}, Kind.RATE_SECONDARY),
    "legal": (451, {"message": "Repository access blocked"}, Kind.BLOCKED),
    "bad credentials": (401, {"message": "Bad credentials"}, Kind.UNAUTHORIZED),
    "not found": (404, {"message": "Not Found"}, Kind.NOT_FOUND),
    "issues off": (410, {"message": "Issues are disabled for this repo"}, Kind.GONE),
    "exists": (
        422,
        {"message": "Validation Failed", "errors": [{"resource": "Label", "code": "already_exists", "field": "name"}]},
        Kind.ALREADY_EXISTS,
    ),
    "issue not found": (422, {"message": "Issue not found"}, Kind.LAGGING),
    "issue not found, in errors": (422, {"message": "Validation Failed", "errors": ["Issue not found"]}, Kind.LAGGING),
    "too long": (
        422,
        {"message": "Validation Failed", "errors": [{"resource": "Label", "code": "invalid", "field": "name"}]},
        Kind.INVALID,
    ),
    "empty 422": (422, None, Kind.INVALID),
    "conflict": (409, {"message": "conflict"}, Kind.CONFLICT),
    "server": (502, b"<html>bad gateway</html>", Kind.SERVER),
    "teapot": (418, {}, Kind.OTHER),
    "bad request": (400, {"message": "Problems parsing JSON"}, Kind.OTHER),
    "redirect": (302, None, Kind.REDIRECT),
    "nothing readable": (403, b"\xff\xfe", Kind.PERMISSION),
    "a list": (403, [], Kind.PERMISSION),
}


@pytest.mark.parametrize("case", KINDS)
def test_h40_each_refusal_is_its_own_kind(case: str) -> None:
    status, body, kind = KINDS[case]

    fault = told(status, body)

    assert fault.kind == kind
    assert fault.problem().what
    assert f"→ {status}" in fault.problem().why


def test_h40_the_five_kinds_of_403_want_five_different_things() -> None:
    faults = [
        told(*KINDS[case][:2]) for case in ("primary, used up", "secondary", "archived", "suspended", "no permission")
    ]

    assert len({fault.problem().code for fault in faults}) == 5


def test_h40_used_up_counts_even_without_words() -> None:
    fault = told(403, {"message": "?"}, x_ratelimit_remaining="0", x_ratelimit_reset=str(EPOCH + 600))

    assert (fault.kind, fault.after_s) == (Kind.RATE_PRIMARY, 601)


@pytest.mark.parametrize(
    ("retry_after", "wait_s"),
    [
        ("120", 120),
        ("0", 1),
        ("-5", 60),
        (None, 60),
        ("soon", 60),
        ("1000000000", MAX_WAIT_S),
        ("9" * 4000, MAX_WAIT_S),
        ("٣", 60),
        ("Thu, 01 Jan 2026 12:02:00 GMT", 120),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 1),
        ("Thu, 99 Foo 9999 99:99:99 GMT", 60),
        ("", 60),
    ],
)
@pytest.mark.parametrize("status", [403, 429])
def test_h41_retry_after_is_obeyed_in_every_form_and_clamped(
    status: int, retry_after: str | None, wait_s: float
) -> None:
    headers = {} if retry_after is None else {"retry_after": retry_after}

    fault = told(status, {"message": "You have exceeded a secondary rate limit."}, strikes=0, **headers)

    assert (fault.kind, fault.after_s) == (Kind.RATE_SECONDARY, wait_s)


def test_h41_a_date_is_read_by_githubs_clock_not_ours() -> None:
    fault = told(429, {}, retry_after="Thu, 01 Jan 2026 15:00:30 GMT", date="Thu, 01 Jan 2026 15:00:00 GMT")

    assert fault.after_s == 30


def test_h41_without_a_hint_the_wait_doubles_with_each_strike() -> None:
    assert [told(429, {}, strikes=n).after_s for n in range(4)] == [60, 120, 240, 480]
    assert told(429, {}, strikes=100).after_s == MAX_WAIT_S


@pytest.mark.parametrize("reset", ["", "x", "-1", "9" * 30])
def test_h41_a_reset_that_is_none_is_a_minute(reset: str) -> None:
    assert told(403, {}, x_ratelimit_remaining="0", x_ratelimit_reset=reset).after_s == 60


def test_h39_the_field_github_names_is_named() -> None:
    fault = told(
        422,
        {
            "message": "Validation Failed",
            "errors": [{"resource": "Label", "field": "name", "code": "custom", "message": "name is too long"}],
        },
    )

    assert fault.fields == ("Label.name: name is too long",)
    assert "Label.name: name is too long" in fault.problem().why


def test_h77_a_token_in_githubs_own_words_is_not_repeated() -> None:
    token = "ghs_" + "a1B2" * 10
    fault = told(403, {"message": f"bad \x1b[2J {token}", "errors": [f"x {token}"]})

    assert token not in str(fault.problem())
    assert "\x1b" not in str(fault.problem())


@settings(max_examples=150, deadline=None)
@given(
    st.integers(300, 599),
    st.binary(max_size=80)
    | st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=5).map(
        lambda value: json.dumps({"message": value, "errors": value}).encode()
    ),
    st.dictionaries(
        st.sampled_from(["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset", "date"]), st.text(max_size=40)
    ),
)
def test_any_answer_is_told_apart_without_an_exception(status: int, body: bytes, headers: dict[str, str]) -> None:
    fault = classify(status, headers, body, doing="GET /x", now=NOW)

    assert fault.problem().what
    assert fault.after_s is None or 1 <= fault.after_s <= MAX_WAIT_S


@pytest.mark.parametrize(
    ("link", "page"),
    [
        ('<https://h/x?page=2>; rel="next", <https://h/x?page=9>; rel="last"', "https://h/x?page=2"),
        ('<https://h/x?page=1>; rel="prev", <https://h/x?page=3>; rel="next"', "https://h/x?page=3"),
        ("<https://h/x?cursor=v1_1>; rel=next", "https://h/x?cursor=v1_1"),
        ('<https://h/x?a=1,2>; title="a, b"; rel="next"', None),
        ('<https://h/x>; rel="first next"', "https://h/x"),
        ('<https://h/x>; rel="last"', None),
        ('<https://h/x>; rel="nextish"', None),
        ("", None),
        ("garbage <", None),
        ("<" * 30_000, None),
    ],
)
def test_the_next_page_is_read_from_link(link: str, page: str | None) -> None:
    assert next_page(link) == page
