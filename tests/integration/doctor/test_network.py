"""The way to GitHub, with real name look-ups, proxies, certificates and clocks."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import socket
import threading
from collections.abc import Iterator
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from engine.problems import ProblemError
from tassist.doctor import addresses, network
from tassist.doctor.check import Finding, State
from tassist.doctor.examine import examine
from tassist.doctor.proxies import exempt, proxy_for
from tests.integration.doctor.conftest import Desk, peer
from tests.support.certificates import certificate


def answer(status: str = "200 OK", *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "Content-Length: 0", "", ""]).encode()


async def looked(desk: Desk, github: str, *, now: dt.datetime | None = None, **env: str) -> dict[str, Finding]:
    machine = desk.machine(now=now, github=github, env=env)
    line = network.Line(machine, timeout_s=1.5)
    found = await examine([(check, line) for check in network.CHECKS], deadline_s=2.5)
    return {item.id: item.finding for item in found}


async def test_a_github_on_this_machine_is_reached(desk: Desk) -> None:
    now = dt.datetime.now(dt.UTC)
    with peer(lambda _: answer("200 OK", f"Date: {format_datetime(now, usegmt=True)}")) as github:
        found = await looked(desk, f"http://127.0.0.1:{github.port}/api/v3", now=now)

    assert found["github"].state == State.OK
    assert found["clock"].state == State.OK
    assert found["dns"].said == "127.0.0.1 is at 127.0.0.1"
    assert "Authorization" not in github.heads[0]


@pytest.mark.parametrize(
    ("seconds", "state", "said"),
    [
        (20, State.OK, "agrees"),
        (-45, State.WARNING, "ahead of"),
        (240, State.WARNING, "4 minutes behind"),
        (-7300, State.FAILED, "2 hours ahead of"),
        (400 * 86400, State.FAILED, "400 days behind"),
    ],
)
async def test_h47_a_clock_that_is_off_is_shown(desk: Desk, seconds: int, state: State, said: str) -> None:
    now = dt.datetime(2026, 11, 28, 12, 0, 0, tzinfo=dt.UTC)
    theirs = now + dt.timedelta(seconds=seconds)
    with peer(lambda _: answer("200 OK", f"Date: {format_datetime(theirs, usegmt=True)}")) as github:
        found = await looked(desk, f"http://127.0.0.1:{github.port}", now=now)

    assert found["clock"].state == state
    assert said in found["clock"].said


async def test_a_name_nobody_knows_fails_once_and_the_rest_is_skipped(desk: Desk) -> None:
    found = await looked(desk, "https://no.such.host.invalid/api/v3")

    assert found["dns"].state == State.FAILED
    assert "no.such.host.invalid is not known" in found["dns"].said
    assert {found[name].state for name in ("tls", "github", "clock")} == {State.SKIPPED}


async def test_h43_a_certificate_that_signed_itself_is_refused_and_explained(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = certificate(tmp_path)
    with peer(lambda _: answer(), tls=files) as github:
        url = f"https://localhost:{github.port}/api/v3"
        untrusted = await looked(desk, url)
        monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
        trusted = await looked(desk, url)

    assert untrusted["tls"].state == State.FAILED
    assert "signed itself" in untrusted["tls"].said
    assert "SSL_CERT_FILE" in untrusted["tls"].fix
    assert trusted["tls"].state == State.OK
    assert trusted["github"].state == State.OK


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"days": -1, "start": -9}, "expired"),
        ({"start": 5}, "not valid yet"),
        ({"name": "other.example"}, "another name"),
    ],
)
async def test_h43_each_fault_of_a_certificate_has_its_own_words(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: dict[str, Any], said: str
) -> None:
    files = certificate(tmp_path, **values)
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    with peer(lambda _: answer(), tls=files) as github:
        found = await looked(desk, f"https://localhost:{github.port}")

    assert found["tls"].state == State.FAILED
    assert said in found["tls"].said
    assert found["github"].state == State.SKIPPED


async def test_a_certificate_that_ends_soon_is_a_warning(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = certificate(tmp_path, days=5)
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    with peer(lambda _: answer(), tls=files) as github:
        found = await looked(desk, f"https://localhost:{github.port}")

    assert found["tls"].state == State.WARNING
    assert "ends in 4 days" in found["tls"].said


async def test_a_bundle_that_cannot_be_read_is_named(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with peer(lambda _: answer(), tls=files) as github:
        found = await looked(desk, f"https://localhost:{github.port}")

    assert "SSL_CERT_FILE" in found["tls"].said


async def test_what_speaks_no_tls_is_named(desk: Desk) -> None:
    with peer(lambda _: answer()) as github:
        found = await looked(desk, f"https://localhost:{github.port}")

    assert found["tls"].state == State.FAILED


CANARY = "p@ss:canary%21word"


async def test_h82_a_proxy_that_wants_a_password_is_told_and_the_password_is_not(desk: Desk) -> None:
    with peer(lambda _: answer("407 Proxy Authentication Required")) as proxy:
        url = f"http://user:{CANARY}@127.0.0.1:{proxy.port}"
        found = await looked(desk, "https://ghes.example.com/api/v3", HTTPS_PROXY=url)

    assert found["proxy"].state == State.FAILED
    assert "wants a user and a password" in found["proxy"].said
    assert "%40" in found["proxy"].fix
    assert "canary" not in repr(found)
    assert found["dns"].state == State.SKIPPED
    sent = base64.b64decode(proxy.heads[0].partition("Basic ")[2].split("\r\n")[0]).decode()
    assert sent == "user:p@ss:canary!word"
    assert proxy.heads[0].startswith("CONNECT ghes.example.com:443 HTTP/1.1")


async def test_h82_a_proxy_that_refuses_or_is_not_there_is_told(desk: Desk) -> None:
    with peer(lambda _: answer("403 Forbidden")) as proxy:
        refused = await looked(desk, "https://ghes.example.com", HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}")
        gone = proxy.port
    missing = await looked(desk, "https://ghes.example.com", ALL_PROXY=f"http://127.0.0.1:{gone}")

    assert "does not let this machine through" in refused["proxy"].said
    assert "cannot be reached" in missing["proxy"].said
    assert {refused["github"].state, missing["github"].state} == {State.SKIPPED}


async def test_h82_a_proxy_lets_through_what_it_should(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real tunnel: CONNECT to a TLS server, and what comes back."""
    files = certificate(tmp_path, name="ghes.example.com")
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    with peer(lambda _: answer(), tls=files) as github, _tunnel(github.port) as port:
        found = await looked(desk, "https://ghes.example.com/api/v3", HTTPS_PROXY=f"http://u:p@127.0.0.1:{port}")

    assert found["proxy"].state == State.OK
    assert "http://***@127.0.0.1" in found["proxy"].said
    assert found["tls"].state == State.OK
    assert found["github"].state == State.OK


@contextlib.contextmanager
def _tunnel(target: int) -> Iterator[int]:
    """A proxy for one connection that lets everything through."""

    def pump(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := one.recv(65536):
                other.sendall(piece)
            other.shutdown(socket.SHUT_WR)

    def run(listening: socket.socket) -> None:
        client, _ = listening.accept()
        with client, socket.create_connection(("127.0.0.1", target)) as server:
            client.recv(65536)
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            up = threading.Thread(target=pump, args=(client, server))
            up.start()
            pump(server, client)
            up.join()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=run, args=(listening,))
        thread.start()
        yield listening.getsockname()[1]
        thread.join(5)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("", False),
        ("*", True),
        ("example.com", True),
        (".example.com", True),
        ("*.example.com", True),
        ("ghes.example.com:443", True),
        ("ample.com", False),
        ("other.com, ghes.example.com", True),
    ],
)
def test_h82_no_proxy_names_hosts_and_domains(listed: str, *, expected: bool) -> None:
    assert exempt("ghes.example.com", {"NO_PROXY": listed}) is expected


def test_h82_the_lower_case_variable_wins_and_a_port_may_be_missing() -> None:
    found = proxy_for("api.github.com", {"https_proxy": "proxy.example.com", "HTTPS_PROXY": "http://other:1"})

    assert found is not None
    assert (found.host, found.port, found.variable) == ("proxy.example.com", 80, "https_proxy")


async def test_h82_ranges_in_no_proxy_and_socks_are_told(desk: Desk) -> None:
    ranged = await looked(desk, "https://no.such.host.invalid", NO_PROXY="10.0.0.0/8")
    socks = await looked(desk, "https://no.such.host.invalid", ALL_PROXY="socks5://127.0.0.1:1080")
    broken = await looked(desk, "https://no.such.host.invalid", HTTPS_PROXY="http://u:canary@:x")

    assert ranged["proxy"].state == State.WARNING
    assert "SOCKS" in socks["proxy"].said
    assert broken["proxy"].state == State.FAILED
    assert "canary" not in repr(broken)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/",
        "//evil/x",
        "file:///etc/passwd",
        "https://api.github.com@evil.example/",
        "https://user:tok@github.example.com",
        "http://github.example.com",
        "https://a b",
        "https://x\\y",
        "https://host:notaport",
    ],
)
def test_h69_an_address_that_could_mislead_is_refused(url: str) -> None:
    with pytest.raises(ProblemError) as caught:
        addresses.target(url)

    assert "tok" not in str(caught.value.problems[0].what)


@pytest.mark.parametrize(
    "number",
    [
        "169.254.169.254",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
        "::ffff:127.0.0.1",
        "2002:a9fe:a9fe::1",
        "127.0.0.1",
        "::1",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "240.0.0.1",
        "nonsense",
    ],
)
def test_h69_numbers_where_no_token_goes(number: str) -> None:
    assert addresses.forbidden(number)


@pytest.mark.parametrize("number", ["140.82.121.6", "10.1.2.3", "192.168.0.9", "fd00::5", "2606:50c0:8000::153"])
def test_h69_public_and_private_servers_may_be_asked(number: str) -> None:
    assert not addresses.forbidden(number)


async def test_h69_a_name_that_leads_to_a_machines_own_inside_is_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def known(host: str, port: int, *args: Any, **rest: Any) -> list[Any]:
        asked.append(host)
        number = "140.82.121.6" if len(asked) == 1 else "169.254.169.254"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))]

    monkeypatch.setattr(socket, "getaddrinfo", known)
    first = addresses.resolve(addresses.target("https://ghes.example.com"))

    with pytest.raises(ProblemError) as caught:
        addresses.resolve(addresses.target("https://ghes.example.com"))
    assert first == ("140.82.121.6",)
    assert "link-local" in caught.value.problems[0].why


async def test_the_connection_goes_to_the_judged_number(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that changes its mind between the judgement and the connection changes nothing (H69)."""
    from tassist.doctor import contact

    real = socket.getaddrinfo
    asked = []

    def changing(host: Any, port: Any, *args: Any, **rest: Any) -> Any:
        if host != "rebinds.example.com":
            return real(host, port, *args, **rest)
        asked.append(host)
        assert len(asked) == 1, "a name was looked up again after it had been judged"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    monkeypatch.setattr(addresses, "forbidden", lambda number, own=False: "")
    with peer(lambda _: answer()) as github:
        place = addresses.Target("", "http", "rebinds.example.com", github.port, "/")
        found = contact.ask(place, None)

    assert found.status == 200
