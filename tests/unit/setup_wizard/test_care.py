"""The steps after the App: what is looked after, where records go, and a repository's first files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.problems import Problem, ProblemError
from setup_wizard import summary
from setup_wizard.app_steps import NOWHERE
from setup_wizard.care_steps import ChooseRepositories, ChooseTelemetry
from setup_wizard.known import Facts, Known
from setup_wizard.outcome import Applied
from setup_wizard.ports import Proposed
from setup_wizard.question import together
from setup_wizard.questions import QUESTION_BY_ID
from setup_wizard.scaffold_steps import LookAtRepository, WriteScaffold
from tests.unit.setup_wizard.world import APP, Fake, FakeGitHub

LEARNED = {"repositories": "acme/app\nacme/api\nocto/web"}


def there(**more: object) -> Fake:
    """With an App."""
    return Fake(FakeGitHub(app=APP), **more)  # type: ignore[arg-type]  # its parts by name


def where(error: pytest.ExceptionInfo[ProblemError]) -> set[str]:
    return {problem.where.path for problem in error.value.problems if problem.where is not None}


# --- repositories


def read(question_id: str, raw: str, known: Known) -> tuple[str, tuple[Problem, ...]]:
    return QUESTION_BY_ID[question_id].read(raw, known)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("", "all"), ("ALL", "all"), ("acme/app", "acme/app"), ("Acme/App, acme/app", "acme/app"), ("octo", "octo"), ("3,4", "acme/app,acme/api"),
    ],
)  # fmt: skip
def test_repositories_are_chosen_by_name_by_installation_and_by_number(raw: str, value: str) -> None:
    assert read("repositories", raw, Known(learned=LEARNED)) == (value, ())


@pytest.mark.parametrize("raw", ["acme/nothing", "all,acme/app", "a b", "acme/app,,x/y"])
def test_what_the_app_is_not_installed_on_cannot_be_chosen(raw: str) -> None:
    _, problems = read("repositories", raw, Known(learned=LEARNED))

    assert len(problems) == 1


@pytest.mark.parametrize(
    ("raw", "faults"), [("acme/app", 0), ("acme", 0), ("acme/app/x", 1), ("-,a/b/c", 2), ("all", 0)]
)
def test_before_it_is_known_what_is_installed_only_the_form_is_judged(raw: str, faults: int) -> None:
    assert len(read("repositories", raw, Known())[1]) == faults


async def test_the_choice_becomes_a_setting_once() -> None:
    fake, known, step = there(), Known({"repositories": "acme/app"}), ChooseRepositories()

    found = await step.check(known, fake.world())
    done = await step.apply(known, fake.world())

    assert [change.what for change in found.changes] == ["set repositories"]
    assert isinstance(done, Applied)
    assert fake.settings.values["repositories"] == "acme/app"
    assert await step.verify(known, fake.world()) == ()
    assert (await step.check(known, fake.world())).already
    fake.settings.values["repositories"] = "ACME/app , acme/app"
    assert (await step.check(known, fake.world())).already


async def test_all_is_what_it_is_from_the_start_and_many_are_counted() -> None:
    names = ",".join(f"acme/r{number}" for number in range(6))
    fake = there()
    fake.repositories.installed = tuple(names.split(","))

    assert (await ChooseRepositories().check(Known(), fake.world())).already
    found = await ChooseRepositories().check(Known({"repositories": names}), fake.world())
    assert found.said == "look after 6 repositories and installations"


async def test_a_name_the_app_is_not_installed_on_is_said_at_its_question() -> None:
    with pytest.raises(ProblemError, match="not installed on x/y") as error:
        await ChooseRepositories().check(Known({"repositories": "acme,x/y"}), there().world())

    assert where(error) == {"repositories"}
    assert not (await ChooseRepositories().check(Known({"repositories": "x/y"}), Fake().world())).already


async def test_a_stronger_setting_is_said_before_anything_is_written_and_a_lost_one_after() -> None:
    fake, known = there(), Known({"repositories": "acme"})
    fake.settings.stronger = ("repositories", "telemetry_sinks")
    with pytest.raises(ProblemError, match="repositories is set elsewhere"):
        await ChooseRepositories().check(known, fake.world())
    with pytest.raises(ProblemError, match="telemetry_sinks is set elsewhere"):
        await ChooseTelemetry().check(Known({"telemetry": "sqlite"}), fake.world())
    fake.settings.stronger, fake.settings.forgets = (), True
    await ChooseRepositories().apply(known, fake.world())

    assert [problem.code for problem in await ChooseRepositories().verify(known, fake.world())] == ["setting-not-kept"]
    assert [
        problem.code for problem in await ChooseTelemetry().verify(Known({"telemetry": "sqlite"}), fake.world())
    ] == ["setting-not-kept"]


# --- telemetry

SINKS = {
    "telemetry": "jsonl,github,sqlite,postgresql,otlp",
    "telemetry_repository": "acme/telemetry",
    "telemetry_postgresql": "env:DB",
    "telemetry_collector": "https://c.example/v1/logs",
    "telemetry_authorization": "",
}
WRITTEN = "jsonl,github:acme/telemetry,sqlite:/home/me/tassist/telemetry.db,postgresql,otlp:https://c.example/v1/logs"


async def test_every_sink_is_tried_before_the_choice_is_kept() -> None:
    fake, known, step = there(), Known(SINKS), ChooseTelemetry()

    found = await step.check(known, fake.world())
    done = await step.apply(known, fake.world())

    assert [change.what for change in found.changes] == ["set telemetry_sinks", "set telemetry_postgresql"]
    assert isinstance(done, Applied)
    assert fake.telemetry.tried == [WRITTEN]
    assert fake.settings.values["telemetry_sinks"] == WRITTEN
    assert fake.settings.secrets == {"telemetry_postgresql": "env:DB"}
    assert await step.verify(known, fake.world()) == ()
    later = Known({**SINKS, "telemetry_postgresql": ""}, learned=done.learned)
    assert (await step.check(later, fake.world())).already
    assert not (await step.check(known, fake.world())).already


async def test_a_sink_that_does_not_take_it_is_said_at_the_question_and_nothing_is_kept() -> None:
    fake, known = there(), Known({"telemetry": "jsonl,sqlite", "telemetry_file": "/x.db"})
    fake.telemetry.broken = ("sqlite:/x.db",)

    with pytest.raises(ProblemError, match=r"sqlite:/x\.db is broken") as error:
        await ChooseTelemetry().apply(known, fake.world())

    assert where(error) == {"telemetry"}
    assert fake.settings.values["telemetry_sinks"] == "jsonl"


async def test_the_usual_sink_is_tried_too_and_changes_nothing() -> None:
    fake = there()

    found = await ChooseTelemetry().check(Known(), fake.world())
    await ChooseTelemetry().apply(Known(), fake.world())

    assert (found.already, found.changes, fake.telemetry.tried) == (False, (), ["jsonl"])


@pytest.mark.parametrize(
    ("question_id", "raw", "value"),
    [
        ("telemetry_repository", "https://github.com/acme/telemetry.git", "acme/telemetry"),
        ("telemetry_repository", " 'acme/telemetry' ", "acme/telemetry"),
        ("telemetry_file", "file:///var/x.db", "/var/x.db"),
        ("telemetry_file", "", ""),
        ("telemetry_collector", "http://127.0.0.1:4318/v1/logs", "http://127.0.0.1:4318/v1/logs"),
        ("scaffold_repository", "https://github.com/acme/app/issues", "acme/app"),
    ],
)
def test_places_are_taken_as_people_paste_them(question_id: str, raw: str, value: str) -> None:
    assert read(question_id, raw, Known({"telemetry": "github,sqlite,otlp"})) == (value, ())


@pytest.mark.parametrize(
    ("question_id", "raw"),
    [
        ("telemetry_repository", "telemetry"),
        ("telemetry_repository", "https://github.com/"),
        ("telemetry_file", "/a,b.db"),
        ("telemetry_collector", "http://c.example/v1/logs"),
        ("telemetry_collector", "https://user:canary@c.example/"),
        ("telemetry_collector", "https://c.example/a,b"),
        ("telemetry_collector", "https://c.example:x/"),
        ("telemetry_collector", "logs"),
    ],
)
def test_places_that_are_none_are_refused_without_a_secret_in_the_words(question_id: str, raw: str) -> None:
    _, problems = read(question_id, raw, Known())

    assert len(problems) == 1
    assert "canary" not in repr(problems)


# --- scaffold

SAID = {
    "scaffold": "pull-request", "scaffold_repository": "acme/app", "scaffold_tracks": "track/api", "scaffold_phases": "none",
    "scaffold_forms": "yes", "scaffold_dashboard": "no", "scaffold_replace": "no", "github_token": "env:T",
}  # fmt: skip


async def test_what_the_repository_has_is_learned_and_proposed() -> None:
    fake, known = there(), Known(SAID, Facts(), LEARNED)
    found = await LookAtRepository().check(known, fake.world())
    done = await LookAtRepository().apply(known, fake.world())
    after = Known(SAID, learned=found.learned)

    assert found.already
    assert isinstance(done, Applied)
    assert found.said == "acme/app: labels 2, open milestones 2"
    assert [choice.value for choice in QUESTION_BY_ID["scaffold_tracks"].choices_for(after)] == [
        "bug",
        "track/api",
        "none",
    ]
    assert QUESTION_BY_ID["scaffold_tracks"].default(after) == "track/api"
    assert QUESTION_BY_ID["scaffold_phases"].default(after) == "Phase 1"
    assert QUESTION_BY_ID["scaffold_tracks"].choices_for(Known()) == ()
    assert QUESTION_BY_ID["scaffold_phases"].choices_for(Known()) == ()
    assert not QUESTION_BY_ID["scaffold_replace"].applies(after)
    assert QUESTION_BY_ID["scaffold_replace"].applies(Known(SAID, learned={"existing": "a"}))
    assert await LookAtRepository().verify(known, fake.world()) == ()


def test_a_label_that_cannot_be_typed_is_not_offered_and_a_label_that_is_a_number_is_itself() -> None:
    known = Known(SAID, learned={"labels": "a,b\nnone\nall\n\u202egnp\n2\n1", "milestones": ""})

    assert [choice.value for choice in QUESTION_BY_ID["scaffold_tracks"].choices_for(known)] == ["2", "1", "none"]
    assert read("scaffold_tracks", "1", known) == ("1", ())
    assert read("scaffold_tracks", "3", known) == ("none", ())
    assert read("scaffold_phases", "", known) == ("none", ())


async def test_a_repository_without_the_app_is_refused_at_its_question() -> None:
    with pytest.raises(ProblemError, match="not installed on x/y") as error:
        await LookAtRepository().check(Known({**SAID, "scaffold_repository": "x/y"}), there().world())

    assert where(error) == {"scaffold_repository"}


async def test_without_an_app_a_dry_run_says_what_it_would_do() -> None:
    looked = await LookAtRepository().check(Known(SAID), Fake().world())
    found = await WriteScaffold().check(Known(SAID), Fake().world())

    assert looked.already
    assert [change.where for change in found.changes] == ["acme/app"]


async def test_not_now_is_an_answer() -> None:
    for said in ({"scaffold": "no"}, {}):
        found = [await step.check(Known(said), Fake().world()) for step in (LookAtRepository(), WriteScaffold())]
        assert all(one.already for one in found)
        assert ["tassist scaffold" in one.said for one in found] == [False, True], "how to do it later is said once"


async def test_new_files_are_shown_and_written_once() -> None:
    fake, known, step = there(), Known(SAID), WriteScaffold()

    found = await step.check(known, fake.world())
    done = await step.apply(known, fake.world())

    assert [(change.what, change.diff) for change in found.changes] == [("a.yml is new", ("+a",))]
    assert isinstance(done, Applied)
    assert done.learned["scaffold_said"] == done.said
    (written,) = fake.repositories.written
    assert (written.tracks, written.phases, written.forms, written.dashboard) == (("track/api",), (), True, "")
    assert "env:T" not in repr(written)
    assert await step.verify(known, fake.world()) == ()
    assert (await step.check(Known(SAID, learned=done.learned), fake.world())).already


def test_the_summary_tells_what_is_there_and_what_comes_next() -> None:
    learned = {
        "name": "Tidy",
        "app_id": "7",
        "hook_url": NOWHERE,
        "kept_in": "env-file",
        "scaffold_said": "pull request acme/app#3 is open: https://x/3",
    }

    shown = summary.rows(Known({"webhook": "poll"}, learned=learned))

    assert shown == (
        ("App", "Tidy, App ID 7"),
        ("secrets", "the .env of this folder"),
        ("webhook", "none; GitHub is asked for deliveries once a minute"),
        ("first files", "pull request acme/app#3 is open"),
        ("", "https://x/3"),
        ("next", "tassist serve --poll"),
        ("", "tassist doctor"),
    )
    assert summary.next_commands("ngrok", " --home x") == (
        "tassist serve --tunnel ngrok --home x",
        "tassist doctor --home x",
    )
    at = dict(summary.rows(Known({"webhook": "url"}, learned={"hook_url": "https://x.example/webhook"})))
    by_hand = {"scaffold_said": "committed on task-assistant in /srv/app; next: git push -u origin task-assistant"}
    assert summary.rows(Known({}, learned=by_hand))[:2] == (
        ("first files", "committed on task-assistant in /srv/app"),
        ("", "git push -u origin task-assistant"),
    )
    assert (at["webhook"], at["next"]) == ("https://x.example/webhook", "tassist serve")


@pytest.mark.parametrize(
    ("replaces", "files", "already", "words"),
    [
        ("no", (Proposed("x", "a.yml", ("-a",), exists=True),), True, "a.yml exists and is left as it is"),
        (
            "no",
            tuple(Proposed("x", name, ("-a",), exists=True) for name in ("a.yml", "b.yml")),
            True,
            "a.yml, b.yml exist and are left as they are",
        ),
        ("no", (Proposed("x", "a.yml", (), exists=True),), True, "are there already"),
        ("yes", (Proposed("x", "a.yml", ("-a",), exists=True),), False, "a.yml is replaced"),
        (
            "no",
            (Proposed("x", "a.yml", ("-a",), exists=True), Proposed("x", "b.yml", ("+b",), exists=False)),
            False,
            "a.yml exists and is left as it is",
        ),
    ],
)  # fmt: skip
async def test_what_exists_is_replaced_only_where_that_was_said(
    replaces: str, files: tuple[Proposed, ...], already: bool, words: str
) -> None:
    fake = there()
    fake.repositories.files = files

    found = await WriteScaffold().check(Known({**SAID, "scaffold_replace": replaces}), fake.world())

    assert found.already == already
    assert words in " ".join([found.said, *(change.what for change in found.changes)])


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ({"scaffold": "no"}, set()),
        ({"scaffold": "files"}, {"scaffold_folder"}),
        ({"scaffold": "pull-request"}, {"github_token"}),
        ({"scaffold": "pull-request", "telemetry": "github", "telemetry_repository": "a/t"}, {"github_token", "scaffold_dashboard"}),
        ({"scaffold": "commit", "telemetry": "github", "telemetry_repository": "a/t", "scaffold_repository": "A/T"}, {"scaffold_folder", "scaffold_dashboard"}),
        ({"scaffold": "commit", "telemetry": "github", "telemetry_repository": "a/t", "scaffold_repository": "a/b"}, {"scaffold_folder"}),
    ],
)  # fmt: skip
def test_questions_follow_from_the_way_that_was_chosen(said: dict[str, str], asked: set[str]) -> None:
    varying = {"scaffold_folder", "scaffold_dashboard", "github_token"}

    assert {each for each in varying if QUESTION_BY_ID[each].applies(Known(said))} == asked


@pytest.mark.parametrize(
    ("said", "facts", "default"),
    [
        ({}, Facts(), None),
        ({"repositories": "all"}, Facts(checkout="Octo/Web"), "Octo/Web"),
        ({"repositories": "acme"}, Facts(checkout="octo/web"), None),
        ({"repositories": "octo/web"}, Facts(), "octo/web"),
    ],
)
def test_the_repository_one_stands_in_or_the_only_one_is_proposed(
    said: dict[str, str], facts: Facts, default: str | None
) -> None:
    assert QUESTION_BY_ID["scaffold_repository"].default(Known(said, facts, LEARNED)) == default


async def test_a_dashboard_goes_to_the_telemetry_repository() -> None:
    fake = there()
    said = {**SAID, "scaffold_dashboard": "yes", "telemetry_repository": "acme/telemetry", "scaffold_folder": "x"}
    fake.repositories.files = (replace(fake.repositories.files[0], where="GitHub, acme/telemetry"),)

    await WriteScaffold().apply(Known(said), fake.world())

    assert fake.repositories.written[0].dashboard == "acme/telemetry"


@pytest.mark.parametrize(
    ("marked", "before", "found"),
    [
        (["all"], [], ["all"]),
        (["all", "a"], ["all"], ["a"]),
        (["a", "b", "all"], ["a", "b"], ["all"]),
        (["none", "a"], ["none"], ["a"]),
        (["a", "none"], ["a"], ["none"]),
        (["a", "b"], ["a"], ["a", "b"]),
        ([], ["a"], []),
    ],
)
def test_everything_nothing_and_single_choices_exclude_each_other(
    marked: list[str], before: list[str], found: list[str]
) -> None:
    assert together(marked, before) == found
