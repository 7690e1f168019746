"""The console in a real browser: drawn, worked by keys, for whoever has the address alone, and asking nobody else for anything."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.chromium import opened
from tests.support.console import typical

pytest.importorskip("textual_serve", reason="the extra `web` is not installed: pip install 'tassist[web]'")


@dataclass
class Served:
    """The console as a browser finds it."""

    address: str
    """What it said is to be opened."""
    process: subprocess.Popen[str]
    talk: Path
    """What it said besides."""

    @property
    def port(self) -> int:
        """Where it listens."""
        port = urlsplit(self.address).port
        assert port is not None
        return port


@pytest.fixture
def served(home: Path, tmp_path: Path) -> Iterator[Served]:
    """`tassist console --web` on a free port, on an ordinary morning."""
    typical(home)
    talk = tmp_path / "stderr"
    with talk.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "tassist", "console", "--web", "--web-port", "0", "--home", str(home)],
            env={
                **{name: os.environ[name] for name in ("PATH", "TZ", "LC_ALL") if name in os.environ},
                "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
                "HOME": str(tmp_path),
            },
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    assert process.stdout is not None
    try:
        said = ""
        while not said.startswith("http://"):
            assert select.select([process.stdout], [], [], 60)[0], "it said no address"
            said = process.stdout.readline().strip()
            assert process.poll() is None, "it ended"
        yield Served(said, process, talk)
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def listens_at(pid: int) -> set[str]:
    """Every address a process takes connections at, as the kernel lists them."""
    links = [str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir() if one.is_symlink()]
    held = {link.removeprefix("socket:[").rstrip("]") for link in links if link.startswith("socket:[")}
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[1] for row in rows if row[3] == "0A" and row[9] in held}


def children(pid: int) -> list[Path]:
    """The processes it has started, where the system lists them."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [Path(f"/proc/{child}") for found in lists for child in found.read_text().split()]


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for: {what}"


def refusal(url: str, **headers: str) -> int:
    """The status a request is refused with."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20)
    with refused.value as answer:
        return answer.code


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="this system does not list its sockets in /proc")
def test_it_listens_on_this_machine_alone_and_its_log_does_not_hold_the_token(served: Served) -> None:
    assert listens_at(served.process.pid) == {f"0100007F:{served.port:04X}"}

    origin, _, token = served.address.partition("/?token=")
    assert refusal(origin) == refusal(f"{origin}/ws") == refusal(f"{origin}/?token=wrong") == 403
    assert refusal(served.address, Host="rebound.example") == 403
    assert refusal(served.address, Origin="https://evil.example") == 403
    assert (
        urllib.request.urlopen(urllib.request.Request(origin, headers={"Cookie": f"tassist-console={token}"})).status
        == 200
    )

    served.process.terminate()
    assert served.process.wait(60) == 0
    assert served.process.stdout is not None
    assert token not in served.process.stdout.read(), "but once, in the address"
    assert token not in served.talk.read_text()


def test_no_option_has_it_listen_elsewhere() -> None:
    from tassist.cli.forms import forms_of

    told = {one.name for form in forms_of("console") for one in form.parameters}
    assert {one for one in told if "web" in one or "host" in one} == {"--web", "--web-port"}


def test_it_is_drawn_takes_keys_and_ends_in_a_browser(served: Served, tmp_path: Path) -> None:
    origin = served.address.partition("/?")[0]
    with opened(tmp_path / "profile") as browser:
        browser.resize(1200, 800)
        browser.goto(served.address)
        assert "token=" not in browser.evaluate("location.href"), "the token is in no history"
        until(lambda: browser.evaluate("document.body.classList.contains('-first-byte')"), "the first picture")
        assert not browser.evaluate("document.body.classList.contains('-closed')")
        for kind in ("mousePressed", "mouseReleased"):  # the page has the keys once it is clicked at
            browser.call("Input.dispatchMouseEvent", type=kind, x=600, y=700, button="left", clickCount=1)
        for kind in ("keyDown", "keyUp"):
            browser.call(
                "Input.dispatchKeyEvent", type=kind, key="q", code="KeyQ", text="q" if kind == "keyDown" else ""
            )
        until(lambda: browser.evaluate("document.body.classList.contains('-closed')"), "q to leave")

        browser.goto(origin)
        until(lambda: browser.evaluate("document.body.classList.contains('-first-byte')"), "a second window")
        windows = children(served.process.pid)
        served.process.terminate()
        assert served.process.wait(60) == 0
        until(lambda: not any(one.exists() for one in windows), "the window's process to end")
        assert served.talk.read_text().endswith("Ctrl-C ends it\n"), "nothing that went wrong is said"

        elsewhere = [url for url in browser.requests if not url.startswith((origin, "data:", "ws://127.0.0.1"))]
        assert set(elsewhere) <= set(browser.refused), "a font of somebody else's, which the policy stops"
