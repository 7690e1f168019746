"""`tassist demo` as a person runs it: the real command in a process of its own."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tassist.telemetry.shape import Record

pytestmark = pytest.mark.slow
SNAPSHOT = "shared/recorded/saas-app/activity-engine-20251206T024831Z.json"


def command(*args: str) -> list[str]:
    """The command line of a demo."""
    return [sys.executable, "-m", "tassist", "demo", *args]


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made, so that what is left behind can be seen."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    return place


def servers_of(place: Path) -> list[str]:
    """Command lines of processes whose arguments name a folder below ``place``."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(place) in line:
                found.append(line)
    return found


def check_promises(summary: dict[str, object]) -> None:
    """What every demo promises, counted in the box and the journal."""
    assert summary["good"] is True
    assert summary["lost"] == 0
    assert summary["needless_writes"] == 0
    assert summary["second_look_writes"] == 0
    # Every issue and pull request, and the one the story opened.
    assert summary["second_look_issues"] == int(str(summary["issues"])) + 1
    assert summary["runs"] == summary["records"]
    assert int(str(summary["writes"])) > 0
    assert int(str(summary["server_starts"])) >= 2


def test_the_demo_runs_and_keeps_its_promises(folders: Path) -> None:
    done = subprocess.run(command("--json"), capture_output=True, text=True, timeout=300)

    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    check_promises(summary)
    assert summary["passed_over"] == []
    records = [
        msgspec.json.decode(line, type=Record)
        for path in summary["telemetry"]
        for line in Path(path).read_bytes().splitlines()
    ]
    runs = [record for record in records if record.event_type == "run"]
    assert len({record.event_id for record in records}) == len(records)
    assert len(runs) == summary["runs"]
    for words in (
        "killed (kill -9)",
        "exclusivity.track: applied",
        "milestone: applied",
        "delivery  issues.reopened again",
    ):
        assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "connect to host: GitHub greets a new App at once" in done.stderr, "the one that fails is no fault"
    assert servers_of(folders) == []
    (left,) = folders.iterdir()
    assert "github-app.json" not in {path.name for path in left.iterdir()}
    assert b"PRIVATE KEY" not in b"".join(path.read_bytes() for path in left.rglob("*") if path.is_file())


def test_the_recorded_repository_is_put_in_order_and_a_second_look_writes_nothing(
    folders: Path, project_root: Path
) -> None:
    seed = project_root.parent / SNAPSHOT
    if not seed.exists():
        pytest.skip("the recorded snapshot is not beside the checkout")

    done = subprocess.run(command("--json", "--seed", str(seed)), capture_output=True, text=True, timeout=300)

    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    check_promises(summary)
    assert summary["repo"] == "garybayes/saas-app"
    assert summary["issues"] >= 100
    # The eight issues of real work carry a legacy track label and no track of the new form.
    assert summary["corrected"] == 8


@pytest.mark.parametrize(
    "words", ["GitHub  ", "server  ", "1. "], ids=["while starting", "before the story", "in the story"]
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "termination"])
def test_an_interrupted_demo_leaves_no_process_and_no_file(folders: Path, words: str, number: signal.Signals) -> None:
    process = subprocess.Popen(command(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(words):
            break

    process.send_signal(number)
    _, rest = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Traceback" not in rest
    assert list(folders.iterdir()) == []
    assert servers_of(folders) == []


def test_a_demo_interrupted_before_its_first_word_leaves_nothing(folders: Path) -> None:
    process = subprocess.Popen(command(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while process.poll() is None and not list(folders.iterdir()):
        time.sleep(0)

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Traceback" not in said
    assert list(folders.iterdir()) == []


def test_h82_proxies_and_credentials_of_the_environment_have_no_part_in_it(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    for name in ("GITHUB_API_URL", "GITHUB_APP_ID", "GITHUB_PRIVATE_KEY", "GITHUB_TOKEN", "TASSIST_HOME"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    done = subprocess.run(command("--json"), capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stderr
    check_promises(json.loads(done.stdout))
    assert servers_of(folders) == []


def test_a_closed_terminal_leaves_no_process_and_no_file(folders: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command(), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    said = b""
    while b"server " not in said:
        said += os.read(ours, 4096)

    os.close(ours)
    process.send_signal(signal.SIGHUP)

    assert process.wait(60) == 130
    assert list(folders.iterdir()) == []
    assert servers_of(folders) == []


def test_kept_running_it_goes_on_until_it_is_interrupted(folders: Path) -> None:
    process = subprocess.Popen(command("--keep", "--json"), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("Still running"):
            break
    assert "/issues" in line
    assert process.poll() is None

    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    check_promises(json.loads(out))
    assert list(folders.iterdir()) == []
    assert servers_of(folders) == []


BAD_SEEDS = {
    "not JSON": (b"{", "seed"),
    "another form": (b'{"a": 1}', "seed"),
    "a list": (b"[]", "seed"),
    "not text": (b"\xff\xfe\x00", "seed"),
    "issues that are none": (b'{"repository": "a/b", "issues": [1, {"number": "x"}]}', "issues"),
}


@pytest.mark.parametrize("name", BAD_SEEDS)
def test_a_seed_that_is_not_what_it_claims_is_named_with_what_to_do(folders: Path, tmp_path: Path, name: str) -> None:
    content, words = BAD_SEEDS[name]
    seed = tmp_path / "seed.json"
    seed.write_bytes(content)

    done = subprocess.run(command("--seed", str(seed)), capture_output=True, text=True, timeout=60)

    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert words in done.stderr
    assert "fix: " in done.stderr
    assert "Traceback" not in done.stderr
    assert list(folders.iterdir()) == []


def test_a_seed_that_is_not_there_is_named(folders: Path) -> None:
    done = subprocess.run(command("--seed", "no-such-file.json"), capture_output=True, text=True, timeout=60)

    assert done.returncode in {2, 5}
    assert "no-such-file.json" in done.stderr
    assert "fix: " in done.stderr


def test_an_invalid_configuration_is_named_with_all_its_errors(folders: Path, tmp_path: Path) -> None:
    config = tmp_path / "bad.yml"
    config.write_text('schema_version: "1.0"\ntracks: 5\nlabels: []\nmilestones: [{titel: x}]\n')

    done = subprocess.run(command("--config", str(config)), capture_output=True, text=True, timeout=60)

    assert done.returncode == 2
    assert "bad.yml:2:" in done.stderr
    assert "bad.yml:4:" in done.stderr
    assert list(folders.iterdir()) == []


@pytest.fixture
def used_port() -> Iterator[int]:
    """A port somebody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_h83_a_port_in_use_is_named_with_what_to_do(folders: Path, used_port: int) -> None:
    done = subprocess.run(command("--port", str(used_port)), capture_output=True, text=True, timeout=60)

    assert done.returncode == 5
    assert str(used_port) in done.stderr
    assert "fix: stop it, or choose another with --port" in done.stderr
    assert list(folders.iterdir()) == []


@pytest.mark.parametrize("folder", ["/proc/tassist-demo", "/sys/tassist-demo"])
def test_h83_a_folder_that_cannot_be_written_is_named_with_what_to_do(folder: str) -> None:
    done = subprocess.run(command("--dir", folder), capture_output=True, text=True, timeout=60)

    assert done.returncode == 5
    assert folder in done.stderr
    assert "fix: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")

    done = subprocess.run(command("--dir", str(tmp_path)), capture_output=True, text=True, timeout=60)

    assert done.returncode == 2
    assert "is not an empty folder" in done.stderr
    assert (tmp_path / "mine.txt").read_text() == "keep me"


def test_h83_without_a_folder_for_temporary_files_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/proc/nowhere")
    code = (
        "import tempfile, sys\ntempfile._candidate_tempdir_list = lambda: ['/proc/nowhere']\n"
        "from tassist.entry import run\nsys.exit(run(['demo']))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert done.returncode == 5
    assert "fix: name a folder that can be written with --dir" in done.stderr


def test_h73_every_line_fits_a_terminal_of_40_columns(folders: Path) -> None:
    ours, theirs = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 40, 0, 0))
    process = subprocess.Popen(command(), stderr=theirs, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    os.close(theirs)
    said = b""
    while True:
        ready, _, _ = select.select([ours], [], [], 120)
        try:
            chunk = os.read(ours, 65536) if ready else b""
        except OSError:
            break
        if not chunk:
            break
        said += chunk
    process.communicate(timeout=60)
    os.close(ours)

    lines = said.decode().replace("\r\n", "\n").split("\n")
    assert process.returncode == 0
    assert len(lines) > 50
    assert [line for line in lines if len(line) > 40] == []
    assert b"\x1b" not in said
