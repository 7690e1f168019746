"""A headless Chromium driven over the DevTools protocol through a pipe: no port, no further dependency.

It is started with everything off that would talk to the outside, every host but this machine resolved to nothing, and
each request a page makes is kept in `Chromium.requests`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
)
# DevTools wants its pipe at descriptors 3 and 4 of the browser.
_START = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)


def installed() -> str | None:
    """Where Chromium is, if it is."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Chromium:
    """One browser with one page."""

    def __init__(self, program: str, profile: Path) -> None:
        into_browser, self._write = os.pipe()
        self._read, out_of_browser = os.pipe()
        # Away from 3 and 4, which the browser's end is moved to.
        ends = [_high(into_browser), _high(out_of_browser)]
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                _START,
                *map(str, ends),
                program,
                *_FLAGS,
                f"--user-data-dir={profile}",
                "about:blank",
            ],
            pass_fds=ends,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for end in ends:
            os.close(end)
        self._buffer = b""
        self._last = 0
        self._session = ""
        self.requests: list[str] = []
        """Every address the page wanted, in order."""
        self.refused: list[str] = []
        """Those of them that the page's own content security policy stopped."""
        self._url_by_request: dict[str, str] = {}
        self.loads = 0
        """How many pages have been loaded."""
        self.dialogs: list[str] = []
        """What `alert` and its like said; each is closed at once."""
        self.console: list[str] = []
        """Errors and messages of the page's scripts and of its content security policy."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol and its result."""
        self._last += 1
        wanted = self._last
        message: dict[str, Any] = {"id": wanted, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            heard = self._next()
            if heard.get("id") == wanted:
                if "error" in heard:
                    raise RuntimeError(f"{method}: {heard['error']}")
                result: dict[str, Any] = heard["result"]
                return result

    def _next(self, timeout_s: float = 60.0) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], timeout_s)
            chunk = os.read(self._read, 65536) if ready else b""
            if not chunk:
                raise RuntimeError("the browser said nothing more")
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\0")
        heard: dict[str, Any] = json.loads(line)
        self._note(heard.get("method", ""), heard.get("params", {}))
        return heard

    def _note(self, method: str, params: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
            self._url_by_request[params["requestId"]] = params["request"]["url"]
        elif method == "Network.loadingFailed" and params.get("blockedReason") == "csp":
            self.refused.append(self._url_by_request[params["requestId"]])
        elif method == "Page.loadEventFired":
            self.loads += 1
        elif method == "Page.javascriptDialogOpening":
            self.dialogs.append(params["message"])
            self._last += 1
            close = {"id": self._last, "method": "Page.handleJavaScriptDialog", "params": {"accept": False}}
            os.write(self._write, json.dumps(close | {"sessionId": self._session}).encode() + b"\0")
        elif method == "Log.entryAdded":
            self.console.append(params["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.console.append(str(params["exceptionDetails"].get("text")))

    def goto(self, url: str) -> None:
        """Open an address and wait until it is loaded."""
        before = self.loads
        self.call("Page.navigate", url=url)
        self._wait_for_load(before)

    def submit(self, script: str) -> None:
        """Run a script that leaves the page, such as the click on a button, and wait for the next page."""
        before = self.loads
        self.evaluate(script)
        self._wait_for_load(before)

    def _wait_for_load(self, before: int) -> None:
        while self.loads == before:
            self._next()

    def evaluate(self, script: str) -> Any:
        """The value of an expression in the page."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(f"the page: {found['exceptionDetails']}")
        return found["result"].get("value")

    def resize(self, width: int, height: int) -> None:
        """Give the page this many CSS pixels."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def screenshot(self, target: Path) -> None:
        """The visible page as a PNG."""
        target.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        """End the browser and everything it started."""
        self._session = ""
        with contextlib.suppress(RuntimeError, OSError):
            self.call("Browser.close")
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=20)
        os.close(self._read)
        os.close(self._write)


def _high(descriptor: int) -> int:
    import fcntl

    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD, 20)
    os.close(descriptor)
    return moved


@contextlib.contextmanager
def opened(profile: Path) -> Iterator[Chromium]:
    """A browser for one test; the test is skipped where there is none."""
    program = installed()
    if program is None:
        pytest.skip("no Chromium on this machine")
    browser = Chromium(program, profile)
    try:
        yield browser
    finally:
        browser.close()
