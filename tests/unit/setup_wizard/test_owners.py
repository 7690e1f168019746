"""What cannot belong together by its names alone is said before an App is made for it."""

from __future__ import annotations

import pytest

from engine.problems import ProblemError
from setup_wizard import flow
from setup_wizard.answers import Answers, Source
from setup_wizard.flow import Ask, State
from setup_wizard.known import Facts
from setup_wizard.questions import QUESTION_BY_ID
from setup_wizard.steps import STAGES

ACME = {"app": "new", "account": "organization", "organization": "acme", "app_name": "Tidy", "webhook": "poll"}
MINE = {"app": "new", "account": "me"}
HALF = {"app": "new", "github": "https://github.com", "account": "organization", "repositories": "acme/app"}


def started(said: dict[str, str], source: Source = "flag", **learned: str) -> State:
    return flow.begin(STAGES, QUESTION_BY_ID, Answers().adding(source, said), Facts(), learned=learned)


def faults(state: State) -> list[str]:
    return [problem.code for problem in flow.wrong(state)]


@pytest.mark.parametrize("source", ["flag", "variable", "file"])
@pytest.mark.parametrize(
    "said",
    [
        {"repositories": "acme/app,octo/web"},
        {"repositories": "octo"},
        {"repositories": "all", "telemetry": "github", "telemetry_repository": "octo/records"},
        {"repositories": "all", "scaffold": "pull-request", "scaffold_repository": "octo/web"},
    ],
)
def test_what_belongs_to_another_account_is_refused_before_the_first_question(
    source: Source, said: dict[str, str]
) -> None:
    assert faults(started({**ACME, **said}, source)) == ["owner-other"]


@pytest.mark.parametrize(
    "said",
    [
        {**ACME, "repositories": "Acme/app,acme"},
        {**ACME, "repositories": "all"},
        {**MINE, "repositories": "ann/app,ann/web"},
        {"app": "existing", "app_id": "7", "repositories": "acme/app,octo/web"},
    ],
)
def test_what_may_belong_together_is_not_refused(said: dict[str, str]) -> None:
    assert faults(started(said)) == []


def test_two_accounts_are_never_one_app_of_ones_own() -> None:
    (problem,) = flow.wrong(started({**MINE, "repositories": "acme/app,octo/web"}))

    assert problem.code == "owners-several"
    assert problem.what == "--repositories: acme/app and octo/web do not belong to one account"


def test_an_app_that_exists_says_itself_where_it_is_installed() -> None:
    assert faults(started({**ACME, "repositories": "octo/web"}, app_id="7")) == []


def test_an_answer_at_the_prompt_that_a_flag_contradicts_is_refused_at_once() -> None:
    state = started(HALF)
    move = flow.next_move(state)
    assert isinstance(move, Ask)
    assert move.question.id == "organization"

    with pytest.raises(ProblemError) as raised:
        flow.answered(state, "organization", "octo")

    (problem,) = raised.value.problems
    assert problem.what == "--repositories: acme/app does not belong to octo, who is to own the App"
    assert problem.fix == "name what belongs to octo, or answer organization with acme"
    taken = flow.answered(state, "organization", "acme")
    assert flow.known(taken).answer("organization") == "acme"


def test_what_an_earlier_start_said_does_not_stand_against_another_account() -> None:
    state = started(HALF, "earlier")

    assert flow.known(flow.answered(state, "organization", "octo")).answer("organization") == "octo"
