"""A process that looks at issues of a world of files, as a service or a worker does; killed, paused and cut off by tests.

For each issue the test writes down what it wants (``want/N``); a look reads that, and writes it (``got/N``) through the
ledger where it is not so yet. While there is ``slow/N`` it goes on reading; where there is ``fail/N`` it fails, once. Every look and every write is one line in ``seen``, so that what overlapped, came out of
order or was done twice can be told from outside, whichever process did it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from typing_extensions import override

from engine.model import Issue, IssueRef, Trigger
from engine.plan import AddLabels, Effect
from engine.ports import Applied, Applier, Retry, RunResult
from engine.problems import Problem
from tassist.server.ports import GitHubSide, Wrap
from tassist.store.model import News

ROOT = Path(__file__).resolve().parents[2]


class World(Applier):
    """The files, from inside a process."""

    def __init__(self, folder: Path, latency_s: float) -> None:
        self._folder = folder
        self._latency_s = latency_s
        self._seen = os.open(folder / "seen", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, kind: str, number: int, value: str = "") -> None:
        """One line, whole, whoever else writes."""
        line = json.dumps([time.monotonic(), os.getpid(), kind, number, value])
        os.write(self._seen, f"{line}\n".encode())

    def read(self, kind: str, number: int) -> str:
        """What is wanted, or what is there."""
        path = self._folder / kind / str(number)
        return path.read_text() if path.exists() else ""

    @override
    async def apply(self, ref: IssueRef, effect: Effect) -> Applied:
        assert isinstance(effect, AddLabels)
        await asyncio.sleep(self._latency_s)
        self.note("write", ref.number, effect.names[0])
        (self._folder / "got" / str(ref.number)).write_text(effect.names[0])
        return Applied(effect, changed=True, writes=1)


class Files(GitHubSide):
    """GitHub, as far as this world goes."""

    def __init__(self, folder: Path, latency_s: float) -> None:
        self._world = World(folder, latency_s)
        self._latency_s = latency_s
        self._reads = int(os.environ.get("TASSIST_TEST_READS", "1"))
        self._folder = folder

    @override
    async def run(
        self, trigger: Trigger, ref: IssueRef, *, installation_id: int, ledger: Wrap, since: datetime | None = None
    ) -> RunResult:
        from tassist.clock import SystemClock

        began = SystemClock().now()
        world = self._world
        world.note("begin", ref.number)
        try:
            for _ in range(self._reads):
                await asyncio.sleep(self._latency_s)
            while (self._folder / "slow" / str(ref.number)).exists():
                await asyncio.sleep(0.02)
            failing = self._folder / "fail" / str(ref.number)
            if failing.exists():
                failing.unlink()
                raise Retry(Problem("down", "GitHub is down", family="world"), after_s=0.5)
            wanted = world.read("want", ref.number)
            applied: tuple[Applied, ...] = ()
            if wanted != world.read("got", ref.number):
                applied = (await ledger(world).apply(ref, AddLabels((wanted,), rule="track")),)
        finally:
            world.note("end", ref.number)
        now = SystemClock().now()
        issue = Issue(ref)
        return RunResult(ref, "success", None, issue=issue, applied=applied, started=began, finished=now)

    @override
    async def open_issues(self, repo: str, repo_id: int, *, installation_id: int) -> list[int]:
        return []

    @override
    def heed(self, news: News) -> None:
        """Nothing is remembered."""

    @override
    async def own_login(self) -> str:
        return "task-assistant[bot]"

    @override
    async def close(self) -> None:
        """Nothing is open."""


def process(kind: str, home: Path, address: str, latency_s: float) -> None:
    """Be a service or a worker, until a signal; says one line once it works."""
    from functools import partial

    from tassist import log
    from tassist.clock import SystemClock
    from tassist.errors import Secret
    from tassist.server.dispatcher import Breadth
    from tassist.server.parts import Parts
    from tassist.server.service import Options, serve, work
    from tassist.server.signature import Secrets
    from tassist.store.place import open_database
    from tassist.telemetry.pump import Pump
    from tassist.telemetry.record import run_record
    from tests.support.delivering import SECRET

    async def github() -> GitHubSide:
        return Files(home, latency_s)

    if os.environ.get("TASSIST_TEST_NEXT_VERSION"):
        from tassist.store.postgres import schema

        # The version after this one, as far as the tables go: a column more, which this one can live with.
        schema.STEPS = (*schema.STEPS, schema.Step("ALTER TABLE lanes ADD COLUMN later text", len(schema.STEPS)))
    log.set_up(level="info", as_json=True)
    parts = Parts(
        home=home / f"own-{os.getpid()}",
        secrets=Secrets.checked(Secret(SECRET)),
        clock=SystemClock(),
        github=github,
        make_record=run_record,
        pump=lambda outbox: Pump(outbox, []),
        open_journal=partial(open_database, address) if address else None,
    )
    if not address:
        parts = Parts(
            home=home / "file",
            secrets=parts.secrets,
            clock=parts.clock,
            github=github,
            make_record=run_record,
            pump=parts.pump,
        )
    looks = int(os.environ.get("TASSIST_TEST_LOOKS", "8"))
    stand_by = bool(os.environ.get("TASSIST_TEST_STAND_BY"))
    options = Options(port=0, stand_by=stand_by, breadth=Breadth(looks=looks, looks_per_installation=looks))
    if kind == "worker":
        work(parts, options, lambda: print("working", flush=True))
    else:
        serve(parts, options, lambda url: print(url, flush=True))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of ``seen``."""

    at: float
    pid: int
    kind: str
    number: int
    value: str


class Looking:
    """Processes on one store, and their world, from outside."""

    def __init__(self, folder: Path, address: str, *, latency_s: float = 0.02) -> None:
        self.folder = folder
        self.address = address
        self.latency_s = latency_s
        self.processes: list[subprocess.Popen[str]] = []
        self.values: dict[int, list[str]] = defaultdict(list)
        for name in ("want", "got", "fail", "slow"):
            (folder / name).mkdir()

    def start(
        self, kind: str = "worker", *, address: str | None = None, latency_s: float | None = None, **env: str
    ) -> tuple[subprocess.Popen[str], str]:
        """Start one, and wait until it says that it works."""
        started = self.launch(kind, address=address, latency_s=latency_s, **env)
        assert started.stdout is not None
        said = started.stdout.readline().strip()
        assert said, (self.folder / f"log-{len(self.processes) - 1}").read_text()[-2000:]
        return started, said

    def launch(
        self, kind: str, *, address: str | None = None, latency_s: float | None = None, **env: str
    ) -> subprocess.Popen[str]:
        """Start one that may have to wait for another before it works."""
        latency = str(self.latency_s if latency_s is None else latency_s)
        command = [sys.executable, "-m", "tests.support.looking", kind, str(self.folder), latency]
        with (self.folder / f"log-{len(self.processes)}").open("w") as log:
            started = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
                env={**os.environ, **env, "TASSIST_TEST_ADDRESS": self.address if address is None else address},
            )
        self.processes.append(started)
        return started

    def want(self, number: int, value: str) -> dict[str, Any]:
        """Want something of an issue; returns the payload that tells of it."""
        self.values[number].append(value)
        path = self.folder / "want" / f".{number}"
        path.write_text(value)
        path.rename(self.folder / "want" / str(number))
        return {
            "action": "edited",
            "issue": {"number": number, "title": value},
            "repository": {"id": 7, "full_name": "octo/app", "default_branch": "main"},
            "sender": {"login": "ann", "id": 1},
            "installation": {"id": 5},
        }

    def seen(self) -> list[Line]:
        """Everything that was done, in order."""
        path = self.folder / "seen"
        lines = path.read_text().splitlines() if path.exists() else []
        return sorted((Line(*json.loads(line)) for line in lines), key=lambda line: line.at)

    def check(self, killed: frozenset[int] = frozenset(), only: Collection[int] | None = None) -> None:
        """Nothing overlapped, came out of order, was done twice, or is missing; of these issues, or of all."""
        writes: dict[int, list[str]] = defaultdict(list)
        under_way: dict[int, int] = {}
        for line in self.seen():
            if line.kind == "write":
                writes[line.number].append(line.value)
            elif line.kind == "begin":
                holder = under_way.get(line.number)
                # One that was killed never says that it ended.
                assert holder is None or holder in killed, f"two looks at issue {line.number}: {holder} and {line.pid}"
                under_way[line.number] = line.pid
            elif under_way.get(line.number) == line.pid:
                del under_way[line.number]
        for number, wanted in self.values.items():
            if only is not None and number not in only:
                continue
            assert (self.folder / "got" / str(number)).read_text() == wanted[-1], f"issue {number} is not as wanted"
            places = [wanted.index(value) for value in writes[number]]
            assert places == sorted(places), f"writes to issue {number} came out of order: {writes[number]}"
            assert not [value for value, times in Counter(writes[number]).items() if times > 1], writes[number]

    def stop(self) -> None:
        """End every process."""
        for one in self.processes:
            if one.poll() is None:
                one.send_signal(signal.SIGCONT)
                one.kill()
            one.wait()
            if one.stdout is not None:
                one.stdout.close()


@contextmanager
def looking(folder: Path, address: str, **more: Any) -> Iterator[Looking]:
    """A world; leaving it leaves no process."""
    made = Looking(folder, address, **more)
    try:
        yield made
    finally:
        made.stop()


def main(arguments: list[str], env: Mapping[str, str]) -> None:
    """Be one of the processes."""
    kind, folder, latency_s = arguments
    process(kind, Path(folder), env["TASSIST_TEST_ADDRESS"], float(latency_s))


if __name__ == "__main__":
    main(sys.argv[1:], os.environ)
