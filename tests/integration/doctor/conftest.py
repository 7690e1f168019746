"""A machine to be looked at, a self-signed TLS server, and proxies, each real and small."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.problems import Problem, ProblemError
from tassist.config import settings
from tassist.doctor.check import Machine

NOW = dt.datetime(2026, 11, 28, 12, 0, 0, tzinfo=dt.UTC)


@dataclass
class Desk:
    """Makes machines that differ in one thing."""

    home: Path
    folder: Path

    def machine(self, *, now: dt.datetime | None = None, **changes: object) -> Machine:
        """An ordinary machine but for ``changes``; ``env`` sets variables."""
        env = {"HOME": str(self.home), "TERM": "xterm-256color", **changes.pop("env", {})}  # type: ignore[dict-item]
        loaded: settings.Settings | None = None
        problems: tuple[Problem, ...] = ()
        try:
            loaded = settings.load({"home": str(self.home)}, env=env, dotenv=None)
        except ProblemError as error:
            problems = error.problems
        values: dict[str, object] = {
            "settings": loaded,
            "settings_problems": problems,
            "environment": env,
            "home": self.home,
            "folder": self.folder,
            "dotenv": self.folder / ".env",
            "now": lambda: now or dt.datetime.now(dt.UTC),
        }
        return Machine(**{**values, **changes})  # type: ignore[arg-type]  # names of its fields


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Two empty folders."""
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir(mode=0o700)
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Desk(home, folder)


@dataclass
class Peer:
    """A small server on a port of this machine."""

    port: int
    heads: list[str] = field(default_factory=list)
    """The heads of requests it has seen."""


@contextmanager
def peer(answer: Callable[[str], bytes], *, tls: tuple[Path, Path] | None = None) -> Iterator[Peer]:
    """Answers each connection once, with what ``answer`` makes of the request's head."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.05)
    found = Peer(listening.getsockname()[1])
    ended = threading.Event()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
    if context is not None and tls is not None:
        context.load_cert_chain(*tls)

    def one(plain: socket.socket) -> None:
        try:
            with context.wrap_socket(plain, server_side=True) if context is not None else plain as line:
                line.settimeout(5)
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = line.recv(65536)
                    if not piece:
                        return
                    head += piece
                found.heads.append(head.decode("latin-1"))
                line.sendall(answer(found.heads[-1]))
        except OSError:
            return

    def run() -> None:
        while not ended.is_set():
            try:
                plain, _ = listening.accept()
            except TimeoutError:
                continue
            threading.Thread(target=one, args=(plain,), daemon=True).start()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join(5)
        listening.close()
