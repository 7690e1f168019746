"""The engine's answer to all 100 items of the recorded repository, under the configuration written for it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from engine.backtest import Seen
from engine.config import Config, parse
from engine.decide import decide
from engine.model import Trigger
from tassist.contract.promises import promises
from tassist.contract.sound import unsound
from tassist.contract.world import applied
from tassist.services.simulate.reading import read_history

SNAPSHOT = "activity-engine-20251206T024831Z.json"


@pytest.fixture
def config(project_root: Path) -> Config:
    parsed = parse((project_root / "examples" / "saas-app.yml").read_text())
    assert isinstance(parsed, Config), parsed
    return parsed


@pytest.fixture
def seen(config: Config, project_root: Path) -> list[Seen]:
    recorded = project_root.parent / "shared" / "recorded" / "saas-app" / SNAPSHOT
    if not recorded.is_file():
        pytest.skip("the recorded data is not beside the checkout")
    return list(read_history(recorded).seen(config, guess=True))


def test_its_configuration_keeps_what_it_promises(config: Config) -> None:
    assert {promise.standing for promise in promises(config)} == {"kept"}
    assert config.warnings == ()


def test_all_100_items_are_answered_and_a_second_look_writes_nothing(config: Config, seen: list[Seen]) -> None:
    effects: Counter[str] = Counter()
    for state in seen:
        plan = decide(Trigger("sweep"), state.issue, state.repo, config, state.at)
        assert unsound(plan, state.issue, state.repo) == []
        effects.update(type(effect).__name__ for effect in plan.effects)

        issue, repo = applied(plan.effects, state.issue, state.repo, state.at)
        again = decide(Trigger("sweep"), issue, repo, config, state.at)

        assert again.effects == (), state.issue.ref
    assert len(seen) == 100
    assert set(effects) <= {"AddLabels", "RemoveLabels"}, "every milestone in the record is right already"
    assert sum(effects.values()) > 0


def test_what_is_closed_stays_as_it_is(config: Config, seen: list[Seen]) -> None:
    closed = [state for state in seen if state.issue.state == "closed"]
    assert len(closed) == 43
    for state in closed:
        assert not decide(Trigger("sweep"), state.issue, state.repo, config, state.at).changes


def test_the_eight_issues_of_real_work_come_to_their_tracks(config: Config, seen: list[Seen]) -> None:
    for state in seen:
        if 87 <= state.issue.ref.number <= 94:
            plan = decide(Trigger("sweep"), state.issue, state.repo, config, state.at)
            issue, _ = applied(plan.effects, state.issue, state.repo, state.at)
            track = "track/main" if state.issue.ref.number < 92 else "track/dashboard"
            assert issue.has_label(track)
            assert not any(name.startswith(("codex-", "needs-")) for name in issue.labels)
            assert issue.milestone == state.issue.milestone
