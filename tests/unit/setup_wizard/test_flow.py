"""The installer's state machine: the same moves for every face, nothing lost on the way back, nothing done twice."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.problems import Problem, ProblemError
from setup_wizard import flow
from setup_wizard.answers import Answers
from setup_wizard.flow import Ask, Do, Done, Failed, Preview, Standing, State, Wait
from setup_wizard.known import Facts
from setup_wizard.outcome import Applied, Change, Found, Waiting
from setup_wizard.questions import QUESTION_BY_ID
from setup_wizard.steps import STAGES

FACTS = Facts(has_display=True, suffix="ab12")
CHANGE = Found(already=False, said="do it", changes=(Change("GitHub", "a thing"),))
SO = Found(already=True, said="it is so")


def started(answers: Answers | None = None, **more: object) -> State:
    return flow.begin(STAGES, QUESTION_BY_ID, answers or Answers(), FACTS, **more)  # type: ignore[arg-type]  # real arguments by name


def move(state: State) -> flow.Move:
    return flow.next_move(state)


def asked(state: State) -> Ask:
    found = move(state)
    assert isinstance(found, Ask), found
    return found


def all_answered(state: State, **said: str) -> State:
    while isinstance(found := move(state), Ask):
        state = flow.answered(state, found.question.id, said.get(found.question.id, ""))
    return state


def checked_all(state: State, found: Found = CHANGE) -> State:
    while isinstance(here := move(state), Do) and here.part == "check":
        state = flow.checked(state, here.step.id, found)
    return state


def looked_through(state: State, found: Found) -> State:
    """Every question answered with its default and every step looked at, stage after stage."""
    while True:
        after = checked_all(all_answered(state), found)
        if after == state:
            return state
        state = after


def finished(state: State) -> State:
    """Through everything, with every step to be done."""
    while not isinstance(here := move(state), Done):
        if isinstance(here, Ask):
            state = flow.answered(state, here.question.id, "")
        elif isinstance(here, Preview):
            state = flow.agreed(state, here.stage_id)
        elif isinstance(here, Do) and here.part == "check":
            state = flow.checked(state, here.step.id, CHANGE)
        elif isinstance(here, Do) and here.part == "apply":
            state = flow.applied(state, here.step.id, Applied("did it", {here.step.id: "x"}))
        else:
            assert isinstance(here, Do)
            state = flow.verified(state, here.step.id)
    return state


def test_the_questions_come_in_order_with_their_place() -> None:
    state = started()
    seen = []
    while isinstance(found := move(state), Ask):
        seen.append((found.question.id, found.number, found.stage))
        state = flow.answered(state, found.question.id, "")

    assert [question_id for question_id, _, _ in seen] == [
        "app",
        "github",
        "account",
        "app_name",
        "webhook",
        "create_with",
        "keep_secrets_in",
    ]
    assert [number for _, number, _ in seen] == list(range(1, 8))
    assert {stage for _, _, stage in seen} == {"GitHub App"}


def test_a_question_that_is_asked_again_has_the_number_it_had() -> None:
    state = started(Answers({"flag": {"github": "https://ghe.example", "account": "me"}}))
    state = flow.answered(state, "app", "")
    assert (asked(state).question.id, asked(state).number) == ("app_name", 2)
    state = checked_all(all_answered(state))

    state = flow.reopened(state, "app_name", (Problem("app-name-taken", "taken"),))

    assert (asked(state).question.id, asked(state).number) == ("app_name", 2)


def test_a_wrong_answer_comes_back_with_what_is_wrong_and_what_was_typed() -> None:
    state = started()
    state = flow.answered(state, "app", "")
    with pytest.raises(ProblemError) as raised:
        flow.answered(state, "github", "http://169.254.169.254")
    state = flow.refused(state, "github", "http://169.254.169.254", raised.value.problems)

    again = asked(state)

    assert (again.value, again.problems) == ("http://169.254.169.254", raised.value.problems)
    assert asked(flow.answered(state, "github", "")).problems == ()


def test_a_secret_that_was_refused_is_not_kept() -> None:
    state = all_answered(started(), app="import", bundle="env:B", passphrase="y")
    state = flow.gone_back(flow.gone_back(flow.gone_back(state)))
    state = flow.refused(state, "bundle", "canary", (Problem("x", "no"),))

    assert "bundle" not in state.drafts
    assert "canary" not in repr(state)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(["back", "on"]), max_size=40))
def test_going_back_never_loses_what_was_typed(steps: list[str]) -> None:
    state, typed = started(), {"app_name": "Tidy of mine", "github": "https://ghe.example"}
    for step in steps:
        found = move(state)
        if step == "back":
            state = flow.gone_back(state)
        elif isinstance(found, Ask):
            wanted = typed.get(found.question.id, "")
            if found.question.id in state.drafts and wanted:
                assert found.value == wanted
            state = flow.answered(state, found.question.id, wanted)

    done = flow.known(all_answered(state, **typed)).answers

    assert (done["app_name"], done["github"]) == ("Tidy of mine", "https://ghe.example")


def test_the_first_question_has_nothing_before_it() -> None:
    state = started()

    assert flow.gone_back(state) == state
    assert not asked(state).can_go_back
    assert asked(flow.answered(state, "app", "")).can_go_back


def test_every_change_is_shown_before_the_first_is_made() -> None:
    state = checked_all(all_answered(started()))

    preview = move(state)

    assert isinstance(preview, Preview)
    assert [planned.id for planned in preview.planned] == ["app", "secrets", "webhook", "installation"]
    state = flow.agreed(state, "app")
    here = move(state)
    assert isinstance(here, Do)
    assert (here.step.id, here.part) == ("app", "apply")


def test_what_is_so_already_is_not_done() -> None:
    done = move(looked_through(started(), SO))

    assert isinstance(done, Done)
    assert done.changed == ()
    assert {mark.standing for mark in done.rail} == {Standing.ALREADY}


def test_nothing_to_show_is_not_shown() -> None:
    state = checked_all(all_answered(started()), Found(already=False, said="look"))

    assert isinstance(move(state), Do)


def test_a_step_to_be_done_again_is_done_although_it_is_so() -> None:
    earlier = finished(started()).answers.by_source["typed"]
    state = started(Answers({"earlier": earlier}), redo=frozenset({"secrets"}))

    assert asked(state).question.id == "keep_secrets_in"
    state = checked_all(all_answered(state), Found(already=True, said="so", changes=(Change("a", "b"),)))
    preview = move(state)
    assert isinstance(preview, Preview)
    assert [planned.id for planned in preview.planned] == ["secrets"]
    with pytest.raises(ProblemError, match="there is no step"):
        started(redo=frozenset({"nothing"}))


def test_a_wait_goes_on_after_a_wrong_paste_and_ends_with_the_right_one() -> None:
    state = flow.agreed(checked_all(all_answered(started())), "app")
    state = flow.applied(state, "app", Waiting("you to click", "http://x"))
    assert isinstance(move(state), Wait)
    state = flow.paste_refused(state, "app", (Problem("x", "no code"),))
    here = move(state)
    assert isinstance(here, Wait)
    assert here.problems[0].what == "no code"

    state = flow.applied(state, "app", Applied("done", {"slug": "tidy"}))

    here = move(state)
    assert isinstance(here, Do)
    assert (here.step.id, here.part, here.known.learned) == ("app", "verify", {"slug": "tidy"})


def test_a_failure_is_decided_by_the_person_and_the_world_is_looked_at_again() -> None:
    state = flow.agreed(checked_all(all_answered(started())), "app")
    state = flow.failed(state, "app", "apply", (Problem("x", "no network"),))
    here = move(state)
    assert isinstance(here, Failed)
    assert (here.part, here.problems[0].what) == ("apply", "no network")

    here = move(flow.again(state, "app"))

    assert isinstance(here, Do)
    assert here.part == "check"
    assert isinstance(move(flow.gone_back(state)), Ask)


def test_an_answer_the_world_refuses_is_asked_again_and_kept() -> None:
    state = checked_all(all_answered(started(), app_name="Tidy"))
    state = flow.reopened(state, "app_name", (Problem("app-name-taken", "taken"),))

    again = asked(state)

    assert (again.question.id, again.value, again.problems[0].what) == ("app_name", "Tidy", "taken")
    state = flow.reopened(started(), "bundle", (Problem("x", "no"),))
    assert "bundle" not in state.drafts


def test_what_is_done_stays_done_when_somebody_goes_back() -> None:
    state = flow.agreed(checked_all(all_answered(started())), "app")
    state = flow.verified(flow.applied(state, "app", Applied("done")), "app")

    state = flow.gone_back(state)

    assert state.steps["app"].standing == Standing.DONE
    assert asked(state).question.id == "keep_secrets_in"
    assert flow.gone_back(finished(started())).answers.by_source["typed"]["github"]


def test_a_dry_run_shows_everything_and_does_nothing() -> None:
    state = checked_all(all_answered(started(dry=True)))
    preview = move(state)
    assert isinstance(preview, Preview)
    assert preview.dry
    while isinstance(preview := move(state), Preview):
        state = looked_through(flow.agreed(state, preview.stage_id), CHANGE)

    done = move(state)

    assert isinstance(done, Done)
    assert done.changed == ()


def test_without_anybody_defaults_are_taken_and_what_is_missing_is_listed() -> None:
    state = started(Answers({"flag": {"app": "existing"}}), interactive=False)

    assert [question.id for question, _ in flow.missing(state)] == ["app_id", "private_key_file"]
    assert flow.wrong(state) == ()
    assert isinstance(move(started(interactive=False)), Do)


def test_wrong_words_are_all_said_under_the_name_they_came_by() -> None:
    said = Answers(
        {"flag": {"github": "http://169.254.169.254"}, "variable": {"app": "maybe"}, "file": {"webhook": "pigeon"}}
    )

    problems = flow.wrong(started(said, interactive=False))

    assert [problem.what.split(":")[0] for problem in problems] == ["TASSIST_SETUP_APP", "--github", "webhook"]
    assert [question.id for question, faults in flow.missing(started(said, interactive=False)) if faults] == [
        "app",
        "github",
        "webhook",
    ]


def test_a_file_may_leave_a_question_to_a_person() -> None:
    said = Answers({"file": {"webhook": "url", "webhook_url": "x.example"}}, frozenset({"webhook_url"}))
    state = started(said, interactive=False)

    ask = asked(state)

    assert (ask.question.id, ask.value) == ("webhook_url", "x.example")
    assert flow.missing(state) == ()
    assert isinstance(move(flow.answered(state, "webhook_url", "y.example")), Do)


def test_what_earlier_sittings_said_is_not_asked_again_and_going_back_leads_to_it() -> None:
    said = Answers({"earlier": {"app": "existing", "github": "https://ghe.example"}, "flag": {"app": "new"}})
    state = started(said)

    ask = asked(state)
    assert (ask.question.id, ask.number, ask.can_go_back) == ("account", 2, True)
    assert state.answers.find("webhook") is None
    back = asked(flow.gone_back(state))
    assert (back.question.id, back.value, back.can_go_back) == ("github", "https://ghe.example", False)
    changed = flow.answered(flow.gone_back(state), "github", "https://other.example")
    assert asked(changed).question.id == "account"
    assert flow.known(changed).answer("github") == "https://other.example"


def test_what_is_to_be_asked_again_is_asked_although_an_earlier_sitting_answered_it() -> None:
    earlier = {"app": "new", "github": "https://ghe.example"}

    assert asked(started(Answers({"earlier": earlier}, frozenset({"github"})))).question.id == "github"
    assert asked(started(Answers({"earlier": earlier}), redo=frozenset({"app"}))).question.id == "app"


def test_an_earlier_answer_that_is_not_good_any_more_is_asked_with_what_is_wrong() -> None:
    ask = asked(flow.answered(started(Answers({"earlier": {"github": "ftp://x"}})), "app", ""))

    assert ask.question.id == "github"
    assert ask.problems


def test_the_rail_says_whose_turn_it_is() -> None:
    ask = asked(started())

    assert [mark.id for mark in ask.rail if mark.now] == ["app"]
    assert [mark.title for mark in ask.rail] == [
        "App", "Secrets", "Webhook", "Installation", "Repositories", "Telemetry", "Labels", "First files", "Delivery", "Health",
    ]  # fmt: skip
    assert all(change for change in finished(started()).steps)


def after_the_app(**learned: str) -> State:
    """With the App's own stage done."""
    state = started(learned={"app_id": "7", "repositories": "acme/app\nacme/api\nocto/web", **learned})
    while not (isinstance(here := move(state), Ask) and here.question.id == "repositories"):
        state = finished_move(state)
    return state


def finished_move(state: State) -> State:
    here = move(state)
    if isinstance(here, Ask):
        return flow.answered(state, here.question.id, "")
    assert isinstance(here, Do)
    return flow.checked(state, here.step.id, SO)


def test_a_choice_that_a_step_refused_is_asked_again_with_all_that_goes_with_it_and_nothing_is_lost() -> None:
    state = after_the_app()
    state = flow.answered(state, "repositories", "acme, octo/web")
    state = flow.answered(state, "telemetry", "github,otlp")
    state = flow.answered(state, "telemetry_repository", "acme/nothing")
    state = flow.answered(state, "telemetry_collector", "https://c.example/v1/logs")
    state = flow.answered(state, "telemetry_authorization", "Bearer canary")
    state = checked_all(state)
    refused = (Problem("sink-broken", "it did not take the record"),)

    state = flow.reopened(state, "telemetry", refused)

    first = asked(state)
    assert (first.question.id, first.problems, first.value) == ("telemetry", refused, "github,otlp")
    assert flow.known(state).answer("repositories") == "acme,octo/web"
    state = flow.answered(state, "telemetry", "github")
    second = asked(state)
    assert (second.question.id, second.value) == ("telemetry_repository", "acme/nothing")
    state = flow.answered(state, "telemetry_repository", "acme/telemetry")
    assert move(state).step.id == "repositories"  # type: ignore[union-attr]  # a Do
    assert "canary" not in repr(state)


def test_a_question_of_a_stage_that_is_over_opens_that_stage_again() -> None:
    state = after_the_app()
    state = checked_all(all_answered(state), SO)
    state = flow.answered(state, "scaffold", "pull-request")
    state = flow.answered(state, "scaffold_repository", "acme/app")
    state = checked_all(state, Found(already=True, learned={"labels": "bug", "milestones": ""}))
    assert asked(state).question.id == "scaffold_tracks"

    state = flow.reopened(state, "scaffold", (Problem("scaffold-permission", "not allowed"),))

    assert asked(state).question.id == "scaffold"
    state = flow.answered(state, "scaffold", "no")
    assert move(state).step.id == "labels"  # type: ignore[union-attr]  # a Do: looked at again
