"""The real server as a process of its own, so that it can be killed in the middle of its work and started again."""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.problems import Problem, ProblemError
from tassist import private
from tassist.errors import redact
from tassist.services.demo.interrupts import Interrupts
from tassist.text import safe_text

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0


class ServerProcess:
    """`tassist serve --headless` below a folder; leaving the context leaves no process."""

    def __init__(
        self,
        home: Path,
        env: Mapping[str, str],
        interrupts: Interrupts | None = None,
        *,
        port: int = 0,
        more: Sequence[str] = (),
    ) -> None:
        self.home = home
        self.env = dict(env)
        self._interrupts = interrupts or Interrupts()
        self.port = port
        self.more = tuple(more)
        """Further arguments."""
        self.url = ""
        self.starts = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def log(self) -> Path:
        """What the server said, of all its starts."""
        return self.home / "server.log"

    def start(self) -> None:
        """Start it and wait until it says where it listens.

        Raises:
            ProblemError: with the server's own last words where it does not start.
        """
        # Whatever becomes of us, also kill -9: the service ends with the pipe to it.
        command = [sys.executable, "-m", "tassist", "serve", "--headless", "--json", "--end-with-stdin"]
        command += ["--home", str(self.home), "--host", "127.0.0.1", "--port", str(self.port), *self.more]
        with open(self.log, "a", opener=private.opener) as log, self._interrupts.held():
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self.env,
                # Ctrl-C in the terminal is for the demo; it stops the server in its own time.
                start_new_session=True,
            )
        self.starts += 1
        hello = self._first_line()
        self.url = str(hello["webhook"])
        self.port = int(self.url.rsplit(":", 1)[1].split("/")[0])

    def kill(self) -> None:
        """Kill -9: no chance to finish or to say goodbye."""
        process = self._running()
        process.kill()
        process.wait()
        self._close()

    def stop(self) -> int:
        """Ask it to drain and end; its exit code. After a while it is killed."""
        process = self._running()
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        self._close()
        return code

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._close()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise RuntimeError("the server was not started")
        return self._process

    def _close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout) if self._process is not None else ():
            if pipe is not None:
                pipe.close()

    def _first_line(self) -> dict[str, object]:
        process = self._running()
        assert process.stdout is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            ready, _, _ = select.select([process.stdout], [], [], 0.2)
            if ready:
                line = process.stdout.readline()
                if line:
                    return dict(json.loads(line))
            if process.poll() is not None:
                break
        code = process.poll()
        if code is None:
            process.kill()
            process.wait()
        said = redact(self.log.read_text(errors="replace")).strip().splitlines()[-6:] if self.log.exists() else []
        raise ProblemError(
            Problem(
                code="server-did-not-start",
                what="the webhook server did not start"
                + (f" (exit code {code})" if code is not None else f" within {START_TIMEOUT_S:.0f} s"),
                why=safe_text("\n".join(said), newlines=True) or "it said nothing",
                fix="mend what it names, and run the command again",
                family="world",
            )
        )
