"""A question is the same thing in five forms: flag, variable, key of the answers file, prompt, form field."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from setup_wizard import answers, flow
from setup_wizard.answers import Answers
from setup_wizard.journal import Entry
from setup_wizard.known import Facts
from setup_wizard.questions import QUESTION_BY_ID, QUESTIONS
from setup_wizard.schema import answers_schema
from setup_wizard.steps import STAGES
from tassist.cli import setup as command
from tassist.clock import SystemClock
from tassist.config import settings
from tassist.services.setup import sitting
from tassist.services.setup.wishes import Wishes

IDS = [question.id for question in QUESTIONS]


def test_each_question_has_each_form_and_no_form_has_more() -> None:
    ours = {"home", "answers_file", "plain", "dry", "redo", "yes", "wait_s", "save_answers", "as_json"}
    options = {option.name: option for option in command.command.params if isinstance(option, click.Option)}

    assert set(options) - ours == set(IDS)
    for question in QUESTIONS:
        assert options[question.id].opts == [question.flag]
        assert question.env in (options[question.id].help or "")
    assert set(answers_schema(QUESTIONS)["properties"]) - {"version", "ask"} == set(IDS)
    assert {question_id for stage in STAGES for question_id in stage.questions} == set(IDS)
    assert len(set(IDS)) == len(IDS) == len(QUESTION_BY_ID)


def test_each_question_is_asked_in_one_stage_and_belongs_to_a_step_that_asks_it_again() -> None:
    for stage in STAGES:
        asked_by_steps = {question_id for step in stage.steps for question_id in step.questions}
        assert asked_by_steps == set(stage.questions)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)
def test_each_question_says_why_it_is_asked_and_where_the_answer_is_found(question: object) -> None:
    asked = QUESTION_BY_ID[question.id]  # type: ignore[attr-defined]  # parametrised with questions

    assert asked.text.endswith("?")
    assert asked.why.endswith(".")
    assert asked.help.endswith(".")
    assert asked.choices or asked.choices_from or asked.example or asked.kind == "yes-no"


@pytest.mark.parametrize("form", ["flag", "variable", "file", "prompt"])
def test_an_answer_means_the_same_in_every_form(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {
        "github": '"https://ghe.acme.example/settings/apps"',
        "app_name": " Tidy ",
        "webhook": "url",
        "webhook_url": "x.acme.example",
        "keep_secrets_in": "file",
        "create_with": "paste",
    }
    meant = {
        **said,
        "github": "https://ghe.acme.example",
        "app_name": "Tidy",
        "webhook_url": "https://x.acme.example/webhook",
    }
    file = tmp_path / "answers.toml"
    file.write_text("\n".join(f"{key} = {value!r}" for key, value in said.items()))
    wishes = Wishes(
        flags=said if form == "flag" else {},
        answers_file=file if form == "file" else None,
        interactive=form == "prompt",
    )
    env = {QUESTION_BY_ID[key].env: value for key, value in said.items()} if form == "variable" else {}
    loaded = settings.load({"home": str(tmp_path / "home")})

    if form == "prompt":
        state = flow.begin(STAGES, QUESTION_BY_ID, Answers(), Facts())
        while isinstance(ask := flow.next_move(state), flow.Ask):
            state = flow.answered(state, ask.question.id, said.get(ask.question.id, ""))
    else:
        state = sitting.open_state(wishes, loaded, env)

    found = flow.known(state).answers
    assert {key: found[key] for key in said} == meant
    assert (found["app"], found["account"]) == ("new", "me")


def test_a_flag_beats_a_variable_that_the_file_and_that_an_earlier_answer(tmp_path: Path) -> None:
    home = tmp_path / "home"
    entry = Entry(SystemClock().now(), "answered", said={"github": "https://earlier.example"})
    sitting.recorder(home)(entry)
    file = tmp_path / "answers.toml"
    file.write_text('github = "https://file.example"')
    loaded = settings.load({"home": str(home)})
    variable = {"TASSIST_SETUP_GITHUB": "https://variable.example"}
    place = {"keep_secrets_in": "file"}

    def github(flags: dict[str, str], env: dict[str, str], path: Path | None) -> str:
        wishes = Wishes({**flags, **place}, path, interactive=False)
        return flow.known(sitting.open_state(wishes, loaded, env)).answer("github")

    assert github({"github": "https://flag.example"}, variable, file) == "https://flag.example"
    assert github({}, variable, file) == "https://variable.example"
    assert github({}, {}, file) == "https://file.example"
    assert github({}, {}, None) == "https://earlier.example"


def test_a_saved_answers_file_is_one_that_can_be_read() -> None:
    state = flow.begin(STAGES, QUESTION_BY_ID, Answers(), Facts(), interactive=False)

    again, problems = answers.load(answers.save(flow.known(state), QUESTIONS), QUESTIONS, name="a")

    assert problems == ()
    assert (
        flow.known(flow.begin(STAGES, QUESTION_BY_ID, again, Facts(), interactive=False)).answers
        == flow.known(state).answers
    )
