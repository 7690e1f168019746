"""The words of every decision, as a person reads them; `make docs` writes them down anew, and the diff is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config.types import Config
from engine.decide import decide, effects_of, missing_facts
from engine.draft import FactMissing
from tassist.contract.case import Case
from tassist.contract.check import parsed
from tassist.contract.library import cases
from tests.support.decisions import by_id, decisions_in_words

GOLDEN = by_id((Path(__file__).parents[1] / "golden" / "decisions.txt").read_text())


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_a_case_is_decided_in_these_words(case: Case) -> None:
    assert decisions_in_words(case) == GOLDEN[case.id]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_effects_without_their_reasons_are_the_same_effects(case: Case) -> None:
    given, config = case.given, parsed(case.given.config)
    if not isinstance(config, Config):
        return
    arguments = (given.trigger, given.issue, given.repo, config, given.now)
    missing = missing_facts(*arguments)
    if missing:
        with pytest.raises(FactMissing, match="cannot be decided without") as again:
            effects_of(*arguments)
        assert again.value.fact == missing[0]
    else:
        assert effects_of(*arguments) == decide(*arguments).effects
