"""One running service: it listens, stores, answers, works, and on a signal drains and ends whole."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import uvicorn
from typing_extensions import override

from engine.problems import Problem, ProblemError
from tassist.errors import os_problem
from tassist.log import get_logger, log_event
from tassist.server.dispatcher import Breadth
from tassist.server.edge import Bounds, Connections, edge
from tassist.server.health import Health
from tassist.server.intake import Intake
from tassist.server.leading import Leading
from tassist.server.looks import Patience
from tassist.server.metrics import Metrics
from tassist.server.parts import Parts
from tassist.server.shared import SortingInbox
from tassist.server.signature import Verifier
from tassist.server.threads import DispatcherThread
from tassist.store.database import ServeLock, prepare_folder
from tassist.store.journal import Journal as FileJournal
from tassist.store.model import News
from tassist.store.move import refuse_moved
from tassist.store.ports import Journal, shared

_LOG = get_logger("serve")


@dataclass(frozen=True, slots=True)
class Options:
    """Where a service listens, and its bounds."""

    host: str = "127.0.0.1"
    port: int = 8080
    """0 takes a free one."""
    stand_by: bool = False
    """Wait where another service holds the journal, and take over when it ends."""
    grace_s: float = 8.0
    """How long looks under way may take to finish after a signal: less than a container is given (10 s). What is broken
    off is in the ledger and goes on with the next start."""
    bounds: Bounds = field(default_factory=Bounds)
    breadth: Breadth = field(default_factory=Breadth)
    patience: Patience = field(default_factory=Patience)
    prune_every_s: float = 600.0
    """How often the journal is rid of what is over."""
    max_pages: int = 0
    """Bound of the journal in pages of 4 KiB; 0 for none."""


class Asked(Protocol):
    """How a service is asked to end: the first time to drain, a further time to hurry."""

    received: int
    """What asked first; 0 as long as nothing did."""
    times: int
    on_signal: Callable[[], None]
    """Called whenever it is asked."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def serve(parts: Parts, options: Options, listening: Callable[[str], None], *, asked: Asked | None = None) -> int:
    """Serve until a signal; returns the signal that ended it, 0 where it ended itself.

    Args:
        parts: What it is made of.
        options: Where and how.
        listening: Told the address once deliveries are taken.
        asked: Asks it to end; default: SIGTERM and SIGINT, which only a main thread can hear.

    Raises:
        ProblemError: it cannot start, or a part of it failed for good.
    """
    factory = parts.loop_factory or _uvloop()
    prepare_folder(parts.home)
    with asked or _Signals() as signals, ServeLock(parts.home) as lock:
        # Where several share a store, each issue has its own lock, and the folder is only this machine's.
        if parts.open_journal is None and not _acquire(lock, options, signals):
            return signals.received
        with (
            contextlib.closing(_listen(options.host, options.port)) as listener,
            _opened(parts, options) as journal,
            asyncio.Runner(loop_factory=factory) as runner,
        ):
            service = _Service(replace(parts, loop_factory=factory), options, journal, signals)
            runner.run(service.run(listener, listening))
    return signals.received


def work(parts: Parts, options: Options, working: Callable[[], None]) -> int:
    """Look at what waits in a store that several processes share, without taking deliveries; until a signal.

    Args:
        parts: What it is made of, with a journal that is elsewhere.
        options: Its bounds.
        working: Called once it works.

    Raises:
        ProblemError: it cannot start, or a part of it failed for good.
    """
    factory = parts.loop_factory or _uvloop()
    ended = threading.Event()
    with _Signals() as signals, _opened(parts, options) as journal:
        signals.on_signal = ended.set
        dispatcher = DispatcherThread(
            replace(parts, loop_factory=factory, away=None),
            journal,
            Metrics(),
            busy=lambda: False,
            on_end=ended.set,
            breadth=options.breadth,
            patience=options.patience,
        )
        dispatcher.start()
        log_event(_LOG, "working", "looking at what waits")
        working()
        if not signals.received:
            # In pieces: a wait without an end keeps signals from being heard.
            while not ended.wait(0.5):
                pass
        log_event(_LOG, "draining", "finishing what is under way", looks=dispatcher.looks_under_way)
        broken_off = dispatcher.drain(options.grace_s)
        log_event(_LOG, "ended", "others go on with what is stored", broken_off=broken_off or None)
        if dispatcher.error is not None:
            raise dispatcher.error
    return signals.received


def _opened(parts: Parts, options: Options) -> Journal:
    if parts.open_journal is not None:
        journal = parts.open_journal()
    else:
        journal = FileJournal.open(parts.home, max_pages=options.max_pages)
    try:
        refuse_moved(journal.meta, str(parts.home) if parts.open_journal is None else "in the database")
    except BaseException:
        journal.close()
        raise
    if parts.tell is not None:
        journal.tell = parts.tell.over
    return journal


class _Signals(Asked):
    """SIGTERM and SIGINT, noted; the first asks to drain, a further one to hurry."""

    def __init__(self) -> None:
        self.received = 0
        self.times = 0
        self.on_signal: Callable[[], None] = lambda: None
        self._before: dict[int, object] = {}

    @override
    def __enter__(self) -> Self:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._note)
        return self

    @override
    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what `signal` itself returned

    def _note(self, number: int, _frame: object) -> None:
        self.received = self.received or number
        self.times += 1
        self.on_signal()


def _acquire(lock: ServeLock, options: Options, signals: Asked) -> bool:
    """Take the journal's lock; with ``stand_by`` wait for it. False where a signal came first."""
    said = False
    while not lock.acquire():
        if not options.stand_by:
            owner = lock.owner()
            raise ProblemError(
                Problem(
                    code="already-serving",
                    what=f"another service uses this journal{f' (process {owner})' if owner else ''}",
                    why="two services on one journal would look at one issue at the same time",
                    fix="stop it, choose another folder with --home, or wait for it with --stand-by",
                    family="world",
                )
            )
        if not said:
            log_event(_LOG, "standing-by", "another service holds the journal; standing by", owner=lock.owner())
            said = True
        time.sleep(0.2)
        if signals.received:
            return False
    return True


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ProblemError(
            Problem(
                code="no-such-address",
                what=f"could not listen on {host}:{port}",
                why="this name or address is not known",
                fix="choose another with --host, such as 127.0.0.1",
                family="world",
            )
        ) from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and host in {"::", ""}:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
        listener.listen(2048)
        listener.setblocking(False)  # noqa: FBT003 – the standard library's own form
    except OSError as error:
        listener.close()
        problem = os_problem(error, doing=f"listen on {host}:{port}")
        if error.errno == errno.EACCES:
            problem = replace(problem, why="ports below 1024 need a privilege", fix="choose another with --port")
        raise ProblemError(problem) from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _uvloop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


class _Server(uvicorn.Server):
    """uvicorn, with signals left to us."""

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Service:
    """The parts of one running service, joined."""

    def __init__(self, parts: Parts, options: Options, journal: Journal, signals: Asked) -> None:
        self._parts = parts
        self._options = options
        self._journal = journal
        self._signals = signals
        self._metrics = Metrics()
        self._connections = Connections(options.bounds)
        self._leading = Leading(journal, parts, self._metrics, prune_every_s=options.prune_every_s)
        self._draining = False
        self._end = asyncio.Event()
        health = Health(self._metrics, self._why_not_ready, self._levels, parts.metrics_token)
        self._dispatcher: DispatcherThread | None = None
        together = shared(journal)
        inbox = (
            journal
            if together is None
            else SortingInbox(
                together, parts.clock, self._metrics, own_login=self._own_login, on_news=self._heed, chosen=parts.chosen
            )
        )
        self._intake = Intake(
            inbox, Verifier(parts.secrets, parts.renewal), parts.clock, self._metrics, elsewhere=health
        )

    async def run(self, listener: socket.socket, listening: Callable[[str], None]) -> None:
        """Serve until a signal or until a part fails."""
        loop = asyncio.get_running_loop()

        def end() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                loop.call_soon_threadsafe(self._end.set)

        self._signals.on_signal = end
        if self._signals.received:  # while it started, when nobody was there to be told
            self._end.set()
        dispatcher = self._dispatcher = DispatcherThread(
            self._parts,
            self._journal,
            self._metrics,
            busy=lambda: self._intake.busy,
            on_end=end,
            breadth=self._options.breadth,
            patience=self._options.patience,
            leads=lambda: self._leading.leads,
        )
        await asyncio.to_thread(self._leading.start)
        try:
            await asyncio.to_thread(dispatcher.start)
            await self._serve(listener, listening)
            self._draining = True
            await self._drain(dispatcher)
        finally:
            await asyncio.to_thread(self._leading.stop)
        if dispatcher.error is not None:
            raise dispatcher.error

    async def _serve(self, listener: socket.socket, listening: Callable[[str], None]) -> None:
        for name in ("uvicorn", "uvicorn.error"):
            # What strangers send is counted, not logged: they must not be able to fill the disk.
            logging.getLogger(name).setLevel(logging.ERROR)
        server = _Server(
            uvicorn.Config(
                self._intake,
                http=edge(self._connections, self._intake),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=int(self._options.bounds.idle_s),
                timeout_graceful_shutdown=5,
            )
        )
        watching = asyncio.create_task(self._connections.watch(), name="edge")
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="http")
        try:
            url = _url(listener)
            backlog = self._journal.backlog()
            log_event(
                _LOG,
                "serving",
                f"listening on {url}",
                unsorted=backlog.unsorted or None,
                issues_waiting=backlog.lanes or None,
            )
            listening(url)
            ended = asyncio.create_task(self._end.wait(), name="end")
            await asyncio.wait({ended, serving}, return_when=asyncio.FIRST_COMPLETED)
            ended.cancel()
            self._draining = True
            server.should_exit = True
            await serving
        finally:
            watching.cancel()

    async def _drain(self, dispatcher: DispatcherThread) -> None:
        log_event(_LOG, "draining", "finishing what is under way", looks=dispatcher.looks_under_way)
        grace_s = 0.0 if self._signals.times > 1 else self._options.grace_s
        broken_off = await asyncio.to_thread(dispatcher.drain, grace_s)
        log_event(_LOG, "ended", "everything stored is kept for the next start", broken_off=broken_off or None)

    def _own_login(self) -> str:
        return self._dispatcher.own_login if self._dispatcher is not None else ""

    def _heed(self, news: News) -> None:
        if self._dispatcher is not None:
            self._dispatcher.heed(news)

    def _why_not_ready(self) -> list[str]:
        reasons = []
        if self._draining:
            reasons.append("draining")
        if self._dispatcher is None or not self._dispatcher.alive:
            reasons.append("the dispatcher does not run")
        elif self._dispatcher.stalled:
            reasons.append("the dispatcher is stalled")
        writer = self._journal.writer
        if not writer.alive:
            reasons.append("the journal is closed")
        elif writer.last_error is not None:
            reasons.append(f"the journal cannot be written: {writer.last_error}")
            self._journal.touch_soon()  # finds out whether it can again, for the next one who asks
        return reasons

    def _levels(self) -> Iterable[tuple[str, float]]:
        backlog = self._journal.backlog()
        yield "deliveries_unsorted", backlog.unsorted
        yield "issues_waiting", backlog.lanes
        yield "looks_under_way", self._dispatcher.looks_under_way if self._dispatcher else 0
        yield "connections", len(self._connections.open)
        yield "connections_cut", self._connections.cut
        used, free = self._journal.space()
        yield "journal_bytes", used
        yield "journal_free_bytes", free
        yield "journal_commits", self._journal.writer.commits
        yield "journal_writes", self._journal.writer.writes
        yield "journal_failures", self._journal.writer.failures
