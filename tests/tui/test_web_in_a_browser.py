"""The console in a real browser: drawn, worked by keys, for whoever has the address alone, and asking nobody else for anything."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.chromium import opened
from tests.support.console import typical

pytest.importorskip("textual_serve", reason="the extra `web` is not installed: pip install 'tassist[web]'")


@pytest.fixture
def address(home: Path, tmp_path: Path) -> Iterator[str]:
    """What `tassist console --web` says is to be opened."""
    typical(home)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "tassist", "console", "--web", "--web-port", str(port), "--home", str(home)],
        env={
            **{name: os.environ[name] for name in ("PATH", "TZ", "LC_ALL") if name in os.environ},
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "HOME": str(tmp_path),
        },
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = ""
        while not said.startswith("http://"):
            assert select.select([process.stdout], [], [], 60)[0], "it said no address"
            said = process.stdout.readline().strip()
            assert process.poll() is None, "it ended"
        yield said
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for: {what}"


def test_it_is_drawn_takes_keys_and_ends_in_a_browser(address: str, tmp_path: Path) -> None:
    origin = address.partition("/?")[0]
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{origin}/", timeout=20)
    with refused.value as answer:
        assert answer.code == 403

    with opened(tmp_path / "profile") as browser:
        browser.resize(1200, 800)
        browser.goto(address)
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

        elsewhere = [url for url in browser.requests if not url.startswith((origin, "data:", "ws://127.0.0.1"))]
        assert set(elsewhere) <= set(browser.refused), "a font of somebody else's, which the policy stops"
