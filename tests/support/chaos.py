"""Deliveries without end to a real service that is hurt all the while: killed, starved of disk, cut off, lied to by GitHub.

`make chaos` runs it long; `tests/integration/server/test_chaos.py` runs a short form. The seed fixes what is sent, in which
order, and what is done to the service; when exactly it strikes is the machine's. Afterwards everything is checked from
outside: journal, GitHub, writes, records and their chain.
"""

from __future__ import annotations

import contextlib
import random
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from engine.problems import ProblemError
from tassist.sandbox import issue_changes, labels, milestones
from tassist.sandbox.faults import Fault
from tassist.sandbox.git_store import commit_file
from tassist.server.looks import Patience
from tassist.services.demo.process import ServerProcess
from tassist.store.journal import Journal
from tests.support.delivering import compact, signature
from tests.support.service import Outside, outside

PHASES = 5
_POINTS = (
    "after-store",
    "after-answer",
    "before-write",
    "after-write",
    "before-finish",
    "after-finish",
    "mid-record-append",
)
_SENDERS = 4
LEAST_S = sum(Patience().rest_s * 2.0**death for death in range(Patience().starts - Patience().suspect_from - 1))
"""The least time in which an issue can be given up for killing the service."""
_JOIN_S = 60.0
_END_S = 900.0
"""Longer than the longest rest of an issue in whose looks the service died."""

_NUMBERS = range(1, PHASES + 1)
CONFIG = "\n".join(
    [
        'schema_version: "1.0"',
        "tracks: [{id: main, label: track/main, default: true}]",
        "labels:",
        *(f'  - {{name: phase-{n}, description: "", color: "1D76DB"}}' for n in _NUMBERS),
        "milestones:",
        *(f'  - {{title: "Phase {n}"}}' for n in _NUMBERS),
        "enforcement:",
        "  exclusivity: {phase: {mode: enforce, strategy: highest}}",
        "  phase_milestones:",
        *(f'    phase-{n}: "Phase {n}"' for n in _NUMBERS),
        "self_healing: {enabled: true, fix_missing_track: true}",
        "",
    ]
)
"""People only ever raise an issue's phase, so that no write the App makes can rightly be needed twice."""


@dataclass(slots=True)
class Figures:
    """What was done, and what came of it."""

    sent: Counter[str] = field(default_factory=Counter)
    """Attempts of the raw client by how they were sent."""
    answers: Counter[int] = field(default_factory=Counter)
    """By status; 0 where none came."""
    kills: Counter[str] = field(default_factory=Counter)
    """By where: `-9` from outside at any moment, or a named point."""
    disks: Counter[str] = field(default_factory=Counter)
    """Times the disk took no more, by how."""
    faults: Counter[str] = field(default_factory=Counter)
    """Requests to GitHub that a fault struck, by kind."""
    replayed: int = 0
    """Deliveries given up because the service died seven times in a row while their issue was looked at, and replayed."""
    seconds: float = 0.0


@contextmanager
def small_disk(folder: Path, size_mb: int) -> Iterator[bool]:
    """A file system of its own at that folder; false where the machine does not let us mount one."""
    options = f"size={size_mb}m,mode=0700"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except OSError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


class Chaos:
    """One run of it: `hurt`, then `mend`, then look at what is there."""

    def __init__(self, world: Outside, *, deliveries: int, kills: int, seed: int, own_disk: bool) -> None:
        self.world = world
        self.figures = Figures()
        self.acknowledged: set[str] = set()
        """Ids the raw client was answered 2xx for."""
        self._chance = random.Random(seed)
        self._faulty = random.Random(seed + 1)
        self._deliveries = deliveries
        self._kills = kills
        self._own_disk = own_disk
        self._bodies: dict[str, bytes] = {}
        self._work: deque[tuple[str, str]] = deque()
        self._sent = 0
        self._limit = 0
        """How many sendings may have begun: so that there is something to send in every life."""
        self._up = threading.Event()
        self._lock = threading.Lock()
        self._errors: list[BaseException] = []
        self._faults: list[tuple[str, Fault]] = []
        self._ballast = world.home / "ballast"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.service = ServerProcess(world.home, {**world.env, "TASSIST_API_LIMITS": "off"}, port=port)
        self._address = ("127.0.0.1", port)
        self._prepare(port)

    def _prepare(self, port: int) -> None:
        world = self.world
        with world.box.lock:
            for number in range(1, PHASES + 1):
                labels.put_label(world.box, world.repo, f"phase-{number}", "1d76db")
                milestones.put_milestone(world.box, world.by, world.repo, f"Phase {number}")
            path = ".github/task-assistant.yml"
            commit_file(world.repo, path, CONFIG.encode(), "more phases", world.by.user, world.box.clock.now())
            app = world.box.app(world.app.id)
            app.hook_url, app.hook_active = f"http://127.0.0.1:{port}/webhook", True
        world.box.webhooks.parallel = 4
        world.box.webhooks.shuffle(self._chance.getrandbits(32))
        world.box.webhooks.duplicate(probability=0.2, seed=self._chance.getrandbits(32))
        world.box.faults.seed(self._chance.getrandbits(32))
        self._write_work()

    def _write_work(self) -> None:
        """What is sent, how and in which order: the first sending of each delivery, and the duplicates among them."""
        chance = self._chance
        ways = ("plain", "plain", "plain", "plain", "slowly", "twice", "reset", "half")
        for number in range(self._deliveries):
            self._work.append((f"raw-{number}", chance.choice(ways)))
            if chance.random() < 0.1:
                self._work.append((f"raw-{chance.randrange(number + 1)}", "again"))
        order = list(self._work)
        for place in range(0, len(order) - 20, 20):
            window = order[place : place + 20]
            chance.shuffle(window)
            order[place : place + 20] = window
        self._work = deque(order)
        self._total = len(order)

    # --- hurting ------------------------------------------------------------------------------------------

    def hurt(self) -> None:
        """Send everything once while the service is hurt; returns with it down or up, as it happens."""
        began = time.monotonic()
        threads = [threading.Thread(target=self._guard, args=(self._send_all,)) for _ in range(_SENDERS)]
        self._start()
        for thread in threads:
            thread.start()
        try:
            for life in range(self._kills):
                self._trouble()
                self._live(life)
        finally:
            self._stop_faults()
            self._limit = self._total
            for thread in threads:
                thread.join(_JOIN_S)
        self.figures.seconds = time.monotonic() - began
        if self._errors:
            raise self._errors[0]

    def _live(self, life: int) -> None:
        """One life of the service until its sudden end, and the next start."""
        share = self._total / (self._kills + 1)
        end = share * (life + self._chance.uniform(0.2, 1.0))
        self._limit = int(share * (life + 1.5))
        due = time.monotonic() + self._chance.choice((0.0, 0.3, 1.5))
        full = self._chance.random() < 0.3
        if full:
            self._take_disk()
        wait(
            lambda: not self.service.alive() or (self._sent >= end and time.monotonic() > due),
            "a life to end",
            timeout_s=600,
        )
        self._up.clear()
        if self.service.alive():
            self.figures.kills["-9"] += 1
        else:
            self.figures.kills[self.service.env.get("TASSIST_CRASH_AT", "?").partition(":")[0]] += 1
        # A file system that is full when the service starts is another thing than one that fills under it.
        if full and self._chance.random() < 0.5:
            self._give_disk()
        self.service.kill()
        # The last life ends in `mend`, when everything was sent.
        crash = self._chance.choice(("", *_POINTS)) if life + 1 < self._kills else ""
        self.service.env["TASSIST_CRASH_AT"] = f"{crash}:{self._chance.randrange(1, 9)}" if crash else ""
        self._start()
        self._give_disk()

    def _start(self) -> None:
        try:
            self.service.start()
        except ProblemError:
            if self.service.env.get("TASSIST_CRASH_AT"):
                # It had so much in hand that it reached the point it is to die at before it said that it takes deliveries.
                self.service.env["TASSIST_CRASH_AT"] = ""
                self.figures.kills["while starting"] += 1
            elif not self._ballast.exists():
                raise
            else:
                self.figures.disks["start refused"] += 1
            self._give_disk()
            self.service.start()
        self._up.set()

    def _take_disk(self) -> None:
        """Let the file system, or the system for this process, take no more."""
        if self._own_disk and self._chance.random() < 0.7:
            self.figures.disks["full"] += 1
            with contextlib.suppress(OSError), self._ballast.open("wb", buffering=0) as ballast:
                while True:
                    ballast.write(bytes(4096))
            return
        process = self.service._process
        size = max((path.stat().st_size for path in self.world.home.glob("journal.db*")), default=0)
        if process is not None:
            self.figures.disks["refused"] += 1
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def _give_disk(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def _trouble(self) -> None:
        """Let GitHub fail in other ways than in the life before."""
        self._stop_faults()
        box = self.world.box
        faults = box.faults
        busy = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}
        kinds: dict[str, Callable[..., Fault]] = {
            "502": lambda **which: faults.server_error(502, **which),
            "503 html": lambda **which: faults.server_error(503, html=True, **which),
            "reset": faults.reset,
            "answer lost": lambda **which: faults.lose_answer(method="write", **which),
            "answer cut": faults.truncate,
            "200 html": faults.html,
            "200 empty": faults.empty,
            "422 lag": faults.issue_not_found,
            "late": lambda **which: faults.latency(0.2, **which),
            "429": lambda **which: faults.too_many("1", **which),
            "403 limit": lambda **which: faults.answer(403, busy, headers={"Retry-After": "1"}, **which),
        }
        for name in self._faulty.sample(sorted(kinds), 4):
            self._faults.append((name, kinds[name](path="/repos*", count=None, probability=0.1)))
        if self._faulty.random() < 0.4:
            box.faults.replica_lag(reads=1)
            self.figures.faults["replica lag, lives"] += 1

    def _stop_faults(self) -> None:
        for name, fault in self._faults:
            self.figures.faults[name] += fault.struck
        self._faults.clear()
        self.world.box.faults.clear()

    # --- people and senders --------------------------------------------------------------------------------

    def _guard(self, what: Callable[[random.Random], None]) -> None:
        try:
            what(random.Random(self._chance.getrandbits(32)))
        except BaseException as error:
            self._errors.append(error)
            raise

    def _send_all(self, chance: random.Random) -> None:
        """Take one sending after the other; what was not acknowledged is sent again at the end."""
        while True:
            wait(lambda: self._sent < self._limit or not self._work, "something to send")
            with self._lock:
                if not self._work:
                    return
                delivery_id, way = self._work.popleft()
                self._sent += 1
                body = self._body(delivery_id)
            status = self._send(delivery_id, body, way, chance)
            if status == 0 and way not in {"reset", "half"}:
                # Nobody is there: GitHub would go on; here the rest is kept for the next life.
                wait(lambda: self._up.is_set() and self.service.alive(), "the next life")

    def _body(self, delivery_id: str) -> bytes:
        """The payload of a delivery; people change things in between, and GitHub tells of it by itself."""
        if delivery_id not in self._bodies:
            chance, world = self._chance, self.world
            issues = list(world.repo.issues.values())
            most = 4 + self._deliveries // 250
            if (len(issues) < most and chance.random() < 0.1) or not issues:
                world.issue(*chance.choice((("phase-1",), ("phase-1", "phase-2"), ())), title="another issue")
            elif chance.random() < 0.02:
                issue = chance.choice(issues)
                with world.box.lock:
                    highest = max((int(label.name[-1]) for label in issue.labels if "phase-" in label.name), default=0)
                    if highest < PHASES:
                        issue_changes.add_labels(world.box, world.by, issue, [f"phase-{highest + 1}"])
            issue = chance.choice(list(world.repo.issues.values()))
            action = chance.choice(("edited", "labeled", "assigned"))
            self._bodies[delivery_id] = compact(world.payload(issue, action, padding="x" * chance.choice((0, 0, 9000))))
        return self._bodies[delivery_id]

    def _send(self, delivery_id: str, body: bytes, way: str, chance: random.Random) -> int:
        self.figures.sent[way] += 1
        status = post(self._address, delivery_id, body, way, chance)
        with self._lock:
            self.figures.answers[status] += 1
            if 200 <= status < 300:
                self.acknowledged.add(delivery_id)
        return status

    # --- mending -------------------------------------------------------------------------------------------

    def mend(self) -> None:
        """Everything works again; whatever GitHub has not been answered for is delivered again, as a person would."""
        box, chance = self.world.box, random.Random(0)
        self._give_disk()
        if self.service.alive():
            self.service.kill()
            self.figures.kills["-9"] += 1
        self.service.env["TASSIST_CRASH_AT"] = ""
        box.webhooks.in_order()
        self._start()
        for delivery_id in [name for name in self._bodies if name not in self.acknowledged]:
            status = self._send(delivery_id, self._bodies[delivery_id], "plain", chance)
            assert 200 <= status < 300, f"{delivery_id} answered {status} when nothing was wrong any more"
        while failed := self.failed_hooks():
            assert box.webhooks.wait_idle(60)
            for guid in failed:
                box.webhooks.redeliver(next(item for item in box.webhooks.log if item.guid == guid))
            assert box.webhooks.wait_idle(60)
        wait(self._settled, "every delivery to be handled", timeout_s=_END_S)
        self._replay()
        wait(self._settled, "what was replayed to be handled", timeout_s=_END_S)
        assert box.webhooks.wait_idle(60)
        wait(self._settled, "the deliveries of the last writes to be handled", timeout_s=_END_S)
        assert self.service.stop() == 0

    def _replay(self) -> None:
        """Bring back what was given up, with the product's own command.

        Only deaths are a reason to give up, and no issue here kills: in less than the least time of seven deaths nothing is.
        """
        dead = [row for row in self.world.deliveries() if row.state == "dead"]
        self.figures.replayed = len(dead)
        assert not dead or self.figures.seconds > LEAST_S, dead[0]
        for row in dead:
            assert f"the service died {Patience().starts} times" in (row.reason or ""), row
        for row in dead[:1]:
            command = [sys.executable, "-m", "tassist", "deliveries", "replay", row.delivery_id]
            command += ["--home", str(self.world.home)]
            subprocess.run(command, check=True, capture_output=True, env=self.world.env)
        with Journal.open(self.world.home) as journal:
            for row in dead[1:]:
                journal.reopen(row.seq)

    def failed_hooks(self) -> set[str]:
        """Ids of GitHub's own deliveries of which no attempt was acknowledged."""
        log = list(self.world.box.webhooks.log)
        return {item.guid for item in log} - self.acknowledged_hooks()

    def acknowledged_hooks(self) -> set[str]:
        """Ids of GitHub's own deliveries that were answered 2xx."""
        return {item.guid for item in list(self.world.box.webhooks.log) if item.ok}

    def _settled(self) -> bool:
        time.sleep(0.2)  # the journal is read whole each time; the service should have the machine
        return {row.state for row in self.world.deliveries()} <= {"done", "ignored", "dead", "quarantined"}


def post(address: tuple[str, int], delivery_id: str, body: bytes, way: str, chance: random.Random) -> int:
    """Deliver over a socket of our own; the status, or 0 where no answer came.

    Args:
        address: Of the service.
        delivery_id: `X-GitHub-Delivery`.
        body: The payload.
        way: ``plain``, ``again``; ``slowly`` in pieces, ``twice`` on one connection, ``reset`` in the middle of the body,
            ``half`` closed in the middle of it.
        chance: Where it is cut.
    """
    head = (
        f"POST /webhook HTTP/1.1\r\nHost: hook\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"X-GitHub-Event: issues\r\nX-GitHub-Delivery: {delivery_id}\r\nX-Hub-Signature-256: {signature(body)}\r\n\r\n"
    ).encode()
    try:
        with socket.create_connection(address, timeout=20) as line:
            if way in {"reset", "half"}:
                line.sendall(head + body[: chance.randrange(len(body))])
                if way == "reset":
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                return 0
            data = head + body
            if way == "slowly":
                for place in range(0, len(data), 1 + len(data) // 5):
                    line.sendall(data[place : place + 1 + len(data) // 5])
            else:
                line.sendall(data)
            answers = line.makefile("rb")
            status = _status(answers.readline())
            if way == "twice" and status:
                while answers.readline() not in {b"\r\n", b""}:
                    pass
                with contextlib.suppress(OSError):
                    line.sendall(data)
            return status
    except OSError:
        return 0


def _status(line: bytes) -> int:
    return int(line.split()[1]) if line.startswith(b"HTTP/1.1 ") else 0


def wait(condition: Callable[[], object], what: str, *, timeout_s: float = 120.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s:.0f} s in vain for {what}")
        pause.wait(0.01)


@contextmanager
def chaos(folder: Path, *, deliveries: int, kills: int, seed: int) -> Iterator[Chaos]:
    """A world and a run of chaos in it, through to the end of mending."""
    with outside(folder) as world, small_disk(world.home, 40 + deliveries // 25) as own_disk:
        run = Chaos(world, deliveries=deliveries, kills=kills, seed=seed, own_disk=own_disk)
        with run.service:
            run.hurt()
            run.mend()
        yield run


def main() -> int:
    """`python -m tests.support.chaos [DELIVERIES [SEED]]`: run, check, print the figures."""
    from tests.support.chaos_checks import check, said

    deliveries = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(10**6)
    print(f"chaos: make chaos N={deliveries} SEED={seed}", flush=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        chaos(Path(folder), deliveries=deliveries, kills=max(5, deliveries // 200), seed=seed) as run,
    ):
        found = check(run)
        print("\n".join(said(run, found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
