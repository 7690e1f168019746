"""A hundred deliveries a second for a while, the full engine working behind them: how long each waits for its answer.

    python -m benchmarks.steady [--seconds 60] [--rate 100] [--json]

Deliveries come by the clock, whether the one before was answered or not, and a wait is counted from the moment a delivery
was due: a service that stops for a second is charged for everybody who came in it. One in ten is about an issue that needs
three writes, the others are about issues that are in order; GitHub is the box, which answers at once and shares the machine.
The sender is a process of its own. The peer is the reference of `benchmarks.ack`, which stores and does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.ack import Server
from benchmarks.end_to_end import WRITES, github, pid_of
from benchmarks.harness import ROOT, Result, memory_mb, record
from tassist.store.journal import Journal
from tests.support import keys
from tests.support.delivering import SECRET, compact, signature
from tests.support.service import Outside, wait_for

CONNECTIONS = 32
_FRESH = 10
"""One in so many is about an issue nobody has told of yet."""


async def send(port: int, bodies: list[bytes], secret: str, rate: float, seconds: float) -> list[float]:
    """Send by the clock; how long each waited from the moment it was due, in seconds. Ends on an answer other than 2xx."""
    heads = [
        f"POST /webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"X-GitHub-Event: issues\r\nX-Hub-Signature-256: {signature(body, secret)}\r\nX-GitHub-Delivery: "
        for body in bodies
    ]
    lines: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        lines.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    loop = asyncio.get_running_loop()
    dice = random.Random(1)
    waits: list[float] = []
    fresh = 0

    async def one(number: int, which: int, due: float) -> None:
        reader, writer = await lines.get()
        writer.write(f"{heads[which]}{number}-steady\r\n\r\n".encode() + bodies[which])
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        await reader.readexactly(length)
        waits.append(loop.time() - due)
        lines.put_nowait((reader, writer))
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 202")):
            raise RuntimeError(head.partition(b"\r\n")[0].decode())

    began = loop.time()
    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            due = began + number / rate
            await asyncio.sleep(max(due - loop.time(), 0.0))
            if number % _FRESH == 0 and fresh < len(bodies):
                which, fresh = fresh, fresh + 1
            else:
                which = dice.randrange(max(fresh, 1))
            group.create_task(one(number, which, due))
    while not lines.empty():
        _, writer = lines.get_nowait()
        writer.close()
    return waits


def sent(port: int, bodies: list[bytes], secret: str, rate: float, seconds: float) -> list[float]:
    """The same from a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        task = Path(name) / "task.json"
        task.write_text(json.dumps([port, [body.decode() for body in bodies], secret, rate, seconds]))
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.steady", "--as-sender", str(task)],
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
        )
    found: list[float] = json.loads(done.stdout)
    return found


def _wait_until_idle(world: Outside) -> None:
    """Wait until nothing was asked of GitHub for three seconds."""
    asked, since = -1, time.monotonic()
    while time.monotonic() - since < 3.0:
        if len(world.box.requests) != asked:
            asked, since = len(world.box.requests), time.monotonic()
        time.sleep(0.1)


def ours(rate: float, seconds: float) -> tuple[list[float], dict[str, float]]:
    """The waits, and what else is worth knowing of the service meanwhile."""
    amount = min(int(rate * seconds / _FRESH), 2000)
    with tempfile.TemporaryDirectory() as name, github(name) as world:
        numbers = [world.issue().number for _ in range(amount)]
        bodies = [compact(world.payload(number)) for number in numbers]
        with world.service() as service:
            pid = pid_of(world)
            # Idle is what it is once its first sweep is through and nothing has come for a while.
            _wait_until_idle(world)
            more = {"idle_mb": memory_mb(pid)}
            waits = sent(int(service.url.rsplit(":", 1)[1]), bodies, SECRET, rate, seconds)
            with Journal.open(world.home) as journal:
                wait_for(lambda: journal.counts()["done"] == len(waits), "all are through", timeout_s=300)
            more["busy_mb"] = memory_mb(pid)
            more["writes"] = world.box.requests.written
            service.stop()
    return waits, more | {"needless": more["writes"] - WRITES * amount}


def reference(rate: float, seconds: float, bodies: list[bytes]) -> list[float]:
    """The waits for one that stores and does nothing else."""
    with tempfile.TemporaryDirectory() as name:
        server = Server("reference", Path(name), keys.pem())
        try:
            return sent(server.port, bodies, "benchmark", rate, seconds)
        finally:
            server.stop()


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--as-sender", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.as_sender:
        port, bodies, secret, rate, seconds = json.loads(Path(asked.as_sender).read_text())
        print(json.dumps(asyncio.run(send(port, [body.encode() for body in bodies], secret, rate, seconds))))
        return
    plain = [compact({"action": "edited", "issue": {"number": number}}) for number in range(100)]
    beside = reference(asked.rate, min(asked.seconds, 30.0), plain)
    waits, more = ours(asked.rate, asked.seconds)
    result = Result(
        "steady",
        "A hundred a second",
        note=f"{len(waits):,} deliveries by the clock, {asked.rate:g} a second, one in ten about an issue that needs three writes until"
        f" there are 2,000 of those; {more['writes']:,.0f} writes, {more['needless']:,.0f} more than were needed. A wait begins when the delivery was due."
        " The reference stores and does nothing else; the box shares the machine.",
    )
    p99_ms = _percentile(waits, 99) * 1000
    result.add("99 of 100 are acknowledged within, ms", f"{p99_ms:.1f}", "≤ 100", met=p99_ms <= 100)
    result.add("the slowest, ms", f"{max(waits) * 1000:.0f}", "< 5000", met=max(waits) < 5)
    result.add("half are acknowledged within, ms", f"{statistics.median(waits) * 1000:.1f}")
    result.add("99 of 100 ÷ the reference", f"{p99_ms / 1000 / _percentile(beside, 99):.1f}")
    result.add("memory of `serve`, idle, MB", f"{more['idle_mb']:.0f}", "≤ 80", met=more["idle_mb"] <= 80)
    result.add("memory of `serve` afterwards, MB", f"{more['busy_mb']:.0f}", "≤ 110", met=more["busy_mb"] <= 110)
    record(result, as_json=asked.json)


def _percentile(values: list[float], of_100: int) -> float:
    return statistics.quantiles(values, n=100)[of_100 - 1]


if __name__ == "__main__":
    main()
