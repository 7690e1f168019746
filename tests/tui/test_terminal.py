"""In a real terminal under a real shell, here and over SSH: stopped, resized, ended in every way, and given back as it was."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pexpect
import pytest

from tassist.services.overview import is_served
from tassist.tui.places import PLACES
from tests.support.console import typical
from tests.support.glass import Glass
from tests.support.service import outside

LEFT = r"\x1b\[\?1049l"
"""The screen is given back to the shell."""
TAKEN = r"\x1b\[\?1049h"
SHELL = "shell-prompt>"
BASH = ["/bin/bash", "--noprofile", "--norc", "-i"]
MOUSE = ("1000", "1002", "1003", "1006", "1015")
FOCUS, OTHER_SCREEN, CURSOR = "1004", "1049", "25"
F12 = "\x1b[24~"
CRASHING = """
from tassist.tui.app import TassistApp

async def crash(self):
    raise RuntimeError("a crash")

TassistApp.action_next_theme = crash
from tassist.entry import main
main(["console"])
"""

Shell: TypeAlias = "pexpect.spawn[str]"
Ending: TypeAlias = "Callable[[Shell, int], None]"
"""What ends the console of a shell; the number is the shell's own process, on whichever end of a connection."""


@pytest.fixture
def env(home: Path, tmp_path: Path) -> dict[str, str]:
    """Of a shell in which the console can be opened on an ordinary morning."""
    typical(home)
    (home / "serve.log").write_text("the first line of the log\n")
    pager = tmp_path / "pager"
    pager.write_text('#!/bin/sh\nread -r line <"$1"\necho "paged: $line"\nread -r answer\n')
    pager.chmod(0o700)
    return {
        **{name: os.environ[name] for name in ("PATH", "TZ", "LC_ALL") if name in os.environ},
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "HOME": str(tmp_path), "TASSIST_HOME": str(home), "TERM": "xterm-256color", "PAGER": str(pager), "PS1": SHELL,
    }  # fmt: skip


def spawned(command: list[str], env: dict[str, str]) -> Iterator[Shell]:
    child = pexpect.spawn(command[0], command[1:], env=env, dimensions=(24, 80), encoding="utf-8", timeout=120)
    child.expect_exact(SHELL)
    try:
        yield child
    finally:
        child.close(force=True)


@pytest.fixture
def shell(env: dict[str, str]) -> Iterator[Shell]:
    """A shell with job control."""
    yield from spawned(BASH, env)


@pytest.fixture
def remote_shell(env: dict[str, str], tmp_path: Path) -> Iterator[Shell]:
    """The same behind a real sshd on this machine, for whoever runs the test, with keys made for it."""
    sshd = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    ssh, keygen = shutil.which("ssh"), shutil.which("ssh-keygen")
    if sshd is None or ssh is None or keygen is None:
        pytest.skip("OpenSSH is not installed: apt-get install openssh-server")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # which a daemon of root's asks for
    for name in ("host", "mine"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = tmp_path / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {tmp_path}/host\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {tmp_path}/mine.pub\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
    )
    log = tmp_path / "sshd.log"
    with log.open("w") as said:
        daemon = subprocess.Popen([sshd, "-D", "-e", "-f", str(config)], stderr=said)
    try:
        while "Server listening on" not in log.read_text():
            if daemon.poll() is not None:
                pytest.skip(f"sshd does not start here: {log.read_text().strip()[-200:]}")
            time.sleep(0.02)
        far = shlex.join(["env", "-i", *(f"{name}={value}" for name, value in env.items()), *BASH])
        options = (
            "StrictHostKeyChecking=no",
            f"UserKnownHostsFile={tmp_path}/known",
            "IdentitiesOnly=yes",
            "BatchMode=yes",
        )
        given = [part for one in options for part in ("-o", one)]
        yield from spawned(
            [ssh, "-F", "none", "-tt", "-q", "-p", str(port), "-i", str(tmp_path / "mine"), *given, "127.0.0.1", far],
            {**env, "HOME": str(tmp_path)},
        )
    finally:
        daemon.terminate()
        daemon.wait(30)


@pytest.fixture
def crashing(tmp_path: Path) -> Path:
    """A console in which a key ends in an error nobody thought of."""
    program = tmp_path / "crashing.py"
    program.write_text(CRASHING)
    return program


def line_of(shell: Shell) -> str:
    """How the terminal is set, in the words of `stty`."""
    shell.sendline("stty -a; echo stty=$?.")
    shell.expect_exact("stty=0.")
    before: str | None = shell.before
    shell.expect_exact(SHELL)
    assert before is not None
    return before.partition("\n")[2]


def modes(drawn: str) -> dict[str, str]:
    """Each mode of the terminal that was switched: `h` on, `l` off in the end."""
    switched = re.findall(r"\x1b\[\?([\d;]+)([hl])", drawn)
    return {one: way for numbers, way in switched for one in numbers.split(";")}


class Heard:
    """Everything a terminal was sent."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        """As a file does it."""
        self.text += text

    def flush(self) -> None:
        """Nothing is kept back."""


def given_back(shell: Shell, command: str, end: Ending, code: int) -> None:
    """Open it, make the terminal wider and narrow again, end it: the terminal is as it was."""
    before = line_of(shell)
    shell.sendline("echo shell=$$.")
    shell.expect(r"shell=(\d+)\.")
    assert shell.match is not None
    of = int(shell.match.group(1))
    shell.expect_exact(SHELL)
    heard = Heard()
    shell.logfile_read = heard
    shell.sendline(f"{command}; echo code=$?.")
    shell.expect(TAKEN)
    shell.expect_exact("1 issue waits for longer")
    shell.setwinsize(40, 120)
    shell.expect_exact("what to do")
    shell.setwinsize(24, 80)
    shell.expect_exact("1 issue waits for longer")
    assert modes(heard.text)["1000"] == modes(heard.text)[OTHER_SCREEN] == "h"
    end(shell, of)
    shell.expect_exact(f"code={code}.")
    shell.expect_exact(SHELL)
    assert {
        one: way for one, way in modes(heard.text).items() if way == "h" and one in {*MOUSE, FOCUS, OTHER_SCREEN}
    } == {}
    assert modes(heard.text)[CURSOR] == "h"
    assert line_of(shell) == before


def by(signal_number: int) -> Ending:
    """From outside."""

    def end(_shell: Shell, of: int) -> None:
        [console] = Path(f"/proc/{of}/task/{of}/children").read_text().split()
        os.kill(int(console), signal_number)

    return end


def keys(text: str) -> Ending:
    """By what is typed."""

    def end(shell: Shell, _of: int) -> None:
        shell.send(text)

    return end


@pytest.mark.parametrize(
    "end",
    [keys("q"), keys("\x11"), by(signal.SIGTERM), by(signal.SIGHUP)],
    ids=["q", "ctrl-q", "termination", "hang-up"],
)
def test_however_it_ends_the_terminal_is_as_it_was(shell: Shell, end: Ending) -> None:
    given_back(shell, f"{sys.executable} -m tassist", end, 0)


def test_h74_after_a_crash_the_terminal_is_as_it_was(shell: Shell, crashing: Path) -> None:
    given_back(shell, f"{sys.executable} {crashing}", keys(F12), 1)


@pytest.mark.parametrize("end", [keys("q"), by(signal.SIGTERM)], ids=["q", "termination"])
def test_over_ssh_it_follows_the_window_and_gives_the_terminal_back(remote_shell: Shell, end: Ending) -> None:
    given_back(remote_shell, f"{sys.executable} -m tassist", end, 0)


def test_over_ssh_a_crash_gives_the_terminal_back(remote_shell: Shell, crashing: Path) -> None:
    given_back(remote_shell, f"{sys.executable} {crashing}", keys(F12), 1)


def on_glass(shell: Shell, glass: Glass, wanted: Callable[[list[str]], bool]) -> list[str]:
    """Read what is drawn until the screen shows what is wanted; its lines."""
    ends = time.monotonic() + 120
    while not wanted(glass.shown):
        assert time.monotonic() < ends, "\n".join(glass.shown)
        with contextlib.suppress(pexpect.TIMEOUT):
            shell.read_nonblocking(65_536, timeout=0.1)
    return glass.shown


def here(title: str) -> Callable[[list[str]], bool]:
    """Whether a place is drawn from its bar to its footer."""
    return lambda lines: f"[{title}]" in lines[0] and "palette" in lines[-1]


@pytest.mark.parametrize(
    ("command", "title", "said"),
    [
        ("", "1Home", "1 issue waits for longer than 5 minutes"),
        ("setup", "7Setup", "Do you want a new GitHub App"),
        ("migrate", "6Migration", ""),
        *((f"console --place {place.id}", f"{place.key}{place.title}", "") for place in PLACES),
    ],
)
def test_each_command_opens_the_app_at_its_place(shell: Shell, command: str, title: str, said: str) -> None:
    glass = Glass(80, 24)
    shell.logfile_read = glass
    shell.sendline(f"{sys.executable} -m tassist {command}; echo code=$?.")

    on_glass(shell, glass, lambda lines: here(title)(lines) and said in "\n".join(lines))
    shell.send("\x11")
    shell.expect_exact("code=0.")


def test_serving_opens_it_with_the_engine_inside_and_leaving_ends_the_service(
    env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "world").mkdir()
    with outside(tmp_path / "world") as world:
        port = {"TASSIST_PORT": "0", "TASSIST_HOME": str(world.home)}
        for shell in spawned(BASH, {**env, **world.env, **port}):
            glass = Glass(80, 24)
            shell.logfile_read = glass
            shell.sendline(f"{sys.executable} -m tassist serve; echo code=$?.")

            def runs(lines: list[str]) -> bool:
                return here("1Home")(lines) and any("service    running" in line for line in lines)

            on_glass(shell, glass, runs)
            assert is_served(world.home)
            shell.send("q")
            shell.expect_exact("code=0.")
            assert not is_served(world.home)


def test_a_storm_of_resizes_leaves_it_alive_and_drawn_right(shell: Shell) -> None:
    dice = random.Random(8)
    glass = Glass(80, 24)
    shell.logfile_read = glass
    shell.sendline(f"{sys.executable} -m tassist; echo code=$?.")
    first = on_glass(shell, glass, lambda lines: here("1Home")(lines) and "there is no App yet" in "\n".join(lines))

    def resize(columns: int, lines: int) -> None:
        shell.setwinsize(lines, columns)
        glass.resize(columns, lines)
        with contextlib.suppress(pexpect.TIMEOUT):
            shell.read_nonblocking(1 << 20, timeout=0)

    for _ in range(100):
        resize(dice.randint(20, 160), dice.randint(5, 60))
    resize(20, 5)
    small = on_glass(shell, glass, lambda lines: lines[0].endswith("what wants atten…") and lines[-1] != "")
    assert [line[:5] for line in small[1:3]] == ["! 1 i", "… No "]
    for _ in range(100):
        resize(dice.randint(20, 160), dice.randint(5, 60))
    resize(80, 24)

    assert on_glass(shell, glass, lambda lines: lines == first) == first
    shell.send("2")
    on_glass(shell, glass, here("2Deliveries"))
    shell.send("q")
    shell.expect_exact("code=0.")


def test_it_is_stopped_and_continued_gives_way_to_a_pager_and_ends_cleanly_on_a_termination(
    shell: Shell,
) -> None:
    shell.sendline(f"{sys.executable} -m tassist console --place log; echo code=$?.")
    shell.expect(TAKEN)
    shell.expect_exact("the first line of the log")

    shell.send("\x1a")
    shell.expect(LEFT)
    shell.expect_exact("Stopped")
    shell.expect_exact(SHELL)
    shell.sendline("fg")
    shell.expect(TAKEN)
    shell.expect_exact("the first line of the log")

    shell.send("e")
    shell.expect(LEFT)
    shell.expect_exact("paged: the first line of the log")
    shell.send("\r")
    shell.expect(TAKEN)
    shell.expect_exact("the first line of the log")

    [console] = Path(f"/proc/{shell.pid}/task/{shell.pid}/children").read_text().split()
    os.kill(int(console), signal.SIGTERM)
    shell.expect(LEFT)
    shell.expect_exact(SHELL)
