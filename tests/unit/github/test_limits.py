"""The documented limits are kept for each installation, and time is an argument."""

from __future__ import annotations

from tassist.github.faults import Fault, Kind
from tassist.github.limits import Limits, Pace
from tassist.github.revalidation import Kept, Revalidation


def spend(pace: Pace, scope: str, writes: int, *, write: bool = True) -> float:
    """Send as fast as allowed; the moment of the last one, in seconds from 0."""
    now = 0.0
    for _ in range(writes):
        now += pace.wait_s(scope, now, write=write)
        pace.sent(scope, now, write=write)
    return now


def test_writes_keep_a_second_between_them_and_reads_do_not() -> None:
    assert spend(Pace(), "a", 60) == 59
    assert spend(Pace(), "a", 60, write=False) == 0


def test_one_installation_does_not_wait_for_another() -> None:
    pace = Pace()
    pace.sent("a", 0, write=True)

    assert pace.wait_s("a", 0, write=True) == 1
    assert pace.wait_s("b", 0, write=True) == 0


def test_no_minute_has_more_than_900_points_and_no_hour_more_than_500_writes() -> None:
    pace = Pace()
    sent: list[tuple[float, int]] = []
    now = 0.0
    for n in range(3000):
        write = n % 4 == 0
        now += pace.wait_s("a", now, write=write)
        pace.sent("a", now, write=write)
        sent.append((now, 5 if write else 1))

    for start, _ in sent[::20]:
        assert sum(points for moment, points in sent if start <= moment < start + 60) <= 900
        assert sum(points == 5 for moment, points in sent if start <= moment < start + 3600) <= 500


def test_h41_nothing_goes_to_an_installation_that_is_to_be_left_alone() -> None:
    pace = Pace()
    fault = Fault(Kind.RATE_SECONDARY, 429, "GET /x", after_s=120)

    pace.answered("a", 10, {}, fault)

    assert pace.wait_s("a", 10, write=False) == 120
    assert pace.held("a", 100) == (30, fault)
    assert pace.held("a", 130) is None
    assert pace.wait_s("b", 10, write=True) == 0


def test_h41_a_shorter_hold_does_not_shorten_a_longer_one() -> None:
    pace = Pace()
    pace.answered("a", 0, {}, Fault(Kind.RATE_PRIMARY, 403, "GET /x", after_s=600))
    pace.answered("a", 0, {}, Fault(Kind.RATE_SECONDARY, 429, "GET /x", after_s=1))

    assert pace.wait_s("a", 0, write=False) == 600


def test_strikes_are_forgotten_with_the_first_success() -> None:
    pace = Pace()
    for _ in range(3):
        pace.answered("a", 0, {}, Fault(Kind.RATE_SECONDARY, 429, "GET /x", after_s=1))
    assert pace.strikes("a") == 3

    pace.answered("a", 0, {"x-ratelimit-remaining": "12"}, None)

    assert (pace.strikes("a"), pace.remaining("a")) == (0, 12)


def test_the_accounts_are_bounded() -> None:
    pace = Pace(Limits())
    for n in range(10_100):
        pace.sent(str(n), 0, write=True)

    assert pace.wait_s("0", 0, write=True) == 0, "the oldest is forgotten"
    assert pace.wait_s("10099", 0, write=True) == 1


def test_kept_answers_are_bounded_and_the_least_used_goes_first() -> None:
    kept = Revalidation(max_bytes=10_000)
    for n in range(8):
        kept.keep("s", f"u{n}", "j", Kept(f"e{n}", b"x" * 1000))
        _ = kept.get("s", "u0", "j")

    assert kept.size_bytes <= 10_000
    assert kept.get("s", "u0", "j") == Kept("e0", b"x" * 1000)
    assert kept.get("s", "u1", "j") is None
    assert kept.get("other", "u0", "j") is None, "an answer belongs to who received it"


def test_what_has_no_etag_or_is_too_large_is_not_kept() -> None:
    kept = Revalidation(max_bytes=10_000)
    kept.keep("s", "u", "j", Kept("e", b"old"))
    kept.keep("s", "u", "j", Kept("", b"new"))
    assert kept.get("s", "u", "j") is None

    kept.keep("s", "u", "j", Kept("e", b"x" * 20_000))
    assert (kept.get("s", "u", "j"), kept.size_bytes) == (None, 0)
