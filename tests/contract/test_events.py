"""What each event asks for, and that the list is GitHub's whole list."""

from __future__ import annotations

from dataclasses import replace
from typing import cast, get_args

import pytest

from engine.triggers import Scope, everything_published
from tassist.contract.events import EventCase, events, verify_event

CASES = events().cases


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_an_event_asks_for_what_the_contract_says(case: EventCase) -> None:
    assert verify_event(case) == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_an_event_case_fails_when_its_expectation_is_wrong(case: EventCase) -> None:
    for scope in get_args(Scope):
        if scope != case.scope:
            assert verify_event(replace(case, scope=cast("Scope", scope))), scope
    if case.payload is not None:
        assert verify_event(replace(case, issues=(*(case.issues or ()), 999)))


def test_the_table_lists_exactly_what_github_publishes() -> None:
    listed = [(case.event, case.action) for case in CASES if not case.name]
    assert sorted(listed) == sorted((found.event, found.action) for found in everything_published())
    assert len(listed) >= 270


def test_every_scope_of_the_engine_has_words() -> None:
    assert set(events().scopes) == set(get_args(Scope))
