"""Runs the real installer as a process beside GitHub in a box, with a person who clicks whatever it waits for."""

from __future__ import annotations

import os
import re
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tassist import secrets
from tassist.sandbox import Box, Running, repositories, serve
from tassist.services.demo.browser import Browser, _Forms

KEYRINGS = Path(__file__).parent / "keyrings"
LINK = re.compile(r"https?://\S+")


class Person:
    """Sits at a browser somewhere; what was created and not brought back is brought back next time."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.brought: str = ""
        """The address GitHub sent the browser to, as long as it did not load."""
        self.created = 0
        self.pages: list[str] = []
        self.faults: list[str] = []
        self.authority = ""
        """A file of certificates the browser trusts."""

    def see(self, line: str) -> None:
        """Act on a line of the terminal."""
        found = LINK.fullmatch(line.strip())
        if not found:
            return
        try:
            if "/setup/" in found[0]:
                self.create(found[0])
            elif found[0].endswith("/installations/new"):
                self.install(found[0])
        except httpx.HTTPError as error:  # the installer was killed: the page does not load
            self.faults.append(repr(error))

    def create(self, link: str) -> None:
        """Open the installer's page, create the App, and be sent back."""
        trusted: ssl.SSLContext | bool = ssl.create_default_context(cafile=self.authority) if self.authority else True
        with httpx.Client(trust_env=False, timeout=20, verify=trusted) as client:
            if not self.brought:
                self.brought = self.at_github(client.get(link))
            page = client.get(self.brought)
            self.pages.append(page.text)
            if page.status_code == 200:
                self.brought = ""

    def at_github(self, page: httpx.Response) -> str:
        """Press the buttons of the page and of GitHub's; where GitHub sends the browser then."""
        reader = _Forms()
        reader.feed(page.text)
        _, action, fields = reader.forms[-1]
        with Browser(self.running.url) as browser:
            sent_to = browser.confirm(browser.post(action.removeprefix(self.running.url), fields))
        self.created += 1
        return sent_to

    def install(self, link: str) -> None:
        """Install the App."""
        with Browser(self.running.url) as browser:
            browser.confirm(browser.open(link.removeprefix(self.running.url)))


@dataclass
class Done:
    """What a run of the installer left."""

    code: int
    out: str
    err: str


@dataclass
class Installing:
    """One home folder and its environment."""

    running: Running
    home: Path
    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    person: Person = field(init=False)

    def __post_init__(self) -> None:
        self.person = Person(self.running)
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def box(self) -> Box:
        """GitHub."""
        return self.running.box

    def environment(self, **more: str) -> dict[str, str]:
        """Of the process."""
        keep = {
            name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"}
        }
        root = str(Path(__file__).resolve().parents[2])
        return {
            **keep,
            "TASSIST_HOME": str(self.home),
            "TASSIST_API_LIMITS": "off",
            "PYTHONPATH": f"{root}:{KEYRINGS}",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "TEST_KEYRING_FILE": str(self.folder / "keyring.json"),
            "TASSIST_PORT": "0",
            **self.env,
            **more,
        }

    def tassist(self, *args: str, clicks: bool = True, timeout_s: float = 90, **more: str) -> Done:
        """Run a command without a terminal; a person looks at what it says."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tassist", *args],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=self.folder, env=self.environment(**more),
        )  # fmt: skip
        assert process.stderr is not None
        assert process.stdout is not None
        said: list[str] = []

        def watch(stream: Any) -> None:
            for line in stream:
                said.append(line)
                if clicks:
                    self.person.see(line)

        watching = threading.Thread(target=watch, args=(process.stderr,), daemon=True)
        watching.start()
        out = process.stdout.read()
        code = process.wait(timeout_s)
        watching.join(timeout_s)
        process.stdout.close()
        process.stderr.close()
        assert "Traceback" not in "".join(said), "".join(said)
        return Done(code, out, "".join(said))

    def answers(self, **said: str) -> Path:
        """An answers file; the usual ones unless they are given."""
        usual = {
            "github": self.running.url,
            "webhook": "poll",
            "keep_secrets_in": "file",
            "create_with": "browser",
            "app_name": "Tidy of mine",
        }
        path = self.folder / "answers.toml"
        path.write_text("version = 1\n" + "".join(f'{key} = "{value}"\n' for key, value in {**usual, **said}.items()))
        return path

    def every_byte(self) -> str:
        """Everything the installer left on the disk but the places secrets belong to."""
        belongs = {"github-app.json", "keyring.json", ".env"}
        found = ""
        for path in [*self.home.rglob("*"), *self.folder.rglob("*")]:
            if path.is_file() and path.name not in belongs and not re.fullmatch(r"github-app\.\d+\.json", path.name):
                found += path.read_bytes().decode("latin-1")
        return found


@dataclass
class Elsewhere:
    """A machine with an App that was exported."""

    installing: Installing
    file: Path
    passphrase: str

    @property
    def app(self) -> secrets.GitHubApp:
        """Its credentials."""
        return secrets.read(secrets.credentials_path(self.installing.home))


@contextmanager
def nothing_installed(folder: Path) -> Iterator[Installing]:
    """A person with an organisation, and nothing installed."""
    box = Box.empty()
    box.organization("octo", owners=["ann"])
    by = box.by("ann")
    with box.lock:
        repositories.create_repository(box, by, box.user("octo"), "app", labels=False)
        repositories.create_repository(box, by, box.user("ann"), "own", labels=False)
    with serve(box) as running:
        yield Installing(running, folder / "home", folder / "folder")
    assert box.bugs == []
