"""The settings say which sinks there are; what is wrong with them is said at once, and never a password."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.problems import ProblemError
from tassist.config.settings import load
from tassist.errors import Secret
from tassist.secrets import GitHubApp
from tassist.services.telemetry_sinks import TelemetryChoice, choose, open_sinks

APP = GitHubApp(app_id=7, private_key=Secret("-"), slug="tass")


def chosen(sinks: str | None = None, **more: str) -> TelemetryChoice:
    env = {**({} if sinks is None else {"TASSIST_TELEMETRY_SINKS": sinks}), **more}
    return choose(load(env=env))


def test_without_a_word_records_go_to_json_lines_without_titles(tmp_path: Path) -> None:
    choice = chosen()

    (sink,) = open_sinks(choice, folder=tmp_path, app=APP)
    assert (sink.name, choice.include_titles) == ("jsonl", False)


def test_several_sinks_have_different_names(tmp_path: Path) -> None:
    choice = chosen(
        f"jsonl, jsonl:{tmp_path}/more,sqlite:{tmp_path}/t.db, github:acme/telemetry,postgresql,otlp:https://c/a-secret-path",
        TASSIST_TELEMETRY_POSTGRESQL="postgresql://u:hunter2hunter2@h/db",
        TASSIST_TELEMETRY_TITLES="on",
    )

    names = [sink.name for sink in open_sinks(choice, folder=tmp_path, app=APP)]
    assert re.fullmatch(r"otlp:c#[0-9a-f]{8}", names.pop()), "a webhook's path may be a secret"
    assert names == [
        "jsonl",
        f"jsonl:{tmp_path}/more",
        f"sqlite:{tmp_path}/t.db",
        "github:acme/telemetry",
        "postgresql",
    ]
    assert choice.include_titles
    assert "hunter2" not in repr(choice)


def test_everything_that_is_wrong_is_said_at_once_without_a_password() -> None:
    with pytest.raises(ProblemError) as raised:
        chosen(
            "jsonl,jsonl,kafka,sqlite,github:acme,postgresql,postgresql://u:hunter2hunter2@h/db,webhook:http://u:hunter2hunter2@h,otlp"
        )

    assert len(raised.value.problems) == 8
    assert "hunter2" not in str(raised.value)
    assert all(problem.fix for problem in raised.value.problems)
