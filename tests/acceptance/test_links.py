"""`make links` tells living from dead links, says where the dead ones stand, and knows when there is no network."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typing_extensions import override

from tests.support import links


class Site(ThreadingHTTPServer):
    """A site with pages of every kind; it remembers who asked for what."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Pages)
        self.root = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[str] = []
        self.agents: set[str] = set()
        self.ends = threading.Event()


class Pages(BaseHTTPRequestHandler):
    """What it answers, by the address."""

    server: Site

    def _answer(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        self.server.agents.add(self.headers["User-Agent"])
        if self.path == "/hangs":
            self.server.ends.wait(60)
        status = {"/moved": 301, "/gone": 404, "/shy": 405 if self.command == "HEAD" else 200, "/busy": 429}
        self.send_response(status.get(self.path, 200))
        if self.path == "/moved":
            self.send_header("Location", "/here")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    @override
    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.ends.set()
        running.shutdown()
        thread.join()


def checkout(folder: Path, page: str, source: str = "") -> Path:
    (folder / "docs").mkdir()
    (folder / "tassist").mkdir()
    (folder / "docs" / "page.md").write_text(page)
    (folder / "tassist" / "one.py").write_text(source)
    return folder


def test_the_dead_are_named_with_every_place_and_the_living_are_not(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = site.root
    page = f"[a]({at}/here), [b]({at}/moved#part)\n\n(see {at}/gone)). <{at}/shy>\n{at}/busy {at}/hangs\n"
    page += f"```sh\ncurl {at}/typed\n```\n`{at}/named` {at}/gone#again\n"
    source = f'"""One.\n\nSource: {at}/gone\n"""\n\nADDRESS = "{at}/data"  # {at}/here\n'

    code = links.main([str(checkout(tmp_path, page, source)), "--local", "--timeout", "1"])

    said = capsys.readouterr().out
    assert code == 1
    assert f"dead: {at}/gone: it answers 404\n  docs/page.md:3\n  docs/page.md:8\n  tassist/one.py:3\n" in said
    assert f"dead: {at}/hangs: ReadTimeout\n  docs/page.md:4\n" in said
    assert f"not seen: {at}/busy: it answers 429\n" in said
    assert "6 asked, 2 dead, 1 not seen" in said
    assert [one for one in site.asked if one.endswith("/gone")] == ["HEAD /gone", "GET /gone"]
    assert not any(one.endswith(("/typed", "/named", "/data")) for one in site.asked)
    assert site.agents == {links.AGENT}


def test_where_all_lead_somewhere_it_ends_well(site: Site, tmp_path: Path) -> None:
    assert links.main([str(checkout(tmp_path, f"{site.root}/here {site.root}/shy\n")), "--local"]) == 0


def test_without_a_network_it_says_so_and_calls_nothing_dead(
    tmp_path: Path, unused_tcp: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = links.main([str(checkout(tmp_path, f"{unused_tcp}/here\n")), "--local"])

    told = capsys.readouterr()
    assert code == 2
    assert told.out == ""
    assert "there is no network here" in told.err


@pytest.fixture
def unused_tcp() -> str:
    """An address at which nobody listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return f"http://127.0.0.1:{server.server_port}"


def test_what_is_asked_is_what_leads_to_other_sites() -> None:
    found = links.collected(links.ROOT)

    assert len(found) > 40
    assert "https://docs.github.com/en/webhooks/webhook-events-and-payloads" in found
    assert [one for one in found if "example" in one or "127.0.0.1" in one or one.endswith(")")] == []
