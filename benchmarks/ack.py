"""Durable acknowledgements a second, beside the least that could do the same, in one run.

    python benchmarks/ack.py [--requests 6000] [--connections 32] [--rounds 3] [--json]

Three servers, each a process of its own, take the same signed `issues` deliveries (a real payload) over keep-alive
connections from the same client: `bare` checks the HMAC and answers, keeping nothing; `reference` is bare ASGI on uvicorn
with a natural group commit into SQLite (`synchronous=FULL`); `tassist` is the real `tassist serve`, sorting what it stores
meanwhile and, where answering left no time for it, afterwards. Where npm can install it, two more: `Probot, no work` and `Probot, full`, whose handler makes three calls to
GitHub in a box; both keep nothing. Read the ratios, not the figures: machine and disk are shared. Rounds alternate, medians are shown.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import hmac
import json
import os
import queue
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SECRET = b"benchmark"
IDLE, FULL = "Probot, no work", "Probot, full"


def payload() -> bytes:
    """What the box sends when a person opens an issue, with a text of usual length."""
    from tassist.sandbox import Box, issue_changes

    box = Box.seeded()
    app = box.register_app(hook_url="http://127.0.0.1:9/webhook", webhook_secret="x")
    repo = next(iter(box.world.repositories.values()))
    box.install(app.id, repo.full_name.split("/")[0])
    with box.lock:
        by = box.by(repo.full_name.split("/")[0])
        issue_changes.open_issue(box, by, repo, "feat: a thing", "word " * 400, labels=["bug"])
    opened = next(found for found in box.webhooks.pending if found.action == "opened")
    document = json.loads(opened.body)
    document["sender"] = {"login": "task-assistant[bot]", "id": 1}  # the App's own: sorted, and asks for nothing
    return json.dumps(document, separators=(",", ":")).encode()


def about(body: bytes, small: dict[str, Any]) -> bytes:
    """The same delivery, about an issue, a repository and an installation of another box; the issue without labels."""
    document = json.loads(body)
    document["issue"] |= {"number": small["issue"]["number"], "labels": []}
    document["repository"] |= small["repository"]
    document["installation"] = small["installation"]
    return json.dumps(document, separators=(",", ":")).encode()


# --- the servers ----------------------------------------------------------------------------------


def bare(port_file: str, *, durable: bool) -> None:
    """The least that checks a signature, and with ``durable`` the least that keeps the delivery."""
    import uvicorn
    import uvloop

    class Waiting:
        __slots__ = ("body", "future", "guid", "loop")

    path = Path(tempfile.mkdtemp(dir=os.environ.get("BENCH_DIR"))) / "reference.db"
    waiting: queue.SimpleQueue[Waiting] = queue.SimpleQueue()

    def resolve(group: list[Waiting]) -> None:
        for item in group:
            item.future.set_result(None)

    def write() -> None:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE d (seq INTEGER PRIMARY KEY, guid TEXT UNIQUE, body BLOB)")
        while True:
            group = [waiting.get()]
            try:
                while len(group) < 64:
                    group.append(waiting.get_nowait())
            except queue.Empty:
                pass
            connection.execute("BEGIN IMMEDIATE")
            for item in group:
                connection.execute("INSERT OR IGNORE INTO d (guid, body) VALUES (?, ?)", (item.guid, item.body))
            connection.execute("COMMIT")
            group[0].loop.call_soon_threadsafe(resolve, group)

    if durable:
        threading.Thread(target=write, daemon=True).start()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        digest = hmac.new(SECRET, digestmod="sha256")
        chunks = []
        more = True
        while more:
            message = await receive()
            chunk = message.get("body", b"")
            digest.update(chunk)
            chunks.append(chunk)
            more = message.get("more_body", False)
        good = hmac.compare_digest(b"sha256=" + digest.hexdigest().encode(), headers[b"x-hub-signature-256"])
        if good and durable:
            item = Waiting()
            item.loop = asyncio.get_running_loop()
            item.future = item.loop.create_future()
            item.guid, item.body = headers[b"x-github-delivery"].decode(), b"".join(chunks)
            waiting.put(item)
            await item.future
        await send(
            {"type": "http.response.start", "status": 202 if good else 401, "headers": [(b"content-length", b"2")]}
        )
        await send({"type": "http.response.body", "body": b"ok"})

    async def main() -> None:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(2048)
        listener.settimeout(0)
        Path(port_file).write_text(str(listener.getsockname()[1]))
        config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, http="httptools", ws="none")
        await uvicorn.Server(config).serve(sockets=[listener])

    uvloop.run(main())


class Server:
    """One of the three, started and stopped."""

    def __init__(self, kind: str, folder: Path, pem: str) -> None:
        self.kind = kind
        self.home = folder
        env = dict(os.environ, PYTHONPATH=str(ROOT), BENCH_DIR=str(folder))
        if kind == "tassist":
            home = self.home = folder / uuid.uuid4().hex
            env |= {
                "GITHUB_APP_ID": "1",
                "GITHUB_PRIVATE_KEY": pem,
                "GITHUB_WEBHOOK_SECRET": SECRET.decode(),
                "GITHUB_API_URL": "http://127.0.0.1:9",
                "TASSIST_LOG_LEVEL": "error",
            }
            from tassist.store.journal import Journal

            with Journal.open(home) as journal:
                journal.set_meta("own_login", "task-assistant[bot]")
            command = [sys.executable, "-m", "tassist", "serve", "--json", "--home", str(home), "--port", "0"]
            self.process = subprocess.Popen(
                command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            assert self.process.stdout is not None
            self.port = int(json.loads(self.process.stdout.readline())["url"].rsplit(":", 1)[1])
            return
        port_file = folder / uuid.uuid4().hex
        # As a module: the folder itself on the path would hide the standard library's `queue`.
        command = [sys.executable, "-m", "benchmarks.ack", "--as", kind, "--port-file", str(port_file)]
        self.process = subprocess.Popen(command, env=env)
        while not port_file.exists() or not port_file.read_text():
            if self.process.poll() is not None:
                raise RuntimeError(
                    f"the server {kind!r} ended with {self.process.returncode}; what it said stands above"
                )
            time.sleep(0.02)
        self.port = int(port_file.read_text())

    def until_sorted_s(self) -> float:
        """Wait until nothing it stored is left unread; how long that took."""
        began = time.perf_counter()
        with contextlib.closing(sqlite3.connect(f"file:{self.home}/journal.db?mode=ro", uri=True)) as connection:
            while connection.execute("SELECT 1 FROM deliveries WHERE state = 'stored' LIMIT 1").fetchone():
                time.sleep(0.02)
        return time.perf_counter() - began

    def memory_mb(self) -> float:
        """Resident memory now."""
        from benchmarks.harness import memory_mb

        return memory_mb(self.process.pid)

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()


# --- the client -----------------------------------------------------------------------------------


class Client(asyncio.Protocol):
    """One keep-alive connection that sends the next delivery when the last one was answered."""

    def __init__(self, requests: list[bytes], times: list[float], done: asyncio.Future[None]) -> None:
        self.requests, self.times, self.done = requests, times, done
        self.began = 0.0
        self.answer = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        if not self.requests:
            self.done.set_result(None)
            self.transport.close()
            return
        self.answer = b""
        self.began = time.perf_counter()
        self.transport.write(self.requests.pop())

    def data_received(self, data: bytes) -> None:
        self.answer += data
        head, found, body = self.answer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0) if found else 1
        if len(body) < length:
            return
        if not head.startswith((b"HTTP/1.1 202", b"HTTP/1.1 200")):  # 200: what Probot says
            self.transport.abort()
            self.done.set_exception(RuntimeError(f"unexpected answer: {self.answer[:80]!r}"))
            return
        self.times.append(time.perf_counter() - self.began)
        self.send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(f"the server closed the connection: {error}"))


async def load(port: int, body: bytes, amount: int, connections: int) -> tuple[float, list[float]]:
    """Send so many deliveries; how long it took, and each answer's latency in seconds."""
    signature = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    head = (
        f"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"User-Agent: GitHub-Hookshot/1\r\nX-GitHub-Event: issues\r\nX-Hub-Signature-256: sha256={signature}\r\n"
    )
    requests = [f"{head}X-GitHub-Delivery: {uuid.uuid4()}\r\n\r\n".encode() + body for _ in range(amount)]
    times: list[float] = []
    loop = asyncio.get_running_loop()
    dones = [loop.create_future() for _ in range(connections)]
    began = time.perf_counter()
    for done in dones:
        await loop.create_connection(lambda done=done: Client(requests, times, done), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*dones)
    return time.perf_counter() - began, times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=6000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--record", action="store_true", help="write the page of figures")
    parser.add_argument("--as", dest="kind", choices=("bare", "reference"), help=argparse.SUPPRESS)
    parser.add_argument("--port-file", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.kind:
        bare(asked.port_file, durable=asked.kind == "reference")
        return
    import uvloop

    sys.path.insert(0, str(ROOT))
    from benchmarks import probot
    from benchmarks.end_to_end import github
    from benchmarks.harness import Result, ratio, record, spread
    from tests.support import keys

    body = payload()
    found: dict[str, list[tuple[float, float, float, float]]] = {"bare": [], "reference": [], "tassist": []}
    sorted_s: list[float] = []
    without = probot.missing()
    if without:
        print(without, file=sys.stderr)
    else:
        found |= {IDLE: [], FULL: []}
    with tempfile.TemporaryDirectory() as name, github(name) as world:
        at_the_box = about(body, world.payload(world.issue()))
        for _ in range(asked.rounds):
            for kind, rows in found.items():
                amount = asked.requests // (10 if kind == FULL else 1)
                sent = at_the_box if kind == FULL else body
                server = (
                    Server(kind, Path(name), keys.pem())
                    if kind not in {IDLE, FULL}
                    else probot.Probot(
                        Path(name),
                        pem=world.app.pem,
                        secret=SECRET.decode(),
                        api_url=world.env["GITHUB_API_URL"],
                        app_id=world.app.id,
                        works=kind == FULL,
                    )
                )
                try:
                    uvloop.run(load(server.port, sent, amount // 10, asked.connections))
                    took, times = uvloop.run(load(server.port, sent, amount, asked.connections))
                    cuts = statistics.quantiles(times, n=100)
                    if kind == "tassist":
                        sorted_s.append(server.until_sorted_s())  # type: ignore[union-attr]
                    rows.append((amount / took, cuts[49] * 1000, cuts[98] * 1000, server.memory_mb()))
                finally:
                    server.stop()
    rates = {kind: [row[0] for row in rows] for kind, rows in found.items()}
    result = Result(
        "ack",
        "Acknowledgements",
        note=f"{asked.rounds} rounds of {asked.requests} deliveries of {len(body):,} bytes on {asked.connections} connections; the"
        " reference is bare ASGI on uvicorn with a natural group commit."
        + ("" if without else f" The peer is {probot.version()}, its pacing switched off; it keeps nothing."),
    )
    against = ratio(rates["tassist"], rates["reference"])
    result.add("durable acknowledgements/s ÷ the reference", against, "≥ 0.85", met=against.median >= 0.85)
    for peer, least in ((FULL, 12.0), (IDLE, 1.2)) if not without else ():
        against = ratio(rates["tassist"], rates[peer])
        result.add(f"durable acknowledgements/s ÷ {peer}", against, f"≥ {least:g}", met=against.median >= least)
    for kind, rows in found.items():
        result.add(f"{kind}: acknowledgements/s", spread(rates[kind]))
        result.add(
            f"{kind}: p50 / p99, ms",
            f"{statistics.median(row[1] for row in rows):.1f} / {statistics.median(row[2] for row in rows):.1f}",
        )
    result.add("tassist: from the last answer until the last of them is sorted, s", spread(sorted_s, "{:.2f}"))
    memory = max(row[3] for row in found["tassist"])
    result.add("memory of `serve` under load, MB", f"{memory:.0f}", "≤ 110", met=memory <= 110)
    if asked.record:
        record(result)
    medians = {kind: [statistics.median(column) for column in zip(*rows, strict=True)] for kind, rows in found.items()}
    if asked.json:
        print(json.dumps({"medians": medians, "body_bytes": len(body)}))
        return
    print(f"{'':18}{'acks/s':>10}{'p50 ms':>10}{'p99 ms':>10}{'RSS MB':>10}    ({len(body)} bytes each)")
    for kind, (rate, p50, p99, memory) in medians.items():
        print(f"{kind:18}{rate:10.0f}{p50:10.1f}{p99:10.1f}{memory:10.0f}")
    for row in result.rows:
        if row.goal:
            print(f"{row.what}: {row.found} (goal {row.goal})")


if __name__ == "__main__":
    main()
