"""Settings are read in one place, in one order, and every mistake is named at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.problems import ProblemError
from tassist.config.settings import SETTINGS, Settings, default_home, load
from tassist.config.typed import command
from tassist.errors import Secret


def read(
    tmp_path: Path, *, env: dict[str, str] | None = None, dotenv: str = "", toml: str = "", **flags: str
) -> Settings:
    """Load settings from the given layers only."""
    (tmp_path / ".env").write_text(dotenv)
    (tmp_path / "tassist.toml").write_text(toml)
    return load(flags, env=env or {}, dotenv=tmp_path / ".env", file=tmp_path / "tassist.toml")


def test_the_next_command_names_the_folder_only_where_nothing_else_would_find_it(tmp_path: Path) -> None:
    assert (
        command(read(tmp_path, home="it's here"), "serve --poll") == """tassist serve --poll --home 'it'"'"'s here'"""
    )
    assert command(read(tmp_path, env={"TASSIST_HOME": "/srv/x"}), "serve") == "tassist serve"
    assert command(read(tmp_path, home=""), "doctor") == "tassist doctor"


def test_a_flag_beats_a_variable_beats_dotenv_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    layers = {"env": {"TASSIST_PORT": "2"}, "dotenv": "TASSIST_PORT=3", "toml": "port = 4"}

    assert read(tmp_path, port="1", **layers).number("port") == 1  # type: ignore[arg-type]  # layers are by name
    assert read(tmp_path, env=layers["env"], dotenv="TASSIST_PORT=3", toml="port = 4").number("port") == 2  # type: ignore[arg-type]
    assert read(tmp_path, dotenv="TASSIST_PORT=3", toml="port = 4").number("port") == 3
    assert read(tmp_path, toml="port = 4").number("port") == 4
    assert read(tmp_path).number("port") == 8080


def test_a_value_says_where_it_came_from(tmp_path: Path) -> None:
    settings = read(tmp_path, env={"APP_ID": "7"})

    assert settings.values["app_id"].source == "APP_ID"
    assert settings.values["host"].source == "default"


@pytest.mark.parametrize(
    ("env", "code"),
    [
        ({"TASSIST_PORT": "80 80"}, "setting-wrong"),
        ({"TASSIST_PORT": "65536"}, "setting-wrong"),
        ({"TASSIST_PORT": "-1"}, "setting-wrong"),
        ({"TASSIST_PORT": "８０"}, "setting-wrong"),
        ({"TASSIST_LOG_LEVEL": "loud"}, "setting-wrong"),
        ({"TASSIST_HOST": "a\x1b[2J"}, "setting-wrong"),
    ],
    ids=["two numbers", "too large", "negative", "other digits", "no such choice", "control characters"],
)
def test_a_wrong_value_is_named_with_its_source_and_what_is_allowed(
    tmp_path: Path, env: dict[str, str], code: str
) -> None:
    with pytest.raises(ProblemError) as caught:
        read(tmp_path, env=env)

    (problem,) = caught.value.problems
    assert problem.code == code
    assert next(iter(env)) in problem.what
    assert problem.why
    assert problem.fix
    assert "\x1b" not in str(problem)


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(ProblemError) as caught:
        read(
            tmp_path, env={"TASSIST_PORT": "x", "TASSIST_LOG_LEVEL": "y"}, toml='colour = "red"\nwebhook_secret = "abc"'
        )

    assert [problem.code for problem in caught.value.problems] == [
        "setting-unknown",
        "secret-in-settings",
        "setting-wrong",
        "setting-wrong",
    ]


def test_a_key_cut_by_dotenv_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(ProblemError) as caught:
        read(
            tmp_path, dotenv="GITHUB_PRIVATE_KEY=-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n"
        )

    assert "dotenv-cut-key" in {problem.code for problem in caught.value.problems}


def test_a_secret_with_a_dollar_is_kept_to_the_letter(tmp_path: Path) -> None:
    settings = read(tmp_path, dotenv="GITHUB_WEBHOOK_SECRET='a${HOME}b'")

    assert settings.secret("webhook_secret").reveal() == "a${HOME}b"


def test_h74_a_secret_never_shows_itself() -> None:
    secret = Secret("canary-7f3a")

    for shown in (repr(secret), str(secret), f"{secret}", f"{secret:>20}", repr({"a": secret})):
        assert "canary" not in shown
    with pytest.raises(TypeError):
        secret.__reduce__()


def test_a_secret_is_not_given_out_as_text(tmp_path: Path) -> None:
    settings = read(tmp_path, env={"GITHUB_WEBHOOK_SECRET": "canary"})

    with pytest.raises(TypeError):
        settings.text("webhook_secret")


@pytest.mark.parametrize(
    ("toml", "code"),
    [("port = ", "settings-file-broken"), ("port = [1]", "setting-wrong"), ("host = true", "setting-wrong")],
)
def test_a_broken_settings_file_is_a_problem_with_a_fix(tmp_path: Path, toml: str, code: str) -> None:
    with pytest.raises(ProblemError) as caught:
        read(tmp_path, toml=toml)

    assert caught.value.problems[0].code == code
    assert caught.value.problems[0].fix


def test_a_settings_file_that_is_not_text_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ProblemError) as caught:
        load(env={}, file=tmp_path / "x.toml")

    assert caught.value.problems[0].code == "settings-not-utf8"


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"XDG_STATE_HOME": "/x", "HOME": "/h"}, Path("/x/tassist")),
        ({"HOME": "/h"}, Path("/h/.local/state/tassist")),
    ],
)
def test_the_home_folder_follows_the_xdg_convention(env: dict[str, str], expected: Path) -> None:
    assert default_home(env) == expected


def test_h83_without_any_home_the_current_folder_serves() -> None:
    assert default_home({}) == Path.cwd() / ".tassist"


def test_names_and_variables_are_unique() -> None:
    variables = [variable for setting in SETTINGS for variable in setting.env]

    assert len(variables) == len(set(variables))
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
