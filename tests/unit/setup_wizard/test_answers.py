"""Whose word counts, and what an answers file may hold."""

from __future__ import annotations

import json
import tomllib

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from setup_wizard import answers
from setup_wizard.answers import AUTHORITY, Answers
from setup_wizard.app_questions import GITHUB
from setup_wizard.known import Facts, Known
from setup_wizard.question import Choice, Question
from setup_wizard.questions import QUESTIONS
from setup_wizard.schema import answers_schema, schema_text

MANY = Question("sinks", "Which?", "why", "help", "many", choices=(Choice("a", "A"), Choice("b", "B")))
YES = Question("tidy", "Shall it?", "why", "help", "yes-no")
NUMBER = Question("port", "Which port?", "why", "help", "number", "8080")
FREE = Question("tags", "Which?", "why", "help", "many", default=lambda _known: "")
ALL = (*QUESTIONS, MANY, YES, NUMBER, FREE)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from(AUTHORITY), st.text(max_size=5)))
def test_a_word_beats_a_weaker_one_only_where_somebody_gave_it(said: dict[answers.Source, str]) -> None:
    found = Answers()
    for source, value in said.items():
        found = found.adding(source, {"github": value})

    given_ = found.find("github")

    strongest = next((source for source in AUTHORITY if source in said), None)
    assert (given_.source if given_ else None) == strongest
    assert strongest is None or (given_ is not None and given_.value == said[strongest])
    assert found.find("app") is None
    assert strongest is None or found.without(strongest, "github").find("github") != given_


def test_values_are_not_shown_by_accident() -> None:
    found = Answers({"typed": {"bundle": "canary"}})

    assert "canary" not in repr(found) + repr(found.find("bundle")) + repr(Known({"bundle": "canary"}))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("version = 2", "answers-version"),
        ("ask = 3", "answers-ask"),
        ('ask = ["nothing"]', "answers-ask"),
        ("nothing = 1", "answers-unknown"),
        ('"\\u001b[2J" = 1', "answers-unknown"),
        ("github = 1.5", "answers-type"),
        ("github = [1]", "answers-type"),
        ('bundle = "tassist-app-1.canary"', "secret-not-a-reference"),
        ("= broken", "answers-broken"),
    ],
)
def test_everything_wrong_with_a_file_is_said_with_its_place(text: str, code: str) -> None:
    _, problems = answers.load(text, QUESTIONS, name="a.toml")

    assert [problem.code for problem in problems] == [code]
    assert problems[0].where is not None
    assert problems[0].where.file == "a.toml"
    assert "canary" not in str(problems[0])
    assert "\x1b" not in str(problems[0])


def test_a_file_gives_texts_numbers_yes_or_no_and_lists() -> None:
    text = 'version = 1\nask = ["port"]\nport = 80\ntidy = true\nsinks = ["a", "b"]\ngithub = "github.com"\nbundle = "env:X"\n'

    found, problems = answers.load(text, ALL, name="a.toml")

    assert problems == ()
    assert found.asks == {"port"}
    assert found.by_source["file"] == {
        "port": "80",
        "tidy": "yes",
        "sinks": "a,b",
        "github": "github.com",
        "bundle": "env:X",
    }
    assert answers.load("tidy = false", ALL, name="a")[0].by_source["file"] == {"tidy": "no"}


@settings(deadline=None, max_examples=60)
@given(
    st.fixed_dictionaries(
        {
            "github": st.text(max_size=40),
            "app_name": st.text(max_size=40),
            "port": st.integers(0, 65535).map(str),
            "tidy": st.sampled_from(["yes", "no"]),
            "sinks": st.sampled_from(["", "a", "a,b"]),
            "bundle": st.sampled_from(["env:X", "canary-value"]),
        }
    )
)
def test_a_saved_file_reads_back_as_the_same_answers_without_secrets(said: dict[str, str]) -> None:
    text = answers.save(Known(said), ALL)

    found, problems = answers.load(text, ALL, name="a.toml")

    assert problems == ()
    kept = {key: value for key, value in said.items() if value != "canary-value"}
    assert found.by_source["file"] == kept
    assert "canary" not in text
    jsonschema.validate(tomllib.loads(text), answers_schema(ALL))


def test_a_secret_may_be_saved_as_a_reference() -> None:
    text = answers.save(Known({"bundle": "canary"}), QUESTIONS, references={"bundle": "keyring:x"})

    assert 'bundle = "keyring:x"' in text


def test_the_schema_knows_every_question() -> None:
    schema = json.loads(schema_text(ALL))

    assert set(schema["properties"]) == {"version", "ask", *(question.id for question in ALL)}
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    ("question", "raw", "meant"),
    [
        (YES, "Y", "yes"),
        (YES, "off", "no"),
        (YES, "maybe", None),
        (YES, "", None),
        (NUMBER, "80", "80"),
        (NUMBER, "-1", None),
        (MANY, "1, B", "a,b"),
        (MANY, "a,c", None),
        (FREE, "x, y,x", "x,y"),
        (FREE, "", ""),
        (GITHUB, "", "https://github.com"),
        (GITHUB, "a\x1bb", None),
    ],
)
def test_each_kind_of_question_reads_what_was_meant(question: Question, raw: str, meant: str | None) -> None:
    value, problems = question.read(raw, Known())

    assert (value if not problems else None) == meant


def test_choices_may_be_known_only_later() -> None:
    later = Question(
        "repos",
        "Which?",
        "why",
        "help",
        "choice",
        choices_from=lambda known: tuple(Choice(each, each) for each in known.learned["all"].split()),
    )
    known = Known(learned={"all": "acme/a acme/b"})

    assert later.read("2", known) == ("acme/b", ())
    assert later.read("acme/c", known)[1][0].fix == "type one of acme/a, acme/b"
    assert later.read("", known)[1][0].fix == "type one of acme/a, acme/b"


def test_a_keyring_that_keeps_nothing_is_no_answer() -> None:
    keep = next(question for question in QUESTIONS if question.id == "keep_secrets_in")

    assert keep.read("keyring", Known(facts=Facts(keyring_why_not="it is locked")))[1][0].why == "it is locked"
    assert keep.default(Known(facts=Facts(keyring="x"))) == "keyring"
    assert keep.read("", Known())[0] == "file"
