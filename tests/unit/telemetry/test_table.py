"""CSV for spreadsheets: complete, and never a formula."""

from __future__ import annotations

import csv
import io

import pytest

from tassist.telemetry.record import run_record
from tassist.telemetry.table import COLUMNS, csv_lines, formula_safe
from tests.support.records import full_result, full_trigger, line
from tests.unit.telemetry.test_record import every_other_record


def rows(*lines: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(csv_lines(lines)), newline="")))


def test_a_run_is_a_row() -> None:
    header, row = rows(run_record(full_result(), trigger=full_trigger(), run_id="r"))
    cells = dict(zip(header, row, strict=True))

    assert header == list(COLUMNS)
    assert cells["changes_made"] == "labels: track/b → none; labels: track/ü → none"
    assert (cells["repo"], cells["issue_number"], cells["outcome"]) == ("acme/orbit", "42", "partial")
    assert cells["labels"] == '["track/a","phase-1"]'


def test_every_type_of_record_is_a_row() -> None:
    assert len(rows(*every_other_record().values())) == len(every_other_record()) + 1


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://evil","x")',
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\u00a0=1",
        "\ufeff=1",
        "\u200b=1",
        "＝1",
        "|x",
        "%0A=1",
    ],
)
def test_h72_no_cell_is_a_formula(text: str) -> None:
    (cell,) = rows(line(1, reason=text))[1][5:6]

    assert cell.strip()[0] not in "=+-@|%＝\t\r\n", "an apostrophe or a control picture stands before it"


def test_h72_quotes_separators_and_line_ends_stay_in_their_cell() -> None:
    found = rows(line(1, reason='a","b\r\n=1+1;\x1b[2J'))

    assert len(found) == 2
    assert len(found[1]) == len(COLUMNS)
    assert "\x1b" not in found[1][5]


def test_text_that_is_none_is_left_alone() -> None:
    assert [formula_safe(value) for value in ("plain", None, 3, "a=b")] == ["plain", "", "3", "a=b"]
