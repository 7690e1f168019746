"""`track.classify` as its help says."""

from __future__ import annotations

from engine.config.types import Match
from engine.plan import AddLabels, CreateLabel
from tests.support.engine import by_rule, config, everything, healing, issue, label, look, repo, track

BUG = track("bug", match=Match(labels=("Defect",), title=("(?i)crash",), body=("Traceback",)))
MAIN = track("main", default=True)
RULES = config(tracks=(BUG, MAIN), self_healing=healing())


def test_an_issue_that_has_a_track_keeps_it_whatever_it_would_match() -> None:
    plan = look(issue("track/main", title="crash"), RULES)

    assert plan.effects == ()
    decision = by_rule(plan, "track.classify")
    assert (decision.outcome, decision.before, decision.after) == ("already", "track/main", "track/main")


def test_a_label_is_a_match_whatever_its_case() -> None:
    plan = look(issue("defect"), RULES)

    assert plan.effects == (AddLabels(("track/bug",), "track.classify", rules=("track.classify",)),)
    decision = by_rule(plan, "track.classify")
    assert (decision.outcome, decision.before, decision.after) == ("applied", None, "track/bug")
    assert decision.reason == "No track label; label Defect matches track bug."
    assert decision.config == BUG.where


def test_a_pattern_is_searched_in_title_and_body() -> None:
    by_title = by_rule(look(issue(title="App crashes"), RULES), "track.classify")
    by_body = by_rule(look(issue(body="see\nTraceback below"), RULES), "track.classify")

    assert "the title ((?i)crash)" in by_title.reason
    assert "the body (Traceback)" in by_body.reason


def test_case_counts_in_a_pattern_unless_it_says_otherwise() -> None:
    assert by_rule(look(issue(body="traceback"), RULES), "track.classify").after == "track/main"


def test_the_first_track_of_the_file_that_matches_wins() -> None:
    first, second = (track(name, match=Match(title=("x",))) for name in ("one", "two"))

    plan = look(issue(title="x"), config(tracks=(first, second), self_healing=healing()))

    assert by_rule(plan, "track.classify").after == "track/one"


def test_without_a_match_the_default_is_taken() -> None:
    decision = by_rule(look(issue(), RULES), "track.classify")

    assert decision.after == "track/main"
    assert decision.reason == "No track label and no match; main is the default track."


def test_without_match_and_default_the_issue_is_left_as_it_is() -> None:
    plan = look(issue(), config(tracks=(BUG,), self_healing=healing()))

    assert (plan.effects, plan.outcome) == ((), "success")
    assert by_rule(plan, "track.classify").outcome == "skipped"


def test_switched_off_is_skipped_and_not_asked_for_is_not_configured() -> None:
    for section in (healing(enabled=False), healing(fix_missing_track=False)):
        plan = look(issue(), config(tracks=(MAIN,), self_healing=section))
        assert by_rule(plan, "track.classify").outcome == "skipped"
        assert plan.effects == ()

    for absent in (config(tracks=(MAIN,)), config(self_healing=healing())):
        plan = look(issue(), absent)
        assert "track.classify" in plan.not_configured
        assert plan.effects == ()


def test_a_missing_track_label_is_created_as_declared_before_it_is_used() -> None:
    plan = look(
        issue(), config(tracks=(track("main", default=True, description="Work"),), self_healing=healing()), repo()
    )

    assert plan.effects == (
        CreateLabel("track/main", "Work", "ededed", "track.classify"),
        AddLabels(("track/main",), "track.classify", rules=("track.classify",)),
    )


def test_the_declared_colour_is_the_one_it_is_created_with() -> None:
    declared = label("track/main", color="1d76db", description="Declared")

    plan = look(issue(), config(tracks=(MAIN,), labels=(declared,), self_healing=healing()), repo())

    assert plan.effects[0] == CreateLabel("track/main", "Declared", "1d76db", "track.classify")


def test_h54_a_label_is_spelled_as_the_repository_spells_it() -> None:
    plan = look(issue(), RULES, repo(["Track/MAIN"]))

    assert plan.effects == (AddLabels(("Track/MAIN",), "track.classify", rules=("track.classify",)),)


def test_h57_an_issue_with_a_hundred_labels_gets_no_further_one() -> None:
    full = issue(*(f"l{number}" for number in range(100)))

    plan = look(full, RULES)

    assert plan.effects == ()
    decision = by_rule(plan, "track.classify")
    assert decision.outcome == "skipped"
    assert "100 labels" in decision.reason
    assert plan.outcome == "partial"


def test_ninety_nine_labels_leave_room_for_one() -> None:
    assert len(look(issue(*(f"l{number}" for number in range(99))), RULES).effects) == 1


def test_an_issue_under_a_tracks_former_name_is_not_given_another_track() -> None:
    known = config(tracks=(track("old", aliases=("legacy",)), MAIN), self_healing=healing(normalize_labels=False))

    plan = look(issue("Legacy"), known, everything(known))

    assert plan.effects == ()
    assert "former name of track/old" in by_rule(plan, "track.classify").reason


def test_a_repository_with_the_former_name_only_waits_for_the_rename() -> None:
    known = config(tracks=(track("main", default=True, aliases=("legacy",)),), self_healing=healing())

    plan = look(issue(), known, repo(["Legacy"]))

    assert plan.effects == ()
    assert plan.outcome == "partial"
    assert "tassist apply" in by_rule(plan, "track.classify").reason


def test_h17_an_issue_without_anything_is_decided() -> None:
    bare = issue(title="", body="", created_at=None)

    assert by_rule(look(bare, RULES), "track.classify").after == "track/main"


def test_a_lone_surrogate_in_the_title_breaks_no_pattern() -> None:
    assert by_rule(look(issue(title="\ud800 crash"), RULES), "track.classify").after == "track/bug"
