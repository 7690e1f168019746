"""Verification names the exact line of every fault."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tassist.telemetry import chain
from tassist.telemetry.sinks.jsonl import JsonlSink
from tassist.telemetry.verify import Report, verify
from tests.integration.telemetry.conformance import entries, records
from tests.support.records import line

ONE = ("acme/orbit",)


def keep(root: Path, lines: list[bytes], *, max_bytes: int = 2**26) -> Path:
    """Through the sink; answers the first file."""
    JsonlSink(root, max_bytes=max_bytes).write(entries(lines))
    return root / "v1/repos/acme/orbit/2026-03-01.jsonl"


def found(report: Report) -> list[tuple[int, str]]:
    return [(fault.line, fault.code) for fault in report.faults]


def change(raw: bytes, **fields: object) -> bytes:
    return json.dumps({**json.loads(raw), **fields}).encode()


def test_what_the_sink_wrote_has_no_fault(tmp_path: Path) -> None:
    keep(tmp_path, records(300), max_bytes=20_000)

    report = verify([tmp_path])

    assert (report.records, report.chained, report.faults, report.fault_count) == (300, 300, [], 0)
    assert report.files > 4


FAULTS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "not JSON": (lambda raw: raw[:-5], "not-json"),
    "two fused records": (lambda raw: raw[:100] + raw, "not-json"),
    "an empty line": (lambda _: b"", "not-json"),
    "not UTF-8": (lambda raw: raw.replace(b"acme", b"\xff\xfe", 1), "not-utf8"),
    "a list": (lambda _: b"[1]", "not-in-schema"),
    "a missing field": (lambda raw: raw.replace(b'"outcome"', b'"result"', 1), "not-in-schema"),
    "a wrong type": (lambda raw: change(raw, issue_number="42"), "not-in-schema"),
    "an unknown event type": (lambda raw: change(raw, event_type="x"), "not-in-schema"),
    "a reason on success": (lambda raw: change(raw, reason="well"), "not-in-schema"),
    "a failure without one": (lambda raw: change(raw, outcome="failed"), "not-in-schema"),
    "a run without a trigger": (lambda raw: change(raw, trigger=None), "not-in-schema"),
    "a day that is none": (lambda raw: change(raw, timestamp="2026-02-30T00:00:00Z"), "not-in-schema"),
    "a newer major version": (lambda raw: change(raw, schema_version="2.0"), "newer-major"),
    "another repository": (lambda raw: change(raw, repo="evil/orbit"), "misplaced"),
    "another day": (lambda raw: change(raw, timestamp="2026-03-02T00:00:00Z"), "misplaced"),
    "a token": (lambda raw: change(raw, note="ghp_" + "a1" * 18), "secret"),
}


@pytest.mark.parametrize(("spoil", "code"), FAULTS.values(), ids=list(FAULTS))
def test_every_fault_is_found_at_its_line(tmp_path: Path, spoil: Callable[[bytes], bytes], code: str) -> None:
    lines = records(9, repos=ONE)
    file = keep(tmp_path, lines)
    lines[4] = spoil(lines[4])
    file.write_bytes(b"\n".join(lines) + b"\n")

    assert (5, code) in found(verify([file]))
    assert (5, "edited") in found(verify([file]))
    assert {number for number, _ in found(verify([file]))} == {5}


def test_a_message_names_the_field(tmp_path: Path) -> None:
    file = tmp_path / "some.jsonl"
    file.write_bytes(change(line(1), issue_number="42") + b"\n")

    (fault,) = verify([file]).faults

    assert "$.issue_number" in fault.what


def test_h28_a_torn_last_line_is_a_fault(tmp_path: Path) -> None:
    file = keep(tmp_path, records(3, repos=ONE))
    file.write_bytes(file.read_bytes() + line(4)[:50])

    assert (4, "torn") in found(verify([tmp_path]))


def test_a_record_that_stands_twice_is_found_over_the_parts_of_a_repository(tmp_path: Path) -> None:
    file = keep(tmp_path, records(3, repos=ONE))
    other = file.with_name("2026-03-01.001.jsonl")
    other.write_bytes(file.read_bytes().split(b"\n")[1] + b"\n")

    report = verify([tmp_path])

    (twice,) = [fault for fault in report.faults if fault.code == "twice"]
    assert (Path(twice.file).name, twice.line) == ("2026-03-01.001.jsonl", 1)
    assert "2026-03-01.jsonl, line 2" in twice.what


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda ls: ls[:3] + ls[4:], [(4, "gap")]),
        (lambda ls: ls[:3] + ls[8:], [(4, "gap")]),
        (lambda ls: ls[1:], [(1, "gap")]),
        (lambda ls: ls[:-2], [(0, "cut-short")]),
        (lambda ls: [*ls[:5], line(99), *ls[5:]], [(6, "put-in")]),
        (lambda ls: [line(99), *ls], [(1, "put-in")]),
        (lambda ls: [*ls, line(99)], [(13, "not-chained")]),
        (lambda ls: [*ls[:5], line(99), *ls[6:]], [(6, "edited")]),
        (lambda ls: [*ls[:2], line(98), line(99), *ls[4:9], line(97), *ls[10:]], [(3, "edited"), (4, "edited"), (10, "edited")]),
        (lambda ls: [*ls[:-1], line(99)], [(12, "edited")]),
        (lambda ls: [*ls[:4], line(99), *ls[7:]], [(5, "edited"), (6, "gap")]),
        (lambda ls: [ls[1], ls[0], *ls[2:]], [(1, "gap"), (2, "put-in")]),
    ],
    ids=["one out", "five out", "first out", "end off", "one in", "one in front", "one behind", "one edited",
         "three edited", "last edited", "edited and out", "swapped"],
)  # fmt: skip
def test_the_chain_shows_edits_insertions_and_gaps(
    tmp_path: Path, edit: Callable[[list[bytes]], list[bytes]], expected: list[tuple[int, str]]
) -> None:
    lines = [line(number) for number in range(1, 13)]
    file = keep(tmp_path, lines)
    file.write_bytes(b"\n".join(edit(lines)) + b"\n")

    assert found(verify([tmp_path])) == expected


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_no_byte_can_be_changed_unseen(tmp_path: Path, at: int, flip: int) -> None:
    file = tmp_path / "v1/repos/acme/orbit/2026-03-01.jsonl"
    if not file.exists():
        keep(tmp_path, records(12, repos=ONE))
    good = file.read_bytes()
    spoiled = bytearray(good)
    spoiled[at % len(good)] ^= flip
    try:
        file.write_bytes(spoiled)
        assert verify([tmp_path]).fault_count + verify([tmp_path]).note_count > 0
    finally:
        file.write_bytes(good)


def test_a_file_that_was_removed_or_cut_is_named_by_the_next(tmp_path: Path) -> None:
    first = keep(tmp_path, [line(1), line(2), line(3)])
    JsonlSink(tmp_path).write(entries(records(1, start=300, repos=ONE)))
    side = chain.chain_path(first)
    whole, chained = first.read_bytes(), side.read_bytes()

    first.write_bytes(b"\n".join(whole.split(b"\n")[:2]) + b"\n")
    side.write_bytes(chained[: len(chained) - chain.WIDTH])
    assert [(fault.code, Path(fault.file).name) for fault in verify([tmp_path]).faults] == [
        ("cut-short", "2026-03-01.jsonl")
    ]

    first.unlink()
    side.unlink()
    assert [fault.code for fault in verify([tmp_path]).faults] == ["file-missing"]


def test_a_file_whose_chain_alone_remains_is_missing(tmp_path: Path) -> None:
    keep(tmp_path, [line(1)]).unlink()

    assert [fault.code for fault in verify([tmp_path]).faults] == ["file-missing"]


def test_a_broken_chain_is_a_fault_of_the_chain(tmp_path: Path) -> None:
    side = chain.chain_path(keep(tmp_path, [line(1)]))
    for text in (b"nonsense\n", b'{"chain":1,"prev":null}\n' + b"z" * 66 + b"\n", b'{"chain":1'):
        side.write_bytes(text)
        assert [fault.code for fault in verify([tmp_path]).faults] == ["chain-broken"]


def test_records_of_a_newer_minor_version_have_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_bytes(change(line(1), schema_version="1.9", tomorrow={"a": [1]}) + b"\n")

    assert verify([file]).fault_count == 0


def test_faults_are_told_as_they_are_found_and_counted_beyond_those_kept(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_bytes(b"{\n" * 1500)
    told: list[int] = []

    report = verify([file], tell=lambda fault: told.append(fault.line))

    assert told == list(range(1, 1501))
    assert (len(report.faults), report.fault_count, report.by_code) == (1000, 1500, {"not-json": 1500})


def test_a_file_rewritten_from_end_to_end_does_not_take_for_ever(tmp_path: Path) -> None:
    file = keep(tmp_path, [line(number) for number in range(1, 3001)])
    file.write_bytes(b"".join(line(number, reason="other") + b"\n" for number in range(1, 3001)))

    report = verify([tmp_path])

    assert report.by_code == {"edited": 3000}
