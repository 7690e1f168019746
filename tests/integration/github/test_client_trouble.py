"""The client where servers and networks fail: what it retries, what it hands back, and what it never does."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from engine.ports import Retry
from engine.problems import ProblemError
from tassist.github.client import AnswerLost, Meter
from tassist.github.faults import Kind, Refused
from tassist.github.transport import Timeouts
from tassist.github.wire import IssueWire, LabelWire, RepoWire
from tests.integration.github.asking import WHO, Named, api
from tests.integration.github.conftest import Connect
from tests.support.scripted import Reply, Scripted

TROUBLE = {
    "500": Reply(500, body={"message": "oops"}),
    "502 with HTML": Reply(502, body=b"<html>bad gateway</html>"),
    "503": Reply(503, body=b""),
    "504": Reply(504, body=b""),
    "HTML on 200": Reply(200, body=b"<html>log in to the proxy</html>", headers={"content-type": "text/html"}),
    "truncated JSON": Reply(200, body=b'{"id": 1, "full_na'),
    "empty 200": Reply(200, body=b""),
    "204": Reply(204, body=b""),
    "another form": Reply(200, body=[1, 2]),
    "deep nesting": Reply(200, body=b"[" * 100_000),
    "cut in the body": Reply(200, body={"id": 1}, length=5000, reset=True),
    "reset before the answer": Reply(raw=b"", reset=True),
    "half a status line": Reply(raw=b"HTTP/1.1 2", reset=True),
    "no HTTP": Reply(raw=b"SSH-2.0-OpenSSH_9.6\r\n\r\n", reset=True),
    "bad gzip": Reply(200, body=b"no gzip", headers={"content-encoding": "gzip"}),
}


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_h42_h44_a_read_is_asked_again(connect: Connect, trouble: str) -> None:
    async with Scripted(TROUBLE[trouble], Reply(body={"id": 7})).running() as server:
        answer = await connect(api(server)).get("/x", RepoWire, WHO)

    assert answer.value.id == 7
    assert len(server.asked) == 2


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_h42_h44_trouble_that_stays_is_handed_back_as_retry(connect: Connect, trouble: str) -> None:
    async with Scripted(TROUBLE[trouble]).running() as server:
        with pytest.raises(Retry) as raised:
            await connect(api(server)).get("/x", RepoWire, WHO)

    assert len(server.asked) == 4
    assert raised.value.problems[0].family == "world"


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_h21_a_write_whose_answer_is_lost_is_not_sent_again(connect: Connect, trouble: str) -> None:
    async with Scripted(TROUBLE[trouble]).running() as server:
        meter = Meter()
        with pytest.raises(AnswerLost):
            await connect(api(server)).write("POST", "/x", RepoWire, WHO, body={}, repeatable=False, meter=meter)

    assert len(server.asked) == meter.writes == 1


async def test_h21_a_write_that_may_be_repeated_is_repeated(connect: Connect) -> None:
    async with Scripted(TROUBLE["reset before the answer"], Reply(body=[{"name": "a"}])).running() as server:
        meter = Meter()
        answer = await connect(api(server)).write(
            "POST", "/x", list[LabelWire], WHO, body={}, repeatable=True, meter=meter
        )

    assert answer.value[0].name == "a"
    assert len(server.asked) == meter.writes == 2


ENDLESS = {
    "stall before the answer": Reply(raw=b"", stall=True),
    "stall in the body": Reply(raw=b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", stall=True),
    "one byte at a time": Reply(raw=b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n", drip=True),
}


@pytest.mark.parametrize("how", ENDLESS)
async def test_h44_a_server_that_does_not_finish_is_given_up_in_time(connect: Connect, how: str) -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    limits = {"timeouts": Timeouts(connect_s=1, read_s=0.3, deadline_s=0.6)}
    async with Scripted(ENDLESS[how]).running() as server:
        with pytest.raises(Retry):
            await connect(api(server), **limits).get("/x", RepoWire, WHO)

    assert loop.time() - started < 5


async def test_h44_nobody_listens(connect: Connect) -> None:
    async with Scripted(Reply()).running() as server:
        url = api(server)

    with pytest.raises(Retry, match="gives no answer") as raised:
        await connect(url).write("POST", "/x", RepoWire, WHO, repeatable=False)

    assert not isinstance(raised.value, AnswerLost), "nothing was sent, so nothing can be lost"


async def test_h44_a_name_that_does_not_resolve(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def nowhere(*args: object, **named: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    with pytest.raises(Retry, match="cannot be resolved"):
        await connect("https://ghe.invalid/api/v3").get("/x", RepoWire, WHO)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate nobody vouches for."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


async def test_h43_a_certificate_nobody_vouches_for_is_refused_with_the_way_out(
    connect: Connect, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    async with Scripted(Reply(body={"id": 3})).running(ssl=tls) as server:
        with pytest.raises(ProblemError) as raised:
            await connect(api(server)).get("/x", RepoWire, Named())
        assert raised.value.problems[0].code == "tls-untrusted"
        assert "SSL_CERT_FILE" in raised.value.problems[0].fix
        assert server.asked == []

        monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
        assert (await connect(api(server)).get("/x", RepoWire, Named())).value.id == 3


async def test_h69_a_name_that_was_rebound_to_another_machine_gets_no_token(
    connect: Connect, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docs/decisions/0016: the certificate, here a trusted one, belongs to another name, so no request is sent."""
    import socket

    real = socket.getaddrinfo

    def rebound(host: Any, *args: Any, **named: Any) -> Any:
        return real("127.0.0.1" if host in {"ghes.example.com", b"ghes.example.com"} else host, *args, **named)

    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    async with Scripted(Reply(body={"id": 3})).running(ssl=tls) as server:
        url = api(server).replace("127.0.0.1", "ghes.example.com")
        with pytest.raises(ProblemError) as raised:
            await connect(url).get("/x", RepoWire, Named())

    assert raised.value.problems[0].code == "tls-untrusted"
    assert server.asked == []


async def test_h38_a_404_right_after_an_event_is_asked_again_a_few_times(connect: Connect) -> None:
    missing = Reply(404, body={"message": "Not Found"})
    async with Scripted(missing, missing, Reply(body={"number": 1})).running() as server:
        answer = await connect(api(server)).get("/issues/1", IssueWire, WHO, lag=True)
    assert answer.value.number == 1

    async with Scripted(missing).running() as server:
        with pytest.raises(Refused) as raised:
            await connect(api(server)).get("/issues/1", IssueWire, WHO, lag=True)
    assert raised.value.fault.kind == Kind.NOT_FOUND
    assert len(server.asked) == 3

    async with Scripted(missing).running() as server:
        with pytest.raises(Refused):
            await connect(api(server)).get("/issues/1", IssueWire, WHO)
    assert len(server.asked) == 1, "without an event there is no reason to doubt it"


async def test_h39_an_issue_the_replica_does_not_know_yet_is_tried_again(connect: Connect) -> None:
    lagging = Reply(422, body={"message": "Issue not found"})
    async with Scripted(lagging, Reply(body=[{"name": "a"}])).running() as server:
        await connect(api(server)).write("POST", "/x", list[LabelWire], WHO, body={}, repeatable=True)
    assert len(server.asked) == 2

    async with Scripted(lagging).running() as server:
        with pytest.raises(Retry):
            await connect(api(server)).write("POST", "/x", list[LabelWire], WHO, body={}, repeatable=True)
    assert len(server.asked) == 3


async def test_a_broken_connection_says_nothing_secret(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with Scripted(TROUBLE["reset before the answer"]).running() as server:
        with pytest.raises(Retry) as raised:
            await connect(api(server)).get("/x", RepoWire, Named())

    assert "canary" not in str(raised.value) + caplog.text
