"""The real command as a process: how it starts, refuses to start, fills a disk, stands by, and ends."""

from __future__ import annotations

import json
import resource
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.service import Outside, deliver, wait_for


def serve(world: Outside, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `tassist serve` to its end, which is near."""
    return subprocess.run(
        [sys.executable, "-m", "tassist", "serve", "--headless", "--home", str(world.home), "--port", "0", *args],
        capture_output=True,
        text=True,
        timeout=30,
        env={**world.env, **env},
    )


def ready(url: str) -> tuple[bool, list[str]]:
    try:
        with urllib.request.urlopen(url + "/readyz", timeout=10) as answer:
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            found = json.load(error)
    return found["ready"], found["reasons"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes; skipped where the machine does not let us mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", str(folder)], capture_output=True
    )
    if done.returncode:
        pytest.skip("mounting a small file system is not permitted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


# --- starting ---------------------------------------------------------------------------------------


def test_it_says_where_it_listens_on_stdout_and_talks_on_stderr(world: Outside) -> None:
    with world.service() as service:
        assert service.url.startswith("http://127.0.0.1:")
        assert ready(service.url) == (True, [])
        assert service.stop() == 0

    for line in service.log.read_text().splitlines():
        assert {"action", "message", "level"} <= set(json.loads(line))


@pytest.mark.parametrize("secret", ["", "   "])
def test_h03_without_a_webhook_secret_it_does_not_start(world: Outside, secret: str) -> None:
    done = serve(world, GITHUB_WEBHOOK_SECRET=secret)

    assert done.returncode == 4
    assert "secret is not known" in done.stderr
    assert "fix:" in done.stderr
    assert done.stdout == ""


def test_with_an_unusable_key_it_does_not_start_and_does_not_show_it(world: Outside) -> None:
    key = world.env["GITHUB_PRIVATE_KEY"]
    done = serve(world, GITHUB_PRIVATE_KEY=key[: len(key) // 2])

    assert done.returncode in {2, 4}
    assert "key" in done.stderr
    assert key.splitlines()[3] not in done.stdout + done.stderr


def test_everything_that_is_wrong_is_said_at_once(world: Outside) -> None:
    done = serve(world, GITHUB_APP_ID="", GITHUB_WEBHOOK_SECRET="", GITHUB_WEBHOOK_SECRET_PREVIOUS_UNTIL="soon")

    assert done.returncode != 0
    assert done.stderr.count("error:") == 3


def test_h83_a_port_in_use_is_said_with_what_to_do(world: Outside) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = serve(world, "--port", str(taken.getsockname()[1]))

    assert done.returncode == 5
    assert "another program listens on that port" in done.stderr
    assert "--port" in done.stderr


def test_h83_an_address_that_is_not_ours_is_said_with_what_to_do(world: Outside) -> None:
    done = serve(world, "--host", "192.0.2.1")

    assert done.returncode == 5
    assert "--host" in done.stderr


def test_h83_a_home_that_is_a_file_is_said_by_name(world: Outside) -> None:
    world.home.rmdir()
    world.home.write_text("")

    done = serve(world)

    assert done.returncode == 5
    assert str(world.home) in done.stderr


def test_h83_a_read_only_home_is_said_by_name(world: Outside, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    done = serve(world, "--home", str(small_disk))

    assert done.returncode == 5
    assert "read-only file system" in done.stderr


# --- one at a time ----------------------------------------------------------------------------------


def test_h26_a_second_service_on_one_journal_refuses(world: Outside) -> None:
    with world.service() as service:
        done = serve(world)

        assert done.returncode == 5
        assert "another service uses this journal" in done.stderr
        assert "--stand-by" in done.stderr
        assert ready(service.url) == (True, [])


def test_h26_a_second_service_that_stands_by_takes_over_when_the_first_is_killed(world: Outside) -> None:
    issue = world.issue()
    with world.service() as first:
        second = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tassist",
                "serve",
                "--json",
                "--stand-by",
                "--home",
                str(world.home),
                "--port",
                "0",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=world.env,
        )
        try:
            assert second.stdout is not None
            assert second.stderr is not None
            assert "standing by" in second.stderr.readline()
            talk = threading.Thread(target=second.stderr.read, daemon=True)
            talk.start()
            first.kill()
            hello: dict[str, Any] = json.loads(second.stdout.readline())
            assert deliver(hello["url"], world.payload(issue), delivery_id="d-1") == 202
            wait_for(world.records, "a record")
            second.send_signal(signal.SIGTERM)
            assert second.wait(60) == 0
            talk.join(10)
        finally:
            second.kill()
            second.wait()
            for stream in (second.stdout, second.stderr):
                assert stream is not None
                stream.close()

    assert len(world.records()) == 1


# --- a disk that is full ------------------------------------------------------------------------------


def test_h27_a_full_disk_answers_503_and_recovers_when_there_is_room(world: Outside, small_disk: Path) -> None:
    world.home = small_disk
    big = {"padding": "x" * 200_000}
    issues = [world.issue() for _ in range(3)]
    with world.service() as service:
        assert deliver(service.url, world.payload(issues[0]), delivery_id="d-first") == 202
        wait_for(world.records, "a record")
        answers = [deliver(service.url, world.payload(999, **big), delivery_id=f"d-{number}") for number in range(20)]
        assert set(answers) == {202, 503}, answers
        assert answers[-1] == 503
        accepted = {f"d-{number}" for number, answer in enumerate(answers) if answer == 202}
        is_ready, reasons = ready(service.url)
        assert not is_ready
        assert "store-full" in reasons[0]
        assert service.alive()

        subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
        wait_for(lambda: ready(service.url) == (True, []), "the service to be ready again")
        assert deliver(service.url, world.payload(issues[1]), delivery_id="d-last") == 202
        wait_for(lambda: set(world.states().values()) <= {"done", "ignored", "dead"}, "everything to be handled")
        assert service.stop() == 0

    assert set(world.states()) == accepted | {"d-first", "d-last"}, "what was answered 202 is there, and nothing else"
    assert len({record["run_id"] for record in world.records()}) == len(world.records())


def test_h27_the_service_writes_no_bytecode_of_which_a_full_disk_could_leave_half(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    tassist = [sys.executable, "-m", "tassist", "serve", "--headless", "--home", str(tmp_path / "home")]

    done = subprocess.run(tassist, capture_output=True, env={"PATH": "/bin", "PYTHONPYCACHEPREFIX": str(kept)})

    assert done.returncode != 0, "no App is configured"
    written = {path.name.partition(".")[0] for path in kept.rglob("*.pyc") if "tassist" in path.parts}
    assert "wiring" not in written
    assert "entry" in written, "what is imported before the verb is known"


def test_h27_a_write_the_system_refuses_answers_503_and_recovers(world: Outside) -> None:
    with world.service() as service:
        assert deliver(service.url, b'{"zen":"1"}', event="ping", delivery_id="d-1") == 202
        process = service._process
        assert process is not None
        size = max(path.stat().st_size for path in world.home.glob("journal.db-wal"))
        before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        assert deliver(service.url, b'{"zen":"%s"}' % (b"x" * 20_000), event="ping", delivery_id="d-2") == 503
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)
        assert deliver(service.url, b'{"zen":"3"}', event="ping", delivery_id="d-3") == 202
        assert service.stop() == 0

    assert set(world.states()) == {"d-1", "d-3"}


# --- ending -------------------------------------------------------------------------------------------


def test_h32_sigterm_finishes_what_is_under_way_and_the_rest_resumes(world: Outside) -> None:
    issues = [world.issue() for _ in range(6)]
    with world.service() as service:
        for issue in issues:
            assert deliver(service.url, world.payload(issue), delivery_id=f"d-{issue.number}") == 202
        wait_for(lambda: world.box.writes, "a first write")
        assert service.stop() == 0
        written = len(world.box.writes)
    assert not [row for row in world.deliveries() if row.state not in {"done", "waiting", "stored"}]

    with world.service() as service:
        wait_for(lambda: set(world.states().values()) == {"done"}, "the rest", timeout_s=60)
        wait_for(lambda: len(world.records()) == 6, "all records")
        assert service.stop() == 0

    assert written >= 1
    assert len(world.box.writes) == 18, "three writes for each issue, none of them twice"
    assert world.box.requests.needless_writes == []
    assert sorted(record["issue_number"] for record in world.records()) == [issue.number for issue in issues]


@pytest.mark.parametrize("begun", ["serve.lock", "journal.db"])
def test_h32_a_signal_in_the_moments_in_which_it_starts_ends_it_too(world: Outside, begun: str) -> None:
    (world.home / begun).unlink(missing_ok=True)
    command = [sys.executable, "-m", "tassist", "serve", "--headless", "--home", str(world.home), "--port", "0"]
    service = subprocess.Popen(command, env=world.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wait_for((world.home / begun).exists, "the first sign of it", timeout_s=60)

    service.terminate()

    try:
        _, said = service.communicate(timeout=60)
    finally:
        service.kill()
    assert service.returncode == 0, said


def test_ctrl_c_ends_it_whole_with_its_own_exit_code(world: Outside) -> None:
    with world.service() as service:
        process = service._process
        assert process is not None
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130

    with world.service() as service:
        assert ready(service.url) == (True, [])


# --- what others can see ------------------------------------------------------------------------------


def test_h74_nothing_the_service_says_logs_records_or_keeps_holds_a_secret(world: Outside) -> None:
    issue = world.issue()
    key = world.env["GITHUB_PRIVATE_KEY"]
    canaries = {"webhook-canary-4f1d", "previous-canary-77ab", *(line for line in key.splitlines() if len(line) > 40)}
    world.box.faults.unauthorized(path="/repos/*", count=1)
    world.box.faults.answer(500, {"message": f"trouble with webhook-canary-4f1d and {key}"}, path="/repos/*", count=1)
    secrets = {
        "GITHUB_WEBHOOK_SECRET": "webhook-canary-4f1d",
        "GITHUB_WEBHOOK_SECRET_PREVIOUS": "previous-canary-77ab",
        "GITHUB_WEBHOOK_SECRET_PREVIOUS_UNTIL": "2999-01-01T00:00:00Z",
    }
    with world.service(**secrets) as service:
        for place, secret in enumerate(("webhook-canary-4f1d", "previous-canary-77ab", "wrong")):
            answer = deliver(service.url, world.payload(issue), delivery_id=f"d-{place}", secret=secret)
            assert answer == (401 if secret == "wrong" else 202)
        wait_for(world.records, "a record")
        assert service.stop() == 0
    canaries |= {token for token in world.box.world.tokens if len(token) > 20}

    assert any(token.startswith("ghs_") for token in canaries), "a token was made and used"
    written = {path: path.read_bytes() for path in world.home.rglob("*") if path.is_file()}
    assert any(path.name == "server.log" and content for path, content in written.items())
    for path, content in written.items():
        assert [canary for canary in canaries if canary.encode() in content] == [], path


def test_h04_a_running_service_takes_both_secrets_until_the_grace_is_over(world: Outside) -> None:
    def statuses(until: str) -> list[int]:
        rotation = {"GITHUB_WEBHOOK_SECRET": "new", "GITHUB_WEBHOOK_SECRET_PREVIOUS": "old"}
        with world.service(**rotation, GITHUB_WEBHOOK_SECRET_PREVIOUS_UNTIL=until) as service:
            found = [deliver(service.url, b'{"zen":"x"}', event="ping", secret=secret) for secret in ("new", "old")]
            assert service.stop() == 0
        return found

    assert statuses("2999-01-01T00:00:00Z") == [202, 202]
    assert "previous-secret" in (world.home / "server.log").read_text()
    assert statuses("2020-01-01T00:00:00Z") == [202, 401]


def test_h08_a_running_service_answers_others_while_five_hundred_say_nothing(world: Outside) -> None:
    with world.service() as service:
        silent = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(500)]
        try:
            for line in silent[::2]:
                line.sendall(b"POST /webhook HTTP/1.1\r\nHost: h\r\nContent-Le")
            answers = [
                deliver(service.url, b'{"zen":"x"}', event="ping", delivery_id=f"d-{number}") for number in range(20)
            ]
        finally:
            for line in silent:
                line.close()
        assert answers == [202] * 20
        assert service.stop() == 0


def test_h09_others_are_answered_while_a_payload_of_many_megabytes_is_read(world: Outside) -> None:
    big = b'{"action":"edited","padding":[%s{}]}' % (b'{"a":1},' * 3_000_000)
    assert 20 * 2**20 < len(big) <= 25 * 2**20
    with world.service() as service:
        assert deliver(service.url, big, delivery_id="d-big") == 202
        answered = 0
        while world.states()["d-big"] == "stored":
            assert deliver(service.url, b'{"zen":"x"}', event="ping", delivery_id=f"d-{answered}") == 202
            answered += 1
        assert service.stop() == 0

    assert answered >= 1, "at least one was answered before the large one was sorted"
    assert world.states()["d-big"] == "quarantined", "it names no issue"


@pytest.mark.parametrize("path", ["/", "/metrics", "/healthz/", "/dashboard", "/webhook/../metrics", "//metrics"])
def test_h80_through_a_tunnel_nothing_but_the_hook_and_health_is_there(world: Outside, path: str) -> None:
    with world.service() as service, socket.create_connection(("127.0.0.1", service.port), timeout=10) as line:
        head = f"GET {path} HTTP/1.1\r\nHost: x.ngrok.app\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n"
        line.sendall(head.encode())
        assert line.recv(100).startswith(b"HTTP/1.1 404 ")


# --- whoever started it -----------------------------------------------------------------------------

_STARTER = """
import json, sys, threading
from pathlib import Path
from tassist.services.demo.process import ServerProcess
home, env = sys.argv[1], json.loads(sys.stdin.readline())
server = ServerProcess(Path(home), env)
server.start()
print(server._process.pid, flush=True)
threading.Event().wait()
"""


def test_a_service_ends_when_whoever_started_it_is_killed(world: Outside) -> None:
    command = [sys.executable, "-c", _STARTER, str(world.home)]
    starter = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**world.env}, bufsize=1
    )
    with starter:
        assert starter.stdin is not None
        assert starter.stdout is not None
        starter.stdin.write(json.dumps(world.env) + "\n")
        pid = int(starter.stdout.readline())
        starter.kill()

        wait_for(lambda: not Path(f"/proc/{pid}/cmdline").exists() or gone(pid), "the service to end")
    assert "everything stored is kept" in (world.home / "server.log").read_text()


def gone(pid: int) -> bool:
    """Whether the process has ended, collected or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
