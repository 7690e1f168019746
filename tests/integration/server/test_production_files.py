"""The production examples say what the product understands."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from click.testing import CliRunner

from tassist.cli.serve import command
from tassist.config.settings import SETTINGS


def unit(project_root: Path) -> dict[str, list[str]]:
    """Values by key of the whole unit; a key may be there several times."""
    found: dict[str, list[str]] = {}
    for line in (project_root / "examples/production/tassist.service").read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def test_the_unit_starts_what_exists_with_settings_that_exist(project_root: Path) -> None:
    found = unit(project_root)

    program, verb, *flags = found["ExecStart"][0].split()
    assert (Path(program).name, verb) == ("tassist", "serve")
    known = {option for parameter in command.params for option in parameter.opts}
    assert set(flags) <= known
    variables = {name for setting in SETTINGS for name in setting.env}
    assert {line.partition("=")[0] for line in found["Environment"]} <= variables
    assert found["Restart"] == ["always"]
    assert int(found["TimeoutStopSec"][0]) > 8, "longer than the drain"
    if analyze := shutil.which("systemd-analyze"):
        path = project_root / "examples/production/tassist.service"
        done = subprocess.run([analyze, "verify", str(path)], capture_output=True, text=True, timeout=60)
        assert "Unknown" not in done.stderr


def test_the_container_file_starts_what_exists_as_nobody(project_root: Path) -> None:
    lines = (project_root / "examples/production/Containerfile").read_text().splitlines()

    (start,) = [line for line in lines if line.startswith("CMD ")]
    flags = [word.strip('"[], ') for word in start.removeprefix("CMD ").split(",")][1:]
    assert set(flags) <= {option for parameter in command.params for option in parameter.opts}
    assert "USER 65534:65534" in lines
    (variables,) = [line for line in lines if line.startswith("ENV ")]
    known = {name for setting in SETTINGS for name in setting.env} | {"PYTHONDONTWRITEBYTECODE"}
    assert {word.partition("=")[0] for word in variables.split()[1:]} <= known
    assert CliRunner().invoke(command, ["--help"]).exit_code == 0
