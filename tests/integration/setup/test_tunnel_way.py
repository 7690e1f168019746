"""A running ngrok agent is found, proposed, and used for both: the page that creates the App, and the first delivery."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from setup_wizard.known import Facts, Known
from setup_wizard.questions import QUESTION_BY_ID
from tassist import secrets
from tassist.config import settings
from tassist.services.setup.ways import tunnels_at_hand
from tests.support.certificates import certificate
from tests.support.installing import Installing
from tests.support.passing_agent import passing_agent


def at_hand(api: str, **env: str) -> tuple[str, ...]:
    """What is found with an agent said to be there."""
    return tunnels_at_hand(settings.load(env={"HOME": "/nowhere", "TASSIST_NGROK_AGENT": api, **env}, dotenv=None))


def test_through_a_running_agent_one_click_and_one_delivery_are_all(installing: Installing, tmp_path: Path) -> None:
    """Nobody says which way: the agent is found, carries the page back, then the delivery, and keeps no tunnel of ours."""
    files = certificate(tmp_path)
    installing.box.webhooks.authority = installing.person.authority = str(files[0])
    path = installing.answers()
    left_out = ("webhook =", "create_with =")
    path.write_text("".join(line for line in path.read_text().splitlines(True) if not line.startswith(left_out)))

    with passing_agent(files) as agent:
        done = installing.tassist("setup", "--answers", str(path), "--json", TASSIST_NGROK_AGENT=agent.api)
        left = list(agent.tunnels)

    assert done.code == 0, done.err
    app = secrets.read(secrets.credentials_path(installing.home))
    made = installing.box.app(app.app_id)
    assert json.loads(done.out)["next"][0] == "tassist serve --tunnel agent"
    page, hook = agent.opened
    assert f"{page}/setup/" in done.err
    arrived = [each for each in installing.box.webhooks.of_app(made) if each.ok]
    assert [each.url for each in arrived] == [f"{hook}/webhook"]
    assert arrived[0].status_code == 202
    assert f"{arrived[0].guid}: answered 202" in done.err
    assert left == []
    assert made.hook_url == "https://webhook.invalid/webhook"


def test_an_agent_that_is_gone_by_then_is_said_and_nothing_is_made(installing: Installing, unused_port: int) -> None:
    path = installing.answers(webhook="agent", create_with="tunnel")

    done = installing.tassist("setup", "--answers", str(path), TASSIST_NGROK_AGENT=f"http://127.0.0.1:{unused_port}")

    assert done.code == 5, done.err
    assert "no ngrok agent is running on this machine" in done.err
    assert list(installing.box.world.apps) == []


@contextmanager
def answering(answer: bytes | None) -> Iterator[str]:
    """A server that says this to everybody, ``None``: nothing, and keeps the line open."""
    listening = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def run() -> None:
        held = []
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                break
            held.append(line)
            if answer is not None:
                line.recv(65536)
                line.sendall(answer)
                line.close()
        for line in held:
            line.close()
        ended.set()

    threading.Thread(target=run, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        ended.wait(5)


ODD = {
    "a page": b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>",
    "other JSON": b'HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{"tunnels": "x"}',
    "a refusal": b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\n{}",
    "no HTTP": b"SSH-2.0-OpenSSH_9\r\n",
    "half an answer": b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{",
    "silence": None,
}


@pytest.mark.parametrize("kind", ODD)
def test_whatever_else_answers_there_is_no_agent_and_costs_no_time(kind: str) -> None:
    with answering(ODD[kind]) as api:
        began = time.monotonic()
        found = at_hand(api)

    assert found == ()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "api", ["http://127.0.0.1:1", "127.0.0.1", "http://127.0.0.1:99999", "http://no.invalid:1", ""]
)
def test_an_address_where_nothing_is_finds_nothing(api: str) -> None:
    assert at_hand(api) == ()


def test_what_is_at_hand_is_proposed_an_agent_before_the_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = types.ModuleType("ngrok")
    package.__spec__ = types.SimpleNamespace(name="ngrok")  # type: ignore[assignment]  # what find_spec looks at
    monkeypatch.setitem(sys.modules, "ngrok", package)
    nothing = "http://127.0.0.1:1"

    assert at_hand(nothing) == ()
    assert at_hand(nothing, NGROK_AUTHTOKEN="canary-token") == ("ngrok",)
    with passing_agent(certificate(tmp_path)) as agent:
        both = at_hand(agent.api, NGROK_AUTHTOKEN="canary-token")

    assert both == ("agent", "ngrok")
    asked = QUESTION_BY_ID["webhook"]
    assert [asked.default(Known(facts=Facts(tunnels=each))) for each in (both, ("ngrok",), ())] == [
        "agent", "ngrok", "poll",
    ]  # fmt: skip
