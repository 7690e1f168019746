"""The real scripts, run offline under a stand-in for gh, intend exactly what the models declare: two ways that check each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.problems import ProblemError
from migrations.legacy.recognise import recognise, world_of
from migrations.model import Snapshot, Write
from tassist.services.migrate import rehearsal
from tassist.services.migrate.checkout import read_checkout
from tassist.services.migrate.reading import joined
from tassist.services.migrate.rehearsal import Rehearsal, rehearse, why_not
from tassist.services.migrate.snapshot_file import read_record_folder
from tests.support.family import NOW, issue, snapshot
from tests.support.legacy import codes, fetched, recorded

ISSUES = (
    issue(9, "ours", "team-app", milestone=1, days=9),
    issue(8, "ours", "team-app", milestone=1, days=4),
    issue(7, "ours", "team-app", "look-here", milestone=1, days=1),
    issue(6, "ours", "team-site", milestone=3, days=1),
    issue(5, "ours", days=30),
    issue(4, "ours", milestone=3, title="`touch /tmp/no` $(touch no) \"; touch no; '"),
    issue(3, "team-app", milestone=1, days=30),
    issue(2, "ours", "team-app", state="closed", milestone=1, days=9),
)


@pytest.fixture(autouse=True)
def _possible() -> None:
    problem = why_not()
    if problem is not None:
        pytest.skip(problem.what)


def ran(name: str, of: Snapshot | None = None, **more: object) -> Rehearsal:
    return rehearse(of or snapshot(*ISSUES), f".github/workflows/{name}", NOW, **more)  # type: ignore[arg-type]  # named by the test


@pytest.mark.parametrize("name", ["sync.yml", "watch.yml"])
def test_a_script_intends_what_its_model_declares(name: str) -> None:
    whole = snapshot(*ISSUES)
    world = world_of(whole, NOW)
    component = next(one for one in recognise(whole).issues if one.path.endswith(name))
    declared = {one.ref.number: component.decide(one, world).writes for one in ISSUES}

    found = ran(name, whole)

    assert found.writes() == {number: writes for number, writes in sorted(declared.items()) if writes}
    assert found.noise == ()
    assert found.ended
    assert {step.code for step in found.steps} == {0}, found.steps


def test_an_event_puts_its_label_on() -> None:
    assert ran("greet.yml", event={"issue.number": "9"}).writes() == {9: (Write("label", "ours", "on"),)}


def test_a_self_test_opens_one_issue_and_a_board_move_is_an_intent() -> None:
    assert ran("check.yml").writes() == {0: (Write("issue", "", "opened"),)}
    assert [intent[:2] for intent in ran("board.yml", event={"pull_request.merged": "true"}).intents] == [
        ("api", "graphql")
    ]
    assert ran("board.yml", event={"pull_request.merged": "false"}).intents == ()


def flow(script: str) -> Snapshot:
    text = "on: issues\nenv: {GH_TOKEN: x}\njobs:\n  a:\n    steps:\n      - run: |\n"
    return snapshot(*ISSUES, files={"x.yml": text + "".join(f"          {line}\n" for line in script.splitlines())})


def test_nothing_of_this_machine_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "canary-of-this-machine")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-of-this-machine")

    found = ran("x.yml", flow("env | sort\nls -A ~\necho home=$HOME"))

    said = found.steps[0].said
    assert "canary" not in said
    assert "AWS" not in said
    assert str(Path.home()) not in said


def test_a_script_has_no_network(tmp_path: Path) -> None:
    found = ran(
        "x.yml",
        flow(
            "cat /proc/net/dev | wc -l\n(exec 3<>/dev/tcp/127.0.0.1/5432) 2>&1 && echo REACHED || echo none\ncurl x || true"
        ),
    )

    assert "none" in found.steps[0].said
    assert "REACHED" not in found.steps[0].said
    assert "a rehearsal has no curl" in found.steps[0].said


def test_h70_a_strangers_words_are_never_filled_into_a_script() -> None:
    found = ran(
        "x.yml", flow('echo "title: ${{ github.event.issue.title }}"'), event={"issue.title": '"; touch ran; echo "'}
    )

    assert found.steps[0].said.strip() == "title: words-of-somebody"


def test_a_script_that_never_ends_is_ended() -> None:
    found = ran("x.yml", flow("gh issue close 1 --repo a/b\nwhile true; do :; done"), limit_s=3.0)

    assert not found.ended
    assert found.steps[-1].code is None
    assert found.writes() == {1: (Write("state", "", "closed"),)}


def test_what_differs_between_two_runs_is_noise() -> None:
    found = ran("x.yml", flow("echo $RANDOM$RANDOM$RANDOM > once.txt\ndate -u > same.txt"))

    assert found.noise == (".github/workflows/x.yml: once.txt differs between two runs",)


def test_gh_refuses_what_the_real_one_refuses() -> None:
    script = (
        'gh variable get TEAM_APP_MILESTONE --jq .value --repo a/b 2>/dev/null || echo "empty"\n'
        "gh variable get TEAM_APP_MILESTONE --repo a/b\n"
        "gh issue close 1 || echo no-repository\nGH_TOKEN= gh api repos/a/b || echo no-token"
    )

    assert ran("x.yml", flow(script)).steps[0].said.split("\n")[:2] == ["empty", "1"]
    assert "no-repository" in ran("x.yml", flow(script)).steps[0].said
    assert "no-token" in ran("x.yml", flow(script)).steps[0].said


def test_where_a_machine_gives_no_namespace_it_is_refused_unless_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "_isolation", tuple)

    with pytest.raises(ProblemError) as caught:
        ran("sync.yml")
    assert codes(caught.value) == ["rehearsal-not-isolated"]
    assert ran("sync.yml", without_isolation=True).writes()


def test_an_unknown_workflow_is_named() -> None:
    with pytest.raises(ProblemError) as caught:
        ran("none.yml")
    assert codes(caught.value) == ["no-such-workflow"]


@pytest.mark.slow
def test_the_recorded_scripts_do_what_the_models_and_the_record_say() -> None:
    whole = joined(read_checkout(fetched()), read_record_folder(recorded()))
    assert whole.taken_at is not None
    assert whole.issues is not None
    titles = world_of(whole, whole.taken_at).titles
    number_by_title = {one.milestone.title: one.milestone.number for one in whole.issues if one.milestone is not None}
    missing = {title: 90 + place for place, title in enumerate(sorted(set(titles.values()) - set(number_by_title)))}
    numbers = {**number_by_title, **missing}
    known = replace(whole, variables={name: str(numbers[title]) for name, title in titles.items()})
    world = world_of(whole, whole.taken_at)
    sync = next(one for one in recognise(whole).issues if one.id == "project-sync")

    found = rehearse(known, sync.path, whole.taken_at)

    declared = {one.ref.number: sync.decide(one, world).writes for one in whole.issues}
    assert found.writes() == {number: writes for number, writes in sorted(declared.items()) if writes}
    assert len(found.writes()) == 70
    assert found.noise == ()

    supervisor = next(one for one in recognise(whole).issues if one.id == "supervisor")
    quiet = rehearse(known, supervisor.path, whole.taken_at)
    assert quiet.intents == ()
    assert "Missing milestone numbers" in " ".join(step.said for step in quiet.steps)
    assert {step.code for step in quiet.steps if step.code is not None} == {0}, "it stays green"
