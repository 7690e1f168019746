"""Each check of the machine in the state it is there for, with real files, ports and terminals."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tassist.doctor import env_file, folder, git, keys, ports, python
from tassist.doctor.check import Check, Finding, Machine, State
from tassist.doctor.examine import examine
from tests.integration.doctor.conftest import Desk
from tests.support import keys as made


async def look(checks: tuple[Check[Machine], ...], check_id: str, machine: Machine) -> Finding:
    check = next(check for check in checks if check.id == check_id)
    return (await examine([(check, machine)]))[0].finding


async def test_an_ordinary_machine_is_well(desk: Desk) -> None:
    checks = (*python.CHECKS, *folder.CHECKS, *keys.CHECKS, *env_file.CHECKS)

    found = await examine([(check, desk.machine()) for check in checks])

    assert {item.finding.state for item in found} <= {State.OK, State.SKIPPED}, found


async def test_an_old_python_is_named(desk: Desk) -> None:
    finding = await look(python.CHECKS, "python", desk.machine(python=(3, 10, 4)))

    assert finding.state == State.FAILED
    assert "3.10.4" in finding.said


def _with_a_strange_engine(tmp_path: Path, code: str, *args: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").write_text(code)
    root = Path(__file__).parents[3]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(root)]), "HOME": str(tmp_path)}
    return subprocess.run([sys.executable, *args], capture_output=True, text=True, cwd=tmp_path, env=env, timeout=60)


def test_another_programs_engine_is_found_and_not_run(tmp_path: Path) -> None:
    done = _with_a_strange_engine(
        tmp_path, "raise SystemExit('ran')", "-c", "from tassist.rooms import stranger; print(stranger())"
    )

    assert "the package engine is another program's" in done.stdout, done.stderr[-500:]
    assert str(tmp_path) in done.stdout
    assert "ran" not in done.stderr


@pytest.mark.parametrize("verb", [["doctor"], ["rules", "list"], ["--help"], []])
def test_another_programs_engine_is_told_by_every_verb(tmp_path: Path, verb: list[str]) -> None:
    done = _with_a_strange_engine(tmp_path, "", "-m", "tassist", *verb)

    assert done.returncode == 1, done.stderr[-500:]
    assert done.stderr.startswith(f"error: the package engine is another program's: it comes from {tmp_path}")
    assert "fix: install tassist into an environment of its own" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"env": {"TERM": "dumb"}}, "TERM is dumb"),
        ({"encoding": "ascii"}, "encoding is ascii"),
        ({"size": (20, 5)}, "20 columns and 5 lines"),
    ],
)
async def test_h73_a_terminal_that_cannot_show_everything_is_a_warning(
    desk: Desk, changes: dict[str, Any], said: str
) -> None:
    finding = await look(python.CHECKS, "terminal", desk.machine(**changes))

    assert finding.state == State.WARNING
    assert said in finding.said


async def test_no_terminal_is_nothing_to_worry_about(desk: Desk) -> None:
    finding = await look(python.CHECKS, "terminal", desk.machine(streams=(False, True, True)))

    assert finding.state == State.SKIPPED


async def test_a_folder_others_can_read_is_mended(desk: Desk) -> None:
    desk.home.chmod(0o755)
    check = next(check for check in folder.CHECKS if check.id == "folder")

    before = await look(folder.CHECKS, "folder", desk.machine())
    assert check.mend is not None
    await check.mend(desk.machine())
    after = await look(folder.CHECKS, "folder", desk.machine())

    assert (before.state, before.mendable) == (State.WARNING, True)
    assert after.state == State.OK


async def test_h83_a_folder_that_is_none_is_named(desk: Desk) -> None:
    file = desk.folder / "file"
    file.write_text("")

    finding = await look(folder.CHECKS, "folder", desk.machine(home=file / "below"))

    assert finding.state == State.FAILED
    assert "file" in finding.said


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc/sys").exists(), reason="needs a file system nobody writes")
async def test_h83_a_read_only_place_is_named(desk: Desk) -> None:
    finding = await look(folder.CHECKS, "folder", desk.machine(home=Path("/proc/sys/tassist")))

    assert finding.state == State.FAILED
    assert finding.fix


async def test_a_full_disk_and_a_far_one_are_told_apart(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = tmp_path / "mounts"
    table.write_text(f"server:/x / nfs4 rw 0 0\ntmpfs {tmp_path} tmpfs rw 0 0\n")
    assert folder.file_system(tmp_path, table) == "tmpfs"
    assert folder.file_system(Path("/usr"), table) == "nfs4"
    assert folder.file_system(Path("/usr"), tmp_path / "none") == ""

    monkeypatch.setattr(folder, "FULL_BYTES", 2**63)
    assert (await look(folder.CHECKS, "disk", desk.machine())).state == State.FAILED
    monkeypatch.setattr(folder, "FULL_BYTES", 0)
    monkeypatch.setattr(folder, "LOW_BYTES", 2**63)
    assert (await look(folder.CHECKS, "disk", desk.machine())).state == State.WARNING


async def test_h83_a_port_in_use_is_told_with_its_owner(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        machine = desk.machine(env={"TASSIST_PORT": str(port)})

        finding = await look(ports.CHECKS, "port", machine)
        ours = await look(ports.CHECKS, "port", desk.machine(env={"TASSIST_PORT": str(port)}, serving=str(os.getpid())))

    assert finding.state == State.FAILED
    assert f"(process {os.getpid()})" in finding.said
    assert ours.state == State.OK


async def test_h83_an_address_this_machine_has_not_is_named(desk: Desk) -> None:
    finding = await look(ports.CHECKS, "port", desk.machine(env={"TASSIST_HOST": "no.such.host.invalid"}))

    assert finding.state == State.FAILED
    assert "no.such.host.invalid" in finding.said


@pytest.mark.parametrize(
    ("text", "state", "said"),
    [
        ("GITHUB_APP_ID=1\n", State.OK, "sets 1 of our variables"),
        ("# a comment\n\nexport GITHUB_APP_ID='1'\nFOO=bar\n", State.OK, "sets 1"),
        ("GITHUB_APP_ID=1\nthis is no line\n", State.FAILED, "line 2 is not of the form"),
        ("TASSIST_PROT=1\n", State.WARNING, "TASSIST_PROT, which nobody reads"),
        ("GITHUB_APPID=1\nTASSIST_NOPE=1\n", State.WARNING, "GITHUB_APPID, and 1 more"),
        ("TASSIST_PORT=1\nTASSIST_PORT=2\n", State.WARNING, "twice"),
        ("GITHUB_PRIVATE_KEY=-----BEGIN RSA PRIVATE KEY-----\nMIIE\n", State.FAILED, "line"),
        ("", State.OK, "none of our variables"),
    ],
)
async def test_an_env_file_is_read_line_by_line(desk: Desk, text: str, state: State, said: str) -> None:
    (desk.folder / ".env").write_text(text)
    (desk.folder / ".env").chmod(0o600)

    finding = await look(env_file.CHECKS, "env-file", desk.machine())

    assert finding.state == state, finding
    assert said in finding.said


async def test_a_misspelt_variable_is_told_with_the_right_one(desk: Desk) -> None:
    (desk.folder / ".env").write_text("GITHUB_WEBHOK_SECRET=x\n")

    finding = await look(env_file.CHECKS, "env-file", desk.machine())

    assert finding.fix == "write GITHUB_WEBHOOK_SECRET"


async def test_h76_secrets_in_an_env_file_others_can_read_fail_and_are_mended(desk: Desk) -> None:
    path = desk.folder / ".env"
    path.write_text("GITHUB_WEBHOOK_SECRET=canary-in-env\n")
    path.chmod(0o644)

    before = await look(env_file.CHECKS, "env-file", desk.machine())
    mend = env_file.CHECKS[0].mend
    assert mend is not None
    await mend(desk.machine())

    assert (before.state, before.mendable) == (State.FAILED, True)
    assert "canary" not in repr(before)
    assert (await look(env_file.CHECKS, "env-file", desk.machine())).state == State.OK


async def test_h76_an_env_file_that_is_a_link_is_refused(desk: Desk) -> None:
    (desk.folder / "other").write_text("GITHUB_APP_ID=1\n")
    (desk.folder / ".env").symlink_to("other")

    assert (await look(env_file.CHECKS, "env-file", desk.machine())).state == State.FAILED


async def test_wrong_settings_are_told(desk: Desk) -> None:
    finding = await look(keys.CHECKS, "settings", desk.machine(env={"TASSIST_PORT": "many"}))

    assert finding.state == State.FAILED
    assert "port" in finding.said


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda pem: pem.replace("\n", "\\n"), State.OK),
        (lambda pem: pem.replace("\n", "\r\n"), State.OK),
        (lambda pem: f'"{pem}"', State.OK),
        (lambda pem: pem[:400], "cut short"),
        (lambda pem: pem.replace("\n", "\\n")[:400], "cut short"),
        (lambda _: made.public(), "public key"),
        (lambda _: "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----", "OpenSSH"),
        (lambda _: "/keys/app.pem", "name of a file"),
        (lambda _: "SHA256:abcdef", "fingerprint"),
    ],
)
async def test_h51_a_damaged_key_is_named_and_never_shown(desk: Desk, damage: Any, code: str) -> None:
    text = damage(made.pem(0))

    finding = await look(keys.CHECKS, "private-key", desk.machine(env={"GITHUB_PRIVATE_KEY": text}))

    if code == State.OK:
        assert finding.state == State.OK, finding
        assert finding.said.startswith("SHA256:")
    else:
        assert finding.state == State.FAILED
        assert code in finding.said
    assert not re.search(r"MII[A-Za-z0-9+/]{20}", repr(finding))


async def test_credentials_without_a_webhook_secret_fail(desk: Desk) -> None:
    env = {"GITHUB_APP_ID": "5", "GITHUB_PRIVATE_KEY": made.pem(0)}

    finding = await look(keys.CHECKS, "credentials", desk.machine(env=env))

    assert finding.state == State.FAILED
    assert "webhook's secret" in finding.said


def _repository(folder: Path) -> None:
    for args in (["init", "-q"], ["config", "user.email", "a@b"], ["config", "user.name", "a"]):
        subprocess.run(["git", *args], cwd=folder, check=True)


async def test_git_tells_of_secrets_that_would_be_committed(desk: Desk) -> None:
    _repository(desk.folder)
    (desk.folder / ".env").write_text("GITHUB_WEBHOOK_SECRET=x\n")

    unignored = await look(git.CHECKS, "git", desk.machine())
    subprocess.run(["git", "add", ".env"], cwd=desk.folder, check=True)
    tracked = await look(git.CHECKS, "git", desk.machine())
    subprocess.run(["git", "rm", "-q", "--cached", ".env"], cwd=desk.folder, check=True)
    (desk.folder / ".gitignore").write_text(".env\n")
    ignored = await look(git.CHECKS, "git", desk.machine())

    assert (unignored.state, tracked.state, ignored.state) == (State.WARNING, State.FAILED, State.OK)


async def test_a_configuration_that_is_wrong_or_not_committed_is_told(desk: Desk) -> None:
    _repository(desk.folder)
    config = desk.folder / git.CONFIG
    config.parent.mkdir()
    config.write_text("tracks: 5\n")

    assert (await look(git.CHECKS, "configuration", desk.machine())).state == State.FAILED
    assert (await look(git.CHECKS, "git", desk.machine())).state == State.WARNING
    config.write_text('schema_version: "1.0"\ntracks: []\nlabels: []\nmilestones: []\n')
    assert (await look(git.CHECKS, "configuration", desk.machine())).state == State.OK


async def test_a_check_that_hangs_keeps_no_other_one(desk: Desk) -> None:
    import asyncio

    async def hangs(_: Machine) -> Finding:
        await asyncio.Event().wait()
        raise AssertionError

    async def breaks(_: Machine) -> Finding:
        raise RuntimeError("authorization: bearer ghs_canary0123456789abcdef")

    checks = [Check("hangs", "Hangs", "", hangs), Check("breaks", "Breaks", "", breaks), python.CHECKS[0]]

    hung, broken, fine = await examine([(check, desk.machine()) for check in checks], deadline_s=0.2)

    assert "no answer within 0.2 s" in hung.finding.said
    assert "this is a bug" in broken.finding.fix
    assert "canary" not in repr(broken)
    assert fine.finding.state == State.OK


def test_the_checks_are_listed_deepened_and_one_is_mended(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tassist.entry import run

    monkeypatch.setenv("TASSIST_HOME", str(tmp_path / "home"))
    assert run(["doctor", "--list"]) == 0
    listed = capsys.readouterr().out
    assert {"python", "folder", "hook"} <= {row.split()[0] for row in listed.splitlines()[1:]}

    assert run(["doctor", "--only", "python", "--deep", "--json"]) == 0
    assert [found["id"] for found in json.loads(capsys.readouterr().out)["checks"]] == ["python"]

    assert run(["doctor", "--fix", "nothing"]) == 2
    assert "nothing" in capsys.readouterr().err
    (tmp_path / "home").mkdir(mode=0o755)
    (tmp_path / "home").chmod(0o755)
    assert run(["doctor", "--fix", "folder"]) == 0
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
