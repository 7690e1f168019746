"""An App that is brought along as a line: opened before anything is agreed to, and never taken for the one that is here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.problems import ProblemError
from setup_wizard import export_line, flow
from setup_wizard.answers import Answers
from setup_wizard.app_steps import KeepSecrets, SetWebhook
from setup_wizard.finish_steps import Install
from setup_wizard.flow import Ask
from setup_wizard.known import Facts, Known
from setup_wizard.outcome import Applied
from setup_wizard.ports import Hook, Installed
from setup_wizard.questions import QUESTION_BY_ID
from setup_wizard.register_step import RegisterApp
from setup_wizard.steps import STAGES
from tests.unit.setup_wizard.world import APP, Fake, FakeGitHub

IMPORT = {"app": "import", "bundle": "env:B", "passphrase": "env:P"}
OTHER = replace(APP, app_id=9, slug="broom", name="Broom", html_url="https://github.com/apps/broom")
LINE = export_line.sealed("c2VhbGVk")


def state_of(interactive: bool = True, **given: str) -> flow.State:
    return flow.begin(STAGES, QUESTION_BY_ID, Answers({"flag": given}), Facts(), interactive=interactive)


async def test_another_app_of_the_same_github_is_imported_and_the_one_here_is_set_aside_in_words() -> None:
    fake = Fake(FakeGitHub(app=OTHER))

    found = await RegisterApp().check(Known(IMPORT), fake.world())

    assert not found.already
    assert "Tidy (App ID 7) of acme at https://github.com" in found.changes[0].what
    assert "Broom (App ID 9) aside" in found.changes[1].what
    assert "give github-app.9.json in that folder the name github-app.json again" in found.undo
    outcome = await RegisterApp().apply(Known(IMPORT), fake.world())
    assert isinstance(outcome, Applied)
    assert outcome.learned["app_id"] == "7"


async def test_what_is_here_of_the_app_that_goes_says_nothing_of_the_one_that_comes() -> None:
    url = "https://x.example/webhook"
    hook = Hook(url, is_json=True, has_secret=True, checks_tls=True)
    there = (Installed(1, "acme", suspended=False),)
    fake = Fake(FakeGitHub(app=OTHER, config=hook, ours=True, installs=there))
    found = await RegisterApp().check(Known(IMPORT), fake.world())
    known = Known({**IMPORT, "keep_secrets_in": "file", "webhook": "url", "webhook_url": url}, learned=found.learned)

    looked = [await step.check(known, fake.world()) for step in (KeepSecrets(), SetWebhook(), Install())]

    assert [each.already for each in looked] == [False, False, False]
    outcome = await RegisterApp().apply(known, fake.world())
    after = replace(known, learned={**known.learned, **outcome.learned})  # type: ignore[union-attr]  # an Applied
    assert [(await step.check(after, fake.world())).already for step in (KeepSecrets(), SetWebhook(), Install())] == [
        True,
        True,
        True,
    ]


async def test_the_same_credentials_are_already_here_and_newer_ones_of_the_same_app_take_their_place() -> None:
    same = await RegisterApp().check(Known(IMPORT), Fake(FakeGitHub(app=APP)).world())
    newer = await RegisterApp().check(
        Known(IMPORT), Fake(FakeGitHub(app=APP, brings=replace(APP, fingerprint="SHA256:new"))).world()
    )

    assert same.already
    assert not newer.already
    assert [change.what.partition(" of ")[0] for change in newer.changes] == ["keep the credentials"]


async def test_a_github_that_contradicts_the_line_is_refused_with_both() -> None:
    known = Known(IMPORT, unused={"github": "https://ghe.example"})

    with pytest.raises(ProblemError) as raised:
        await RegisterApp().check(known, Fake().world())

    (problem,) = raised.value.problems
    assert "https://ghe.example" in problem.what
    assert "Tidy (App ID 7) of https://github.com" in problem.what
    assert "leave --github out" in problem.fix


@pytest.mark.parametrize("held", [None, APP])
async def test_a_github_that_agrees_is_said_not_to_be_used(held: object) -> None:
    known = Known(IMPORT, unused={"github": "https://github.com"})

    found = await RegisterApp().check(known, Fake(FakeGitHub(app=held)).world())  # type: ignore[arg-type]  # parametrised

    assert "github is not used" in found.said + "".join(change.what for change in found.changes)


async def test_an_app_that_an_earlier_start_imported_asks_for_no_line() -> None:
    state = flow.begin(STAGES, QUESTION_BY_ID, Answers({"earlier": {"app": "import"}}), Facts(imported="7"))

    asked = flow.next_move(state)

    assert isinstance(asked, Ask)
    assert asked.question.id == "webhook"
    known = flow.known(state)
    assert (await RegisterApp().check(known, Fake(FakeGitHub(app=APP)).world())).already


def test_the_line_and_its_passphrase_are_all_that_is_asked_of_an_import() -> None:
    state, asked = state_of(github="https://ghe.example"), []
    for question_id, text in (("app", "import"), ("bundle", LINE), ("passphrase", "x"), ("webhook", "poll")):
        ask = flow.next_move(state)
        assert isinstance(ask, Ask)
        asked.append(ask.question.id)
        state = flow.answered(state, question_id, text)

    assert asked == ["app", "bundle", "passphrase", "webhook"]
    assert flow.known(state).unused == {"github": "https://ghe.example"}
    assert "github" not in flow.known(state).answers


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("", "bundle-wrong"),
        ("canary", "bundle-wrong"),
        (LINE[:-1], "bundle-cut"),
        (LINE[:20], "bundle-cut"),
        (export_line.MARK, "bundle-cut"),
        (LINE.replace("c2", "c3"), "bundle-cut"),
    ],
)
def test_a_line_that_is_none_or_is_cut_is_said_before_a_passphrase_is_asked_for(line: str, code: str) -> None:
    _, (problem,) = QUESTION_BY_ID["bundle"].read(line, Known(IMPORT))

    assert problem.code == code
    assert "canary" not in str(problem)


def test_a_line_that_a_terminal_broke_is_whole() -> None:
    broken = LINE[:16] + "\r\n  " + LINE[16:] + "\n"

    assert QUESTION_BY_ID["bundle"].read(broken, Known(IMPORT))[1] == ()
    assert export_line.body(broken) == "c2VhbGVk"
    assert QUESTION_BY_ID["passphrase"].read("", Known(IMPORT))[1][0].fix
