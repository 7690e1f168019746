"""The way in, through reverse proxies that are each broken in one real way (H81)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send

from tassist.clock import SystemClock
from tassist.doctor import public
from tassist.doctor.check import Finding, State
from tassist.doctor.examine import examine
from tassist.errors import Secret
from tassist.server.health import Health
from tassist.server.intake import Intake
from tassist.server.metrics import Metrics
from tassist.server.signature import Secrets, Verifier
from tassist.store.model import Accepted, Incoming
from tests.support.certificates import certificate

SECRET = "canary-webhook-secret-0123456789"
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Around = Callable[[App], App]


@dataclass
class Stored:
    """Where deliveries go in these tests."""

    bodies: list[bytes] = field(default_factory=list)

    async def accept(self, incoming: Incoming) -> Accepted:
        self.bodies.append(incoming.body)
        return Accepted(len(self.bodies), "stored")


def service(stored: Stored) -> App:
    """Our own intake and health."""
    metrics = Metrics()
    health = Health(metrics, list, lambda: ())
    verifier = Verifier(Secrets.checked(Secret(SECRET)))
    return Intake(stored, verifier, SystemClock(), metrics, elsewhere=health)


@contextlib.asynccontextmanager
async def serving(app: App, files: tuple[Path, Path] | None = None) -> AsyncIterator[int]:
    """An ASGI application on a free port."""
    config = uvicorn.Config(
        app, port=0, log_config=None, lifespan="off", proxy_headers=False,
        ssl_certfile=files and files[0], ssl_keyfile=files and files[1],
    )  # fmt: skip
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


async def reply(send: Send, status: int, body: bytes = b"", *headers: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [*headers]})
    await send({"type": "http.response.body", "body": body})


def always(status: int, body: bytes = b"", *headers: tuple[bytes, bytes]) -> Around:
    def around(app: App) -> App:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            await reply(send, status, body, *headers)

        return answer

    return around


def body_limit(most: int) -> Around:
    """As nginx does without ``client_max_body_size``."""

    def around(app: App) -> App:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            length = next((int(value) for name, value in scope["headers"] if name == b"content-length"), most + 1)
            if length > most:
                await reply(send, 413, b"<html>413 Request Entity Too Large</html>")
            else:
                await app(scope, receive, send)

        return answer

    return around


def path_changed(app: App) -> App:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "path": "/", "raw_path": b"/"}, receive, send)

    return answer


def body_changed(app: App) -> App:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def changed() -> Message:
            message = await receive()
            return {**message, "body": message.get("body", b"").replace(b"zen", b"Zen")}

        await app(scope, changed, send)

    return answer


def cut_when_slow(app: App) -> App:
    """An idle limit: whoever sends in several pieces is cut off."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if not any(name == b"content-length" for name, _ in scope["headers"]):
            await reply(send, 408, b"too slow")
        else:
            await app(scope, receive, send)

    return answer


def hides_where_from(app: App) -> App:
    """A proxy on this machine that adds no header; every request seems to be this machine's."""
    return app


def straight(app: App) -> App:
    return app


async def looked(port: int, *, deep: bool = False, scheme: str = "http", secret: str = SECRET) -> dict[str, Finding]:
    place = public.Entrance(f"{scheme}://localhost:{port}/webhook", Secret(secret), deep=deep, pause_s=0.02)
    found = await examine([(check, place) for check in public.CHECKS], deadline_s=30)
    return {item.id: item.finding for item in found}


async def test_a_signed_delivery_gets_through_and_leaves_one_ping() -> None:
    stored = Stored()
    async with serving(service(stored)) as port:
        found = await looked(port, deep=True)

    assert found["way-in"].state == State.OK, found
    assert "25 MB" in found["way-in"].said
    assert len(stored.bodies) == 1
    assert len(stored.bodies[0]) < 200


BROKEN: list[tuple[str, Around, str]] = [
    ("a redirect to https", always(301, b"", (b"location", b"https://tassist.example.com/webhook")), "redirects"),
    ("a body limit of 1 MB", body_limit(2**20), "payloads of 1 MB are refused"),
    ("a path that is rewritten", path_changed, "under another path"),
    ("a body that is rewritten", body_changed, "refuses the signature of its own delivery"),
    ("a login", always(401, b"Authorization Required"), "wants a login"),
    ("a firewall", always(403, b"blocked"), "wants a login or blocks"),
    ("another site", always(404, b"<html>Not Found</html>"), "does not know that path"),
    ("no service behind it", always(502, b"<html>Bad Gateway</html>"), "the service behind it does not"),
    ("a page that takes everything", always(200, b"<html>Welcome</html>"), "something other than tassist answers"),
    ("a tunnel that is closed", always(404, b"", (b"ngrok-error-code", b"ERR_NGROK_3200")), "ngrok answers instead"),
    ("a quota page", always(200, b"<html>", (b"ngrok-error-code", b"ERR_NGROK_727")), "ngrok answers instead"),
    ("a teapot", always(418), "answers 418"),
]


@pytest.mark.parametrize(("around", "said"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
async def test_h81_a_broken_reverse_proxy_is_found_by_a_signed_self_delivery(around: Around, said: str) -> None:
    async with serving(around(service(Stored()))) as port:
        found = await looked(port)

    assert found["way-in"].state == State.FAILED
    assert said in found["way-in"].said
    assert found["way-in"].fix
    assert "canary" not in repr(found)


async def test_h81_a_limit_of_time_is_found_by_a_slow_delivery() -> None:
    async with serving(cut_when_slow(service(Stored()))) as port:
        found = await looked(port, deep=True)

    assert "1 MB, slowly" in found["way-in"].said
    assert found["way-in"].state == State.FAILED


async def test_h81_a_limit_of_ten_megabytes_is_found_by_a_deep_look() -> None:
    async with serving(body_limit(10 * 2**20)(service(Stored()))) as port:
        shallow, deep = await looked(port), await looked(port, deep=True)

    assert shallow["way-in"].state == State.OK
    assert "25 MB" in deep["way-in"].said


async def test_h81_a_certificate_without_its_chain_is_found(tmp_path: Path) -> None:
    async with serving(service(Stored()), certificate(tmp_path)) as port:
        found = await looked(port, scheme="https")

    assert found["way-in"].state == State.FAILED
    assert "certificate" in found["way-in"].said


async def test_h81_a_service_with_another_secret_is_found() -> None:
    async with serving(service(Stored())) as port:
        found = await looked(port, secret="another one, canary")

    assert "signature" in found["way-in"].said


async def test_h81_nobody_listens() -> None:
    async with serving(service(Stored())) as port:
        pass
    found = await looked(port)

    assert "cannot be reached" in found["way-in"].said


async def test_h80_figures_that_everybody_can_read_are_found() -> None:
    async with serving(hides_where_from(service(Stored()))) as port:
        found = await looked(port)

    assert found["public-paths"].state == State.FAILED
    assert "/metrics" in found["public-paths"].said


async def test_h80_only_the_webhook_is_public_behind_a_careful_proxy() -> None:
    def careful(app: App) -> App:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            await (app(scope, receive, send) if scope["path"] == "/webhook" else reply(send, 404))

        return answer

    async with serving(careful(service(Stored()))) as port:
        found = await looked(port)

    assert found["public-paths"].state == State.OK


async def test_an_address_of_this_machine_alone_is_not_public() -> None:
    place = public.Entrance("http://127.0.0.1:9/webhook", Secret(SECRET))
    [found] = await examine([(check, place) for check in public.CHECKS if check.id == "public-paths"])

    assert found.finding.state == State.OK
    assert "nobody else reaches" in found.finding.said


async def test_where_nothing_is_public_there_is_nothing_to_look_at() -> None:
    place = public.Entrance("https://webhook.invalid/webhook", Secret(SECRET))
    found = await examine([(check, place) for check in public.CHECKS])

    assert {item.finding.state for item in found} == {State.SKIPPED}
