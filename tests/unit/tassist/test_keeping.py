"""How long the journal keeps what is over: never shorter than GitHub may bring it again."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.problems import ProblemError
from tassist.config.settings import load
from tassist.services.store import how_long
from tassist.store.model import Keep

SERVER = "https://github.example/api/v3"


def keep(tmp_path: Path, **env: str) -> Keep:
    (tmp_path / ".env").write_text("")
    (tmp_path / "tassist.toml").write_text("")
    return how_long(load(env=env, dotenv=tmp_path / ".env", file=tmp_path / "tassist.toml"))


def test_what_is_kept_where_nobody_says_otherwise(tmp_path: Path) -> None:
    assert keep(tmp_path) == Keep(bodies=7, deliveries=90, given_up=365)
    assert keep(tmp_path, TASSIST_KEEP_BODIES_DAYS="3").bodies == 3


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"TASSIST_KEEP_BODIES_DAYS": "6", "GITHUB_API_URL": SERVER}, ["keep_bodies_days"]),
        ({"TASSIST_KEEP_BODIES_DAYS": "7", "TASSIST_LOG_RETENTION_DAYS": "8"}, ["keep_bodies_days"]),
        ({"TASSIST_KEEP_BODIES_DAYS": "91"}, ["keep_deliveries_days"]),
        (
            {
                "TASSIST_KEEP_BODIES_DAYS": "30",
                "TASSIST_KEEP_DELIVERIES_DAYS": "20",
                "TASSIST_KEEP_GIVEN_UP_DAYS": "10",
            },
            ["keep_deliveries_days", "keep_given_up_days"],
        ),
        ({"TASSIST_KEEP_BODIES_DAYS": "2"}, ["keep_bodies_days"]),
    ],
)
def test_h23_what_github_may_bring_again_is_not_forgotten(
    tmp_path: Path, env: dict[str, str], named: list[str]
) -> None:
    with pytest.raises(ProblemError) as caught:
        keep(tmp_path, **env)

    assert [problem.what.split()[0] for problem in caught.value.problems] == named
    assert all(problem.fix for problem in caught.value.problems)
