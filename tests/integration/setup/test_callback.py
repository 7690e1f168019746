"""The server for one browser: nobody else gets anything from it, and it takes one answer."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from engine.problems import ProblemError
from setup_wizard.outcome import Waiting
from setup_wizard.ports import NewApp
from tassist import secrets
from tassist.clock import SystemClock
from tassist.sandbox import Box, Running, aserve
from tassist.services.setup.callback import came_back
from tassist.services.setup.creation import Creation
from tassist.services.setup.qr import qr_lines
from tests.support import chromium
from tests.support.installing import Person


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    box = Box.empty()
    box.organization("octo", owners=["ann"])
    async with aserve(box) as served:
        yield served


@pytest.fixture
async def creation(tmp_path: Path) -> AsyncIterator[Creation]:
    made = Creation(tmp_path / "home", SystemClock())
    yield made
    await made.close()


def wanted(
    running: Running, way: str = "browser", hook: str = "https://x.example/webhook", organization: str = ""
) -> NewApp:
    return NewApp(running.url, "Tidy of mine", organization, hook, way)


async def begun(creation: Creation, app: NewApp) -> str:
    waiting = await creation.begin(app)
    assert isinstance(waiting, Waiting)
    return waiting.link


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False, timeout=10)


async def sent_to(running: Running, link: str) -> str:
    async with client() as browser:
        page = await browser.get(link)
    return await asyncio.to_thread(Person(running).at_github, page)


async def test_the_page_is_shown_only_at_its_own_address_and_name(running: Running, creation: Creation) -> None:
    link = await begun(creation, wanted(running))
    root = f"{urlsplit(link).scheme}://{urlsplit(link).netloc}"

    async with client() as browser:
        shown = await browser.get(link)
        answers = [
            (await browser.get(root)).status_code,
            (await browser.get(f"{root}/setup/AAAAAAAAAAAAAAAAAAAAAA")).status_code,
            (await browser.get(f"{link}/../{link.rsplit('/', 1)[1]}x")).status_code,
            (await browser.post(link)).status_code,
            (await browser.get(link, headers={"Host": "evil.example"})).status_code,
            (await browser.get(link, headers={"Host": f"evil.example:{urlsplit(link).port}"})).status_code,
            (await browser.get(link, headers={"Host": "["})).status_code,
        ]

    assert shown.status_code == 200
    assert answers == [404, 404, 404, 405, 421, 421, 421]
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert shown.headers["cache-control"] == "no-store"
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert f"form-action {running.url}" in policy
    assert "unsafe" not in policy
    assert re.findall(r"(?:src|href)=", shown.text) == []


async def test_h53_a_state_that_was_not_handed_out_or_was_used_is_refused(running: Running, creation: Creation) -> None:
    back = await sent_to(running, await begun(creation, wanted(running)))
    parts = urlsplit(back)
    code = parse_qs(parts.query)["code"][0]

    async with client() as browser:
        for query in ({"code": code}, {"code": code, "state": "x"}, {"state": "x"}):
            refused = await browser.get(f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode(query)}")
            assert refused.status_code == 400
            assert code not in refused.text
        first = await browser.get(back)
        second = await browser.get(back)

    assert (first.status_code, second.status_code) == (200, 200)  # a browser that comes back twice is told the same
    assert len(running.box.world.apps) == 1
    app = await creation.created()
    assert secrets.read(secrets.credentials_path(creation.home)) == app
    other = Creation(creation.home, SystemClock())
    with pytest.raises(ProblemError) as raised:
        await other.take(back)
    assert raised.value.problems[0].code == "callback-not-ours"


def is_taken(address: str, port: int) -> bool:
    """Whether somebody listens there; nothing is sent to find out."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE  # not: there is no such address here
    return False


async def is_heard(address: str, port: int) -> bool:
    """Whether somebody takes a connection there."""
    try:
        _, writer = await asyncio.open_connection(address, port)
    except OSError:
        return False
    writer.close()
    return True


async def test_it_listens_on_this_machine_alone(running: Running, creation: Creation) -> None:
    port = urlsplit(await begun(creation, wanted(running))).port or 0

    named = {str(each[4][0]) for each in socket.getaddrinfo(socket.gethostname(), 0)}
    assert is_taken("127.0.0.1", port)
    assert [address for address in ({"127.0.0.2", "::1"} | named) - {"127.0.0.1"} if is_taken(address, port)] == []


async def test_it_is_closed_after_success_and_not_before(running: Running, creation: Creation) -> None:
    back = await sent_to(running, await begun(creation, wanted(running)))
    port = urlsplit(back).port or 0
    arrival = asyncio.ensure_future(creation.created())

    async with client() as browser:
        assert (await browser.get(f"{back}x")).status_code == 400
        assert await is_heard("127.0.0.1", port)
        told = await browser.get(back)
    await arrival

    assert "is yours" in told.text
    assert not await is_heard("127.0.0.1", port)


async def test_it_is_closed_after_what_was_pasted_too(running: Running, creation: Creation) -> None:
    back = await sent_to(running, await begun(creation, wanted(running)))
    port = urlsplit(back).port or 0

    with pytest.raises(ProblemError):
        await creation.pasted("http://127.0.0.1/?code=x&state=y")
    assert await is_heard("127.0.0.1", port)
    await creation.pasted(back)

    assert not await is_heard("127.0.0.1", port)


async def test_h53_an_hour_is_over(running: Running, creation: Creation, tmp_path: Path) -> None:
    import msgspec

    from tassist.secrets.files import write_private

    back = await sent_to(running, await begun(creation, wanted(running)))
    pending = creation.pending()
    assert pending is not None
    pending.started = "2026-01-01T00:00:00+00:00"
    write_private(creation.home / "pending-app.json", msgspec.json.encode(pending))

    with pytest.raises(ProblemError) as raised:
        await creation.take(back)

    assert raised.value.problems[0].code == "app-key-lost"
    assert "/settings/apps/tidy-of-mine" in raised.value.problems[0].fix


async def test_the_page_comes_through_a_tunnel_with_a_code_that_fits(running: Running, tmp_path: Path) -> None:
    creation = Creation(tmp_path / "home", SystemClock())
    app = wanted(running, "tunnel", "https://abcd-efgh-ijkl.ngrok-free.app/webhook")

    waiting = await creation.begin(app)

    assert isinstance(waiting, Waiting)
    assert waiting.link.startswith("https://abcd-efgh-ijkl.ngrok-free.app/setup/")
    assert len(qr_lines(waiting.short_link)) <= 20
    assert qr_lines(waiting.short_link, columns=20) == []
    pending = creation.pending()
    assert pending is not None
    async with client() as browser:
        local = f"http://127.0.0.1:{pending.port}{urlsplit(waiting.link).path}"
        shown = await browser.get(local, headers={"Host": "abcd-efgh-ijkl.ngrok-free.app"})
    assert shown.status_code == 200
    assert "https://abcd-efgh-ijkl.ngrok-free.app/setup/" in shown.text
    await creation.close()


async def test_the_next_start_listens_where_the_browsers_page_expects_it(running: Running, tmp_path: Path) -> None:
    first = Creation(tmp_path / "home", SystemClock())
    back = await sent_to(running, await begun(first, wanted(running)))
    await first.close()
    second = Creation(tmp_path / "home", SystemClock())
    waiting = await second.begin(wanted(running))

    async with client() as browser:
        shown = await browser.get(back)

    assert isinstance(waiting, Waiting)
    assert any("reload" in hint for hint in waiting.hints)
    assert shown.status_code == 200
    assert "is yours" in shown.text
    await second.close()


async def test_a_link_with_parameters_asks_for_the_same(running: Running, creation: Creation) -> None:
    waiting = await creation.begin(wanted(running, "link", organization="octo"))

    assert isinstance(waiting, Waiting)
    fields = parse_qs(urlsplit(waiting.link).query)
    assert urlsplit(waiting.link).path == "/organizations/octo/settings/apps/new"
    assert fields["name"] == ["Tidy of mine"]
    assert fields["issues"] == ["write"]
    assert "sub_issues" in fields["events[]"]
    assert "App ID" in waiting.accepts


async def test_what_github_would_refuse_is_said_before_a_browser_opens(creation: Creation) -> None:
    with pytest.raises(ProblemError) as raised:
        await creation.begin(NewApp("https://github.com", "x" * 40, "", "http://localhost/webhook", "browser"))

    assert [problem.code for problem in raised.value.problems] == ["manifest-name", "manifest-hook"]


async def test_a_visitor_who_sends_nothing_or_garbage_is_not_waited_for(running: Running, creation: Creation) -> None:
    link = await begun(creation, wanted(running))
    port = urlsplit(link).port or 0
    silent = await asyncio.open_connection("127.0.0.1", port)
    for garbage in (b"\r\n\r\n", b"\xff" * 100 + b"\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 4000 + b"\r\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(garbage)
        said = await reader.read()
        assert not said or said.startswith(b"HTTP/1.1 4")
        writer.close()

    async with client() as browser:
        assert (await browser.get(link)).status_code == 200
    silent[1].close()


@pytest.mark.parametrize(
    "pasted",
    [
        "http://127.0.0.1:1/setup/x/created?code=abc&state=s",
        "'http://h/?state=s&code=abc'",
        "?code=abc&state=s",
        "code=abc&state=s",
        "<http://h/?code=abc&state=s>",
    ],
)
def test_an_address_is_found_in_what_was_pasted(pasted: str) -> None:
    assert came_back(pasted) == ("abc", "s")


@pytest.mark.parametrize("pasted", ["", "http://127.0.0.1/", "canary", "http://[::1", "\x1b[2J"])
def test_what_holds_no_code_is_refused_and_not_repeated(pasted: str) -> None:
    with pytest.raises(ProblemError) as raised:
        came_back(pasted)

    assert "canary" not in str(raised.value)


@pytest.mark.slow
async def test_a_real_browser_is_led_to_github_and_back_with_one_click(
    running: Running, creation: Creation, tmp_path: Path
) -> None:
    link = await begun(creation, wanted(running))

    def visit() -> tuple[str, list[str], list[str]]:
        with chromium.opened(tmp_path / "profile") as browser:
            browser.goto(link)
            while not browser.evaluate("location.href").startswith(running.url):
                browser._next()
            browser.submit("document.querySelector('form:last-of-type button').click()")
            heading = browser.evaluate("document.querySelector('h1').textContent")
            return heading, browser.requests, browser.console

    heading, requests, console = await asyncio.to_thread(visit)

    assert heading == "Tidy of mine is yours"
    assert console == []
    assert all(request.startswith("http://127.0.0.1:") for request in requests)
    assert (await creation.created()).name == "Tidy of mine"
