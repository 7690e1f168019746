"""Every difference has a verdict and a name, whatever is the same stays unsaid, and equal inputs give equal bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from engine.model import Issue, Label, Repo, TimelineEvent
from engine.problems import ProblemError
from migrations.compare import judge, words
from migrations.compare.accepted import read_accepted
from migrations.legacy.recognise import recognise, world_of
from migrations.model import Accepted, Comparison, Snapshot
from tassist.services.migrate.diff import compared
from tassist.services.migrate.report import clean
from tests.support import family
from tests.support.family import CONFIG, issue, snapshot

TODAY = date(2026, 1, 1)


def look(
    *issues: Issue, config: str = CONFIG, of: Snapshot | None = None, accepted: tuple[Accepted, ...] = ()
) -> Comparison:
    whole = of if of is not None else snapshot(*issues)
    return compared(whole, family.config(config), today=TODAY, accepted=accepted).comparison


def said(comparison: Comparison, subject: str = "#1") -> dict[str, tuple[str, str]]:
    return {found.field: (found.verdict, found.because) for found in comparison.differences if found.subject == subject}


TRACKED = ("ours", "team-app")
CASES: dict[str, tuple[Issue, dict[str, tuple[str, str]]]] = {
    "nothing to do on any side": (issue(1, *TRACKED, milestone=1), {}),
    "a rename is no difference": (issue(1, "ours", "team-app", "look-here", milestone=1, days=4), {}),
    "not a member: legacy never looks": (
        issue(1, "team-app", milestone=1, days=4), {"label state/stale": ("intended improvement", judge.EVERY_ISSUE)},
    ),
    "declared, and not done": (
        issue(1, *TRACKED, milestone=1, days=4), {"label state/stale": ("legacy did nothing", "supervisor declares it: the record shows that it was not done")},
    ),
    "closed": (issue(1, "ours", state="closed"), {"label state/stale": ("legacy did nothing", "project-sync declares it: the record shows that it was not done")}),
    "a membership label nobody put on": (
        issue(1, "team-app", milestone=1), {},
    ),
    "a self-test's issue": (
        issue(1, "ours", "alive", milestone=3, days=4), {"label state/stale": ("intended improvement", judge.NO_SELF_TEST)},
    ),
    "two tracks": (
        issue(1, "ours", "team-app", "team-site", milestone=1),
        {"label track/app": ("intended improvement", judge.ONE_TRACK), "milestone": ("intended improvement", judge.ONE_TRACK)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_recorded_issue_gets_a_verdict_for_every_field(case: str) -> None:
    given, expected = CASES[case]

    found = said(look(given))

    found.pop("label ours", None)
    assert {field: verdict for field, (verdict, _) in found.items()} == {
        field: verdict for field, (verdict, _) in expected.items()
    }
    for field, (_, because) in expected.items():
        assert because in found[field][1]


def test_what_legacy_sets_and_no_rule_does_is_a_regression() -> None:
    bare = 'schema_version: "1.0"\ntracks: []\nlabels: []\nmilestones: []\nenforcement: {}\n'

    found = look(issue(1, *TRACKED, milestone=1), config=bare)

    regressions = [one for one in found.differences if one.verdict == "regression"]
    assert regressions
    assert {one.field for one in regressions} >= {"milestone"}
    assert found.open


def test_every_improvement_is_one_of_those_that_have_a_name() -> None:
    found = look(*(given for given, _ in CASES.values()))

    named = {one.because for one in found.differences if one.verdict == "intended improvement"}
    assert named
    assert named <= set(judge.IMPROVEMENTS)
    assert {one.verdict for one in found.differences} <= {"intended improvement", "legacy did nothing"}


def test_every_component_and_every_rule_has_a_verdict() -> None:
    rules = {rule.rule: rule for rule in look(issue(1, *TRACKED, milestone=1)).rules}

    assert rules["self-test (check.yml)"].verdict == "intended improvement"
    board = rules["pr-status (board.yml)"]
    assert (board.verdict, "an organisation's board" in board.because) == ("not portable", True)
    assert {"project-sync (sync.yml)", "supervisor (watch.yml)", "auto-assign (greet.yml)"} <= set(rules)
    assert "1 of its writes on recorded states set what is set already" in rules["project-sync (sync.yml)"].because
    assert any(rule.startswith("engine: ") for rule in rules)


def test_a_workflow_no_model_describes_is_unknown_not_same() -> None:
    files = {"odd.yml": "on: issues\njobs: {a: {steps: [{run: gh issue lock 1}]}}\n"}

    rules = look(of=snapshot(issue(1), files=files)).rules

    assert [(rule.rule, rule.verdict) for rule in rules if "odd" in rule.rule] == [
        (".github/workflows/odd.yml", "unknown")
    ]


def test_a_component_that_cannot_work_did_nothing() -> None:
    broken = family.GREET.replace(", NUMBER", ", X").replace("GH_TOKEN", "NOTHING")

    found = look(of=snapshot(issue(1, "team-app", milestone=1), files={**family.FILES, "greet.yml": broken}))

    greet = next(rule for rule in found.rules if rule.rule.startswith("auto-assign"))
    assert greet.verdict == "legacy did nothing"
    assert "has no token (line" in greet.because


def test_a_timeline_plays_back_what_an_issue_was_and_says_which_label_came_last() -> None:
    """Now it is calm; a month ago it carried two tracks, of which the newer one was the first by name, and no milestone."""
    begun = family.NOW - timedelta(days=31)
    lived = tuple(
        TimelineEvent(kind, begun + timedelta(hours=hours), actor="ann", label=label, milestone=milestone)
        for kind, hours, label, milestone in (
            ("labeled", 1, "team-site", ""), ("labeled", 2, "team-app", ""), ("milestoned", 720, "", "App 1"),
            ("unlabeled", 725, "team-site", ""),
        )
    )  # fmt: skip
    calm = replace(issue(1, "team-app", milestone=1), created_at=begun, timeline=lived)

    played = look(calm)
    still = look(replace(calm, timeline=None))

    assert (played.states, still.states) == (5, 1)
    assert set(said(still)) == {"label ours"}, "by its present state alone, hardly anything differs"
    assert said(played)["label track/site"] == ("intended improvement", judge.ONE_TRACK)
    assert "label track/app" not in said(played), "the newer label stays"
    assert said(played)["milestone"][0] == "intended improvement"
    assert any("no timelines" in note for note in still.notes)
    assert not any("no timelines" in note for note in played.notes)


def test_an_escalated_flag_in_place_of_a_stale_one_has_its_name_and_other_thresholds_are_no_improvement() -> None:
    member = {"files": {name: text for name, text in family.FILES.items() if name != "greet.yml"}}
    late = issue(1, "team-app", "look-here", milestone=1, days=8)
    ours = CONFIG.replace(
        "days_until_stale: 3, days_until_escalated: 7", "days_until_stale: 2, days_until_escalated: 70"
    )

    assert said(look(of=snapshot(late, **member)))["label state/stale"] == ("intended improvement", judge.IN_PLACE)
    found = look(of=snapshot(issue(1, *TRACKED, milestone=1, days=2), **member), config=ours)
    verdict, because = said(found)["label state/stale"]
    assert verdict == "unknown"
    assert "are the thresholds the same?" in because


def test_titles_that_a_rule_tells_apart_are_judged_apart_and_others_are_remembered() -> None:
    reading = CONFIG.replace("{id: site,", "{id: site, match: {title: ['^Site:']},")
    issues = [
        issue(number, milestone=0, title=title) for number, title in enumerate(("Site: a", "b", "Site: c", "d"), 1)
    ]

    found = look(*issues, config=reading)

    assert [said(found, f"#{number}").get("label track/site") is not None for number in (1, 2, 3, 4)] == [
        True, False, True, False,
    ]  # fmt: skip


def test_what_is_remembered_of_one_history_is_said_of_no_other() -> None:
    named = ("labeled", "unlabeled", "commented")
    histories = [
        tuple(
            TimelineEvent(
                name,
                family.NOW - timedelta(days=days, seconds=number),
                label="" if name == "commented" else label,
                actor="ann",
            )
            for label in ("track/app", "track/site", "look-here")
        )
        for number, (name, days) in enumerate((name, days) for name in named for days in range(9))
    ]
    known = [
        issue(1, *TRACKED, *more, milestone=1, days=9)
        for more in ((), ("team-site",), ("look-here",), ("call-somebody",))
    ]
    whole = snapshot(*known)
    legacy, world, config = recognise(whole), world_of(whole, family.NOW), family.config()
    repo = Repo(
        whole.repo,
        labels=tuple(Label(name) for name in ("track/app", "track/site", "state/stale", "state/escalated")),
        milestones=whole.milestones,
    )
    states = [replace(one, timeline=history) for one in known for history in histories]

    together = judge.Judge(legacy, config, {})
    found = [together.judge(state, repo, world, is_recorded=True) for state in states]

    assert found == [judge.Judge(legacy, config, {}).judge(state, repo, world, is_recorded=True) for state in states]
    assert len(set(found)) > 6


def test_earlier_states_count_too() -> None:
    states = {
        "component": "c", "repository": "octo/app", "timestamp": "20251101T000000Z",
        "issues": [{"number": 1, "state": "open", "labels": ["team-app"], "milestone": "App 1", "created_at": "2025-10-01T00:00:00Z", "updated_at": "2025-10-02T00:00:00Z"}],
    }  # fmt: skip
    whole = snapshot(issue(1, "team-app", milestone=1), telemetry=(family.record("a.json", json.dumps(states)),))

    found = look(of=whole)

    assert found.states == 2
    assert said(found)["label state/escalated"][0] == "intended improvement"


ENTRY = '[[accepted]]\nmatch = "{match}"\nreason = "The team decided so in March."\nexpires = {expires}\n'


def test_an_accepted_difference_carries_its_reason() -> None:
    entries = read_accepted(ENTRY.format(match="#1 label state/*", expires="2026-06-01"))

    found = look(issue(1, "team-app", milestone=1, days=4), accepted=entries)

    assert [one.accepted for one in found.differences if one.subject == "#1" and "stale" in one.field] == [
        "The team decided so in March."
    ]
    assert not found.failed


@pytest.mark.parametrize(
    ("match", "expires", "word"),
    [("#9 *", "2026-06-01", "covers no difference"), ("#1 *", "2025-12-31", "expired on 2025-12-31")],
)
def test_an_unused_or_expired_entry_fails(match: str, expires: str, word: str) -> None:
    entries = read_accepted(ENTRY.format(match=match, expires=expires))

    found = look(issue(1, "team-app", milestone=1, days=4), accepted=entries)

    assert found.failed
    assert word in found.problems[0]
    assert not any(one.accepted for one in found.differences)


WRONG = {
    "not TOML": ("[[", 1),
    "nothing in it": ("[[accepted]]\n", 3),
    "unknown keys": (
        'other = 1\n[[accepted]]\nmatch = "a"\nreason = "long enough to say"\nexpires = 2026-01-01\nby = "me"\n',
        2,
    ),
    "no list": ("accepted = 3\n", 1),
    "no tables": ("accepted = [1]\n", 1),
    "a short reason, a day in quotes": ('[[accepted]]\nmatch = "a"\nreason = "ok"\nexpires = "2026-01-01"\n', 2),
}


@pytest.mark.parametrize("case", WRONG)
def test_everything_wrong_with_the_file_is_said_at_once(case: str) -> None:
    text, count = WRONG[case]

    with pytest.raises(ProblemError) as caught:
        read_accepted(text)

    assert len(caught.value.problems) == count


HOSTILE = (
    "<img src=x onerror=alert(1)> </script> \x1b[2J \u202e [a](javascript:x) ![b](http://evil/beacon) | @everyone `x`"
)


def test_h71_h72_a_hostile_title_or_label_acts_nowhere() -> None:
    odd = issue(1, HOSTILE, "team-app", "team-site", title=HOSTILE)
    found = look(odd)
    found = replace(
        found,
        repo=HOSTILE,
        notes=(HOSTILE,),
        differences=tuple(
            replace(one, subject=HOSTILE, because=HOSTILE, candidate=HOSTILE) for one in found.differences
        ),
    )

    page, text = words.page(found, clean), words.markdown(found, clean)

    assert "<img" not in page
    assert "<script" not in page
    assert "</script" not in page
    assert "default-src 'none'" in page
    for form in (page, text):
        assert "\x1b" not in form
        assert "\u202e" not in form
    assert "<img" not in text
    assert "](http" not in text
    assert "@everyone" not in text


def test_a_page_asks_for_nothing_and_its_style_is_the_one_its_policy_names() -> None:
    import base64
    import hashlib
    import re

    page = words.page(look(issue(1, "team-app", milestone=1, days=4)), clean)

    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    policy = re.search(r"style-src 'sha256-([^']+)'", page)
    assert style
    assert policy
    assert base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() == policy[1]
    assert not re.search(r"(?:src|href)=|url\(|@import|style=", page)


def test_equal_inputs_give_equal_bytes_whatever_the_order_of_the_files() -> None:
    issues = [given for given, _ in CASES.values()]
    one = look(*(replace(found, ref=replace(found.ref, number=place)) for place, found in enumerate(issues)))
    other = look(*(replace(found, ref=replace(found.ref, number=place)) for place, found in enumerate(issues)))

    for form in (words.page, words.markdown):
        assert form(one, clean) == form(other, clean)
    assert json.dumps(words.data(one)) == json.dumps(words.data(other))
    assert list(words.lines(one)) == list(words.lines(other))


def test_a_large_report_fits_into_a_pull_request() -> None:
    many = [issue(number, "team-app", f"label {number}", milestone=1, days=4) for number in range(1, 400)]

    assert len(words.markdown(look(*many), clean)) < 65_536


def test_time_is_taken_from_the_record_not_from_the_clock() -> None:
    later = snapshot(issue(1, "team-app", milestone=1), taken_at=family.NOW + timedelta(days=30))

    assert "label state/escalated" in said(look(of=later))
