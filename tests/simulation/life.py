"""One life of the service: the real parts, joined as `tassist serve` joins them, until it dies or is ended."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import Callable, Coroutine, Mapping
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import msgspec
from typing_extensions import override

from engine.model import IssueRef, Trigger
from engine.ports import RunResult
from engine.problems import ProblemError
from tassist.errors import Secret
from tassist.github.abreast import Managed
from tassist.github.catchup import RETENTION_CLOUD
from tassist.github.connection import Connection
from tassist.secrets import GitHubApp
from tassist.secrets.private_key import PrivateKey
from tassist.server.absence import Absence, Watchfulness
from tassist.server.answering import Answer
from tassist.server.away import Away
from tassist.server.dispatcher import Breadth, Dispatcher
from tassist.server.intake import Intake
from tassist.server.looks import Looks, Patience
from tassist.server.metrics import Metrics
from tassist.server.polling import Polling
from tassist.server.ports import Wrap
from tassist.server.signature import Secrets, Verifier
from tassist.server.standing import Asking, Standing
from tassist.server.sweeping import ALL, Pace, Sweeping
from tassist.store.database import connect
from tassist.store.journal import DELIVERIES, RECORDS
from tassist.store.model import Keep
from tassist.store.standing import TOPIC as STANDING
from tassist.telemetry.lane import Lane as SinkLane
from tassist.telemetry.lane import Limits
from tassist.telemetry.record import run_record
from tassist.telemetry.sinks.jsonl import JsonlSink
from tassist.wiring import RealGitHub
from tests.simulation.loop import VirtualLoop
from tests.simulation.state import APP_ID, moment
from tests.simulation.store import SimJournal
from tests.support import keys
from tests.support.delivering import SECRET

if TYPE_CHECKING:
    from tests.simulation.watch import Watch
    from tests.simulation.world import World

LIFE: ContextVar[Life | None] = ContextVar("life", default=None)
CATCH_UP_S = 1800.0
POLL_S = 300.0
LOG = RETENTION_CLOUD


class Died(BaseException):
    """The process is no more."""


@cache
def _keys() -> tuple[PrivateKey, ...]:
    return GitHubApp(APP_ID, Secret(keys.pem())).keys()


class _App(GitHubApp):
    """The credentials, their key parsed once for all lives."""

    @override
    def keys(self) -> tuple[PrivateKey, ...]:
        return _keys()


class SimClock:
    """The present of the virtual loop."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        """The present."""
        return moment(self._loop.now_s)


class SimGitHub(RealGitHub):
    """The product's own GitHub side on the simulated wire, watched."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._app = _App(APP_ID, Secret("unused"), slug="tassist")
        self._limits, self._dry, self.shadows = None, None, None  # nothing is migrated here
        self._managed = Managed()
        self._clock = life.clock  # type: ignore[assignment]  # another clock is the point
        self.connection = Connection(self._app, clock=life.clock)
        self.connection.client.monotonic = life.loop.time

    @property
    def api(self) -> Any:
        """What the App may ask about itself."""
        return self.connection.api

    @override
    async def run(
        self, trigger: Trigger, ref: IssueRef, *, installation_id: int, ledger: Wrap, since: datetime | None = None
    ) -> RunResult:
        life = self._life
        key = (ref.repo_id, ref.number)
        life.watch.run_begins(life, key)
        try:
            if life.world.is_deadly(key):
                await asyncio.sleep(0.5)
                life.must_live()
                life.watch.killed(key)
                life.world.faults.note("deadly")
                life.die("deadly")
                raise Died
            return await super().run(trigger, ref, installation_id=installation_id, ledger=ledger, since=since)
        finally:
            life.active.discard(key)


@dataclass(eq=False)
class Life:
    """A process, from its start to its death."""

    world: World
    number: int
    home: Path
    dice: random.Random
    polling: bool = False
    """Whether this life has no webhook and asks every repository."""
    breadth: Breadth = field(default_factory=lambda: Breadth(poll_s=60.0, looks=16, looks_per_installation=6))
    patience: Patience = field(default_factory=Patience)
    dead: bool = False
    ready: bool = False
    ready_s: float = 0.0
    """When it became ready; the log is read after that."""
    tasks: dict[asyncio.Task[Any], None] = field(default_factory=dict)
    active: set[tuple[int, int]] = field(default_factory=set)
    """Issues that are being looked at."""
    held: dict[str, float] = field(default_factory=dict)
    """Token's installation → until when GitHub asked to be left alone, as this life was told."""
    last_write_s: dict[str, float] = field(default_factory=dict)
    paused: dict[int, float] = field(default_factory=dict)
    """Installations this life was told are suspended → since when."""

    def __post_init__(self) -> None:
        self.loop: VirtualLoop = self.world.loop
        self.watch: Watch = self.world.watch
        self.clock = SimClock(self.loop)
        self.journal: SimJournal | None = None
        self.intake: Intake | None = None
        self.dispatcher: Dispatcher | None = None
        self.connections: list[sqlite3.Connection] = []
        self._records = asyncio.Event()
        self._records.set()
        self._full = False

    # --- its beginning and its end --------------------------------------------------------------

    def start(self) -> None:
        """Begin; a task of the loop."""
        context = copy_context()
        context.run(LIFE.set, self)
        self.main = context.run(self.loop.create_task, self._main())

    def traced(self, line: str) -> None:
        """Put a line into the trace."""
        self.world.trace(f"{self.number} {line}")

    def must_live(self) -> None:
        """Stop here if the process is dead: nothing of it may still act."""
        if self.dead:
            raise Died

    def dies(self, where: str, chance: float) -> bool:
        """Whether the process dies here; the caller goes no further."""
        kind = f"crash:{where}"
        if self.dead or not self.ready or not self.world.faults.strikes(kind, chance * self.world.crashiness):
            return self.dead
        self.die(where)
        return True

    def die_at(self, where: str, chance: float) -> None:
        """Die here, perhaps, from inside the product's own code."""
        if self.dies(where, chance):
            raise Died

    def die(self, where: str) -> None:
        """The process is gone: what it had in memory is lost, what was committed stays."""
        self.traced(f"dies: {where}")
        self.dead = True
        for task in list(self.tasks):
            task.cancel()
        for connection in self.connections:
            with contextlib.suppress(sqlite3.Error):
                connection.close()
        if self.journal is not None:
            self.journal.writer.stop()
            for reader in self.journal._readers:
                with contextlib.suppress(sqlite3.Error):
                    reader.close()
        self.world.died(self)

    def connect(self, path: Path) -> sqlite3.Connection:
        """The writer's connection."""
        connection = connect(path)
        self.connections.append(connection)
        return connection

    def heed_disk(self, connection: sqlite3.Connection | None) -> None:
        """Let the file grow, or not."""
        full = self.world.disk_full
        if connection is not None and full != self._full:
            self._full = full
            pages = connection.execute("PRAGMA page_count").fetchone()[0] if full else 2**30
            connection.execute(f"PRAGMA max_page_count = {pages}").fetchone()

    # --- its parts ------------------------------------------------------------------------------

    async def _main(self) -> None:
        journal = self.journal = SimJournal.begin(self.home, self)
        github = self.github = SimGitHub(self)
        metrics = self.metrics = Metrics()
        looks = self.looks = Looks(journal, github, run_record, self.clock, metrics, self.patience)
        own_login = await github.own_login()
        dispatcher = self.dispatcher = Dispatcher(
            journal,
            looks,
            self.clock,
            metrics,
            own_login=lambda: own_login,
            on_news=github.heed,
            busy=lambda: self.intake is not None and self.intake.busy,
            breadth=self.breadth,
        )
        journal.writer.on_commit(DELIVERIES, lambda: self._soon(dispatcher.stored))
        journal.writer.on_commit(RECORDS, self._records.set)
        journal.writer.on_commit(STANDING, lambda: self._soon(self._stands_otherwise))
        self.intake = Intake(
            journal, Verifier(Secrets.checked(Secret(SECRET))), self.clock, metrics, monotonic=self.loop.time
        )
        self.sink = JsonlSink(self.home / "telemetry", notice=lambda _: None)
        self.lane = SinkLane(journal.outbox, self.sink, Limits(), self.clock, None)
        self.ready = True
        self.ready_s = self.world.now_s
        self.traced("ready")
        connection = github.connection
        how = Watchfulness(LOG, every_s=CATCH_UP_S, beat_s=300.0, first_s=60.0)
        self.absence = Absence(connection, journal, self.clock, how)
        self.poller = Polling(connection, journal, self.clock, every_s=POLL_S)
        pace = Pace(poll_s=60.0, repos=2)
        background = [
            self.loop.create_task(self._pump_for_ever()),
            self.loop.create_task(self.poller.run() if self.polling else self.absence.run()),
            self.loop.create_task(Standing(connection, journal, self.clock, asking=Asking(poll_s=60.0)).run()),
            self.loop.create_task(Sweeping(connection, journal, self.clock, pace=pace).run()),
        ]
        try:
            await dispatcher.run()
        finally:
            for task in background:
                task.cancel()

    def _soon(self, call: Callable[[], None]) -> None:
        if not self.dead:
            self.loop.call_soon(call)

    def _stands_otherwise(self) -> None:
        """What is known of installations may have changed."""
        assert self.journal is not None
        assert self.dispatcher is not None
        if self.dead:
            return
        self.dispatcher.look_anew()
        states = self.journal.standing.installations()
        for number in [number for number in self.paused if states.get(number) != "suspended"]:
            del self.paused[number]
        for number, state in states.items():
            if state == "suspended":
                self.paused.setdefault(number, self.world.now_s)

    # --- telemetry --------------------------------------------------------------------------------

    async def _pump_for_ever(self) -> None:
        while True:
            await self._records.wait()
            await asyncio.sleep(self.dice.uniform(1.0, 10.0))
            self.watch.resting(self)
            if not self.world.disk_full:
                self._records.clear()
                self.pump()

    def pump(self) -> None:
        """Move what waits to the sink: the lane's own steps, without its thread."""
        self.must_live()
        assert self.journal is not None
        self.lane._cursor = max(self.lane._cursor, self.journal.outbox.cursor(self.sink.name))
        while rows := self.journal.outbox.read(self.lane._cursor, 500):
            refused = self.lane._write(rows)
            assert not refused, refused
            self.die_at("before-cursor", 0.01)
            self.lane._note(rows, refused)

    # --- what is done without being told -----------------------------------------------------------

    async def catch_up(self) -> None:
        """Read GitHub's log now."""
        with contextlib.suppress(ProblemError):
            await self.absence.catch_up()

    async def night(self) -> None:
        """Let the schedule look whether a night has come."""
        assert self.journal is not None
        journal = self.journal

        async def begin() -> None:
            Away(LOG, sweep_at=time(2, 30), spread_by="77").begin_night(journal, self.clock.now())

        await self.do(begin())

    async def sweep(self, sweep_id: str) -> None:
        """Ask for a sweep of everything."""
        assert self.journal is not None
        journal = self.journal

        async def begin() -> None:
            journal.sweeps.begin(sweep_id, "asked", ALL, self.clock.now())

        await self.do(begin())

    async def prune(self, keep: Keep, now: datetime) -> None:
        """One round of retention; the process may die between two of its steps."""
        assert self.journal is not None
        journal = self.journal

        def rest() -> bool:
            self.die_at("mid-prune", 0.02)
            return True

        async def work() -> None:
            journal.prune(keep, (self.sink.name,), now, rest=rest)

        await self.do(work())

    async def do(self, work: Coroutine[Any, Any, None]) -> None:
        """Let the process do something; comes back when it is done, or when the process died over it."""
        ended: asyncio.Future[None] = self.loop.create_future()

        def end(_: object) -> None:
            if not ended.done():
                ended.set_result(None)

        context = copy_context()
        context.run(LIFE.set, self)
        context.run(self.loop.create_task, work).add_done_callback(end)
        await ended

    # --- a webhook arrives ----------------------------------------------------------------------

    async def receive(self, body: bytes, headers: list[tuple[bytes, bytes]]) -> int:
        """Hand a request to the intake by one of its two ways; its status, or 0 where the process died over it."""
        answer: list[int] = []

        def say(status: int) -> None:
            self.must_live()
            self.watch.answers(self, dict(headers), status)
            answer.append(status)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            self.must_live()
            if message["type"] == "http.response.start":
                say(message["status"])

        async def ask() -> None:
            assert self.intake is not None
            usual = self.intake.usual(headers) if crc32(dict(headers)[b"x-github-delivery"]) % 2 else None
            said: asyncio.Future[Answer] = self.loop.create_future()

            def hear(one: Answer) -> None:
                if not said.done():  # it is where the process died meanwhile
                    said.set_result(one)

            if usual is not None and self.intake.take(usual, body, hear):
                say((await said).status)
                return
            scope = {"type": "http", "method": "POST", "raw_path": b"/webhook", "headers": headers}
            await self.intake(scope, receive, send)

        await self.do(ask())
        return answer[0] if answer else 0

    # --- for the end ------------------------------------------------------------------------------

    @property
    def has_caught_up(self) -> bool:
        """Whether this life, which goes on, has read the log."""
        return self.ready and not self.dead and self.absence.caught_up.is_set()

    def idle(self) -> bool:
        """Whether nothing waits."""
        assert self.journal is not None
        backlog = self.journal.backlog()
        return not backlog.lanes and not backlog.unsorted and not self.journal.sweeps.unfinished()


def compact(payload: Mapping[str, Any]) -> bytes:
    """As GitHub writes JSON."""
    return msgspec.json.encode(payload)
