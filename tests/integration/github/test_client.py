"""The client on real sockets: what it retries, what it hands back, and what it never does."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from engine.ports import Retry
from engine.problems import ProblemError
from tassist.github.client import Anonymous, AnswerLost, GitHubClient, Meter, Patience
from tassist.github.faults import Fault, Kind, Refused
from tassist.github.limits import UNLIMITED, Limits
from tassist.github.transport import Timeouts
from tassist.github.wire import IssueWire, LabelWire, RepoWire
from tests.integration.github.conftest import Connect
from tests.support.scripted import Asked, Reply, Scripted

TOKEN = "Bearer ghs_canarytokencanarytoken"
WHO = Anonymous()


class Named(Anonymous):
    """Somebody with a token."""

    def __init__(self, scope: str = "installation:1") -> None:
        self.scope = scope
        self.refusals = 0

    @override
    async def authorization(self) -> str | None:
        return TOKEN

    @override
    async def rejected(self, authorization: str | None, headers: Mapping[str, str]) -> bool:
        self.refusals += 1
        return True


def api(server: Scripted) -> str:
    return server.url + "/api/v3"


async def test_the_version_and_the_form_of_the_api_are_pinned(connect: Connect) -> None:
    async with Scripted(Reply(body={"id": 1})).running() as server:
        await connect(api(server)).get("/x", RepoWire, Named())

    (asked,) = server.asked
    assert asked.target == "/api/v3/x"
    assert asked.headers["x-github-api-version"] == "2022-11-28"
    assert asked.headers["accept"] == "application/vnd.github+json"
    assert asked.headers["user-agent"].startswith("tassist/")
    assert asked.headers["authorization"] == TOKEN


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_keeps_the_method_the_body_and_the_token(connect: Connect, status: int, method: str) -> None:
    moved = Reply(status, headers={"location": "/api/v3/repositories/9/labels"})
    async with Scripted(moved, Reply(body=[{"name": "a"}])).running() as server:
        answer = await connect(api(server)).write(
            method, "/repos/old/name/labels", list[LabelWire], Named(), body={"labels": ["a"]}, repeatable=False
        )

    assert server.lines == [f"{method} /api/v3/repos/old/name/labels", f"{method} /api/v3/repositories/9/labels"]
    assert server.asked[1].json == {"labels": ["a"]}
    assert server.asked[1].headers["authorization"] == TOKEN
    assert answer.url.endswith("/repositories/9/labels")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_token_never_follows_a_redirect_to_another_host(connect: Connect, method: str) -> None:
    async with Scripted(Reply(body={})).running() as other:
        elsewhere = Reply(302, headers={"location": other.url + "/api/v3/x"})
        async with Scripted(elsewhere).running() as server:
            client = connect(api(server))
            asking = (
                client.get("/x", RepoWire, Named())
                if method == "GET"
                else client.write("POST", "/x", RepoWire, Named(), repeatable=False)
            )
            with pytest.raises(Refused) as raised:
                await asking

    assert raised.value.fault.kind == Kind.REDIRECT
    assert other.asked == []


async def test_redirects_in_a_circle_end(connect: Connect) -> None:
    async with Scripted(Reply(301, headers={"location": "/api/v3/x"})).running() as server:
        with pytest.raises(ProblemError, match="circles"):
            await connect(api(server)).get("/x", RepoWire, WHO)

    assert len(server.asked) == 5


def paged(asked: Asked) -> Reply:
    """Three pages."""
    number = int(asked.target.rpartition("=")[2]) if "page=" in asked.target else 1
    link = f'<http://{asked.headers["host"]}/api/v3/labels?page={number + 1}>; rel="next"'
    return Reply(
        body=[{"name": f"l{number}"}],
        headers={"etag": f'"{number}"'} | ({"link": link} if number < 3 else {}),
    )


async def test_h45_every_page_is_read_as_link_says(connect: Connect) -> None:
    async with Scripted(by=paged).running() as server:
        meter = Meter()
        labels = await connect(api(server)).get_all("/labels", LabelWire, WHO, meter=meter)

    assert [label.name for label in labels] == ["l1", "l2", "l3"]
    assert meter.reads == 3


async def test_h45_pages_that_lead_in_circles_end(connect: Connect) -> None:
    def circle(asked: Asked) -> Reply:
        return Reply(body=[{}], headers={"link": f'<http://{asked.headers["host"]}/api/v3/labels>; rel="next"'})

    async with Scripted(by=circle).running() as server:
        with pytest.raises(Retry, match="circles"):
            await connect(api(server)).get_all("/labels", LabelWire, WHO)

    assert len(server.asked) == 2


async def test_a_next_page_on_another_host_is_not_asked_with_our_token(connect: Connect) -> None:
    async with Scripted(Reply(body=[])).running() as other:
        stray = Reply(body=[{}], headers={"link": f'<{other.url}/api/v3/labels?page=2>; rel="next"'})
        async with Scripted(stray).running() as server:
            with pytest.raises(Refused):
                await connect(api(server)).get_all("/labels", LabelWire, Named())

    assert other.asked == []


async def test_a_limit_that_is_told_while_a_token_is_minted_is_obeyed(connect: Connect) -> None:
    async with Scripted(Reply(body=[])).running() as server:
        client = connect(api(server))

        class Minting(Anonymous):
            @override
            async def authorization(self) -> str | None:
                limit = Fault(Kind.RATE_SECONDARY, 429, "another request", after_s=60.0)
                client.pace.answered(self.scope, client.monotonic(), {}, limit)
                return None

        with pytest.raises(Retry):
            await client.get("/labels", list[LabelWire], Minting())

    assert server.asked == []


async def test_a_further_page_behind_one_that_did_not_change_is_read(connect: Connect) -> None:
    grown = False

    def by(asked: Asked) -> Reply:
        if "page=2" in asked.target:
            return Reply(body=[{"name": "new"}])
        further = f'<http://{asked.headers["host"]}/api/v3/labels?page=2>; rel="next"'
        headers = {"etag": '"same"', **({"link": further} if grown else {})}
        known = asked.headers.get("if-none-match") == '"same"'
        return Reply(304, headers=headers) if known else Reply(body=[{"name": "old"}], headers=headers)

    async with Scripted(by=by).running() as server:
        client = connect(api(server))
        first = await client.get_all("/labels", LabelWire, WHO)
        grown = True
        second = await client.get_all("/labels", LabelWire, WHO)

    assert [wire.name for wire in first] == ["old"]
    assert [wire.name for wire in second] == ["old", "new"]


async def test_what_did_not_change_is_not_billed_and_keeps_its_pages(connect: Connect) -> None:
    def by(asked: Asked) -> Reply:
        answer = paged(asked)
        if asked.headers.get("if-none-match") == answer.headers["etag"]:
            return Reply(304, headers={"etag": answer.headers["etag"]})
        return answer

    async with Scripted(by=by).running() as server:
        client = connect(api(server))
        first, second = Meter(), Meter()
        before = await client.get_all("/labels", LabelWire, WHO, meter=first)
        after = await client.get_all("/labels", LabelWire, WHO, meter=second)

    assert [label.name for label in before] == [label.name for label in after] == ["l1", "l2", "l3"]
    assert (first.reads, second.reads) == (3, 0)


async def test_those_who_ask_meanwhile_share_the_next_answer(connect: Connect) -> None:
    first, go = asyncio.Event(), asyncio.Event()

    async def by(asked: Asked) -> Reply:
        first.set()
        await go.wait()
        return Reply(body=[{"name": f"l{len(server.asked)}"}])

    async with Scripted(by=by).running() as server:
        client = connect(api(server))
        meters = [Meter() for _ in range(6)]

        def ask(meter: Meter) -> asyncio.Task[list[LabelWire]]:
            return asyncio.create_task(client.get_all("/labels", LabelWire, WHO, meter=meter, together=True))

        early = ask(meters[0])
        await first.wait()
        late = [ask(meter) for meter in meters[1:]]
        await asyncio.sleep(0)
        go.set()
        found = [wires[0].name for wires in await asyncio.gather(early, *late)]

    assert found == ["l1", *["l2"] * 5], "an answer that was under way before is nobody else's"
    assert sum(meter.reads for meter in meters) == 2


async def test_a_refusal_is_shared_and_a_cancelled_question_is_not(connect: Connect) -> None:
    first, go = asyncio.Event(), asyncio.Event()

    async def by(asked: Asked) -> Reply:
        first.set()
        await go.wait()
        return Reply(404, body={"message": "Not Found"})

    async with Scripted(by=by).running() as server:
        client = connect(api(server))
        asking = [asyncio.create_task(client.get("/x", RepoWire, WHO, together=True)) for _ in range(5)]
        await first.wait()
        asking[0].cancel()
        go.set()
        found = await asyncio.gather(*asking, return_exceptions=True)

    assert isinstance(found[0], asyncio.CancelledError)
    assert [type(one) for one in found[1:]] == [Refused] * 4
    assert len(server.asked) == 2


async def test_one_scopes_answers_are_not_offered_to_another(connect: Connect) -> None:
    async with Scripted(Reply(body={"id": 1}, headers={"etag": '"1"'})).running() as server:
        client = connect(api(server))
        await client.get("/x", RepoWire, Named("installation:1"))
        await client.get("/x", RepoWire, Named("installation:2"))

    assert [asked.headers.get("if-none-match") for asked in server.asked] == [None, None]


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


async def test_h41_after_a_429_nothing_more_is_sent_to_that_installation(connect: Connect) -> None:
    limited = Reply(429, body={"message": "secondary rate limit"}, headers={"retry-after": "120"})
    async with Scripted(limited, Reply(body={"id": 1})).running() as server:
        client = connect(api(server))
        for _ in range(3):
            with pytest.raises(Retry) as raised:
                await client.get("/x", RepoWire, Named())
            assert 118 < (raised.value.after_s or 0) <= 120
        with pytest.raises(Retry):
            await client.write("POST", "/x", RepoWire, Named(), repeatable=False)
        assert len(server.asked) == 1

        assert (await client.get("/x", RepoWire, Named("installation:2"))).value.id == 1


async def test_h40_a_used_up_hour_waits_for_its_reset(connect: Connect) -> None:
    limited = Reply(
        403,
        body={"message": "API rate limit exceeded"},
        headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9999999999"},
    )
    async with Scripted(limited).running() as server:
        client = connect(api(server))
        for _ in range(2):
            with pytest.raises(Retry) as raised:
                await client.get("/x", RepoWire, WHO)
            assert raised.value.problems[0].code == "github-rate-primary"
            assert 3500 < (raised.value.after_s or 0) <= 3600

    assert len(server.asked) == 1


async def test_h41_a_short_limit_is_slept_through_but_not_for_ever(connect: Connect) -> None:
    limited = Reply(403, body={"message": "secondary rate limit"}, headers={"retry-after": "1"})
    slept: list[float] = []

    class Time:
        now = 100.0

        async def sleep(self, seconds: float) -> None:
            slept.append(seconds)
            self.now += seconds

    time = Time()
    quick = {"patience": Patience(hold_s=5), "monotonic": lambda: time.now, "sleep": time.sleep}
    async with Scripted(limited, Reply(body={"id": 4})).running() as server:
        assert (await connect(api(server), **quick).get("/x", RepoWire, WHO)).value.id == 4
    assert slept == [1.0]

    async with Scripted(limited).running() as server:
        with pytest.raises(Retry):
            await connect(api(server), **quick).get("/x", RepoWire, WHO)
    assert len(server.asked) == 4


async def test_h48_a_401_that_stays_is_not_asked_for_ever(connect: Connect) -> None:
    async with Scripted(Reply(401, body={"message": "Bad credentials"})).running() as server:
        who = Named()
        with pytest.raises(Refused) as raised:
            await connect(api(server)).get("/x", RepoWire, who)

    assert raised.value.fault.kind == Kind.UNAUTHORIZED
    assert len(server.asked) == who.refusals + 1 == 13


async def test_writes_of_one_installation_go_one_after_the_other(connect: Connect) -> None:
    busy = 0
    most = 0

    async def slow(asked: Asked) -> Reply:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.01)
        busy -= 1
        return Reply(body=[])

    async with Scripted(by=slow).running() as server:
        client = connect(api(server), limits=Limits(write_spacing_s=0.02, points_burst=1e9))
        loop = asyncio.get_running_loop()
        started = loop.time()
        await asyncio.gather(*(client.write("POST", "/x", list[LabelWire], Named(), repeatable=True) for _ in range(6)))
        took = loop.time() - started

    assert most == 1
    assert took >= 0.1, "five spaces of 0.02 s lie between six writes"


async def test_a_server_without_limits_is_written_to_at_once(connect: Connect) -> None:
    all_there = asyncio.Barrier(3)

    async def together(_: Asked) -> Reply:
        await all_there.wait()  # none is answered before three have come
        return Reply(body=[])

    async with Scripted(by=together).running() as server:
        client = connect(api(server), limits=UNLIMITED)
        await asyncio.gather(*(client.write("POST", "/x", list[LabelWire], Named(), repeatable=True) for _ in range(3)))

    assert len(server.asked) == 3


async def test_h17_fields_may_be_null_or_missing(connect: Connect) -> None:
    fields = IssueWire.__struct_fields__
    async with Scripted(Reply(body=dict.fromkeys(fields)), Reply(body={}), Reply(body={"new": 1})).running() as server:
        client = connect(api(server))
        for _ in range(3):
            assert (await client.get("/x", IssueWire, WHO)).value.labels is None


async def test_h82_a_proxy_of_the_environment_is_used_and_its_password_is_not_shown(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Scripted(Reply(body={"id": 5}), Reply(407, body=b"")).running() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("http://", "http://user:canary%40pass@"))
        client = connect("http://localhost:9/api/v3")
        assert (await client.get("/x", RepoWire, WHO)).value.id == 5
        with pytest.raises(ProblemError) as raised:
            await client.get("/y", RepoWire, WHO)

    assert proxy.asked[0].target == "http://localhost:9/api/v3/x"
    assert "proxy-authorization" in proxy.asked[0].headers
    assert "canary" not in str(raised.value) + repr(raised.value)


async def test_h82_no_proxy_is_honoured(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Scripted(Reply(body={"id": 6})).running() as server:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert (await connect(api(server)).get("/x", RepoWire, WHO)).value.id == 6


@pytest.mark.parametrize(
    "proxy", ["socks5://user:canary@h:1", "ftp://user:canary@h", "http://user:canary@h:port", "::"]
)
async def test_h82_a_proxy_that_cannot_be_used_is_named_without_its_password(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    with pytest.raises(ProblemError) as raised:
        GitHubClient("https://api.github.com")

    assert raised.value.problems[0].code == "proxy-or-certificates-wrong"
    assert "canary" not in str(raised.value)


async def test_a_broken_connection_says_nothing_secret(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with Scripted(TROUBLE["reset before the answer"]).running() as server:
        with pytest.raises(Retry) as raised:
            await connect(api(server)).get("/x", RepoWire, Named())

    assert "canary" not in str(raised.value) + caplog.text
