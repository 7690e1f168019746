"""The words of every decision, as a person reads them; `make docs` writes them down anew, and the diff is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tassist.contract.case import Case
from tassist.contract.library import cases
from tests.support.decisions import by_id, decisions_in_words

GOLDEN = by_id((Path(__file__).parents[1] / "golden" / "decisions.txt").read_text())


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_a_case_is_decided_in_these_words(case: Case) -> None:
    assert decisions_in_words(case) == GOLDEN[case.id]
