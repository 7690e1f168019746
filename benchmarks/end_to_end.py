"""Deliveries handled from the POST to the last write, against GitHub in a box; what they cost; and a burst that meets kill -9.

    python -m benchmarks.end_to_end [--issues 200] [--rounds 3] [--json]

The service, the box and the sender are processes of one machine. Each delivery is about another issue that needs two
writes, a label and a milestone. Then each is told of again, when nothing is to be done any more. The limit beside it: the
same three calls a delivery, sent to the same box by bare HTTP clients, 32 at once, which decide nothing and keep nothing. The
peer, where npm can install it: a Probot App that makes the same two writes and looks the milestone up, with its pacing as it
comes and without.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks import probot
from benchmarks.ack import Server
from benchmarks.harness import Result, interleaved, processor_s, ratio, record, spread
from tests.support import keys
from tests.support.delivering import SECRET, compact, signature
from tests.support.service import Outside, deliver, outside, wait_for

AT_ONCE = 32
WRITES = 2
UNPACED, AS_IT_COMES = "Probot without pacing", "Probot as it comes"
BEFORE, AFTER = ("phase-2",), ("phase-2", "track/main")
"""Labels of an issue that lacks its track and its milestone, and of one that is in order."""


def pid_of(world: Outside) -> int:
    """The process of the service that has this home."""
    return int((world.home / "serve.lock").read_text())


@contextmanager
def github(name: str, latency_s: float = 0.0) -> Iterator[Outside]:
    """A box without limits, in which a call takes so long; what is measured is the service, not GitHub's patience."""
    with outside(Path(name)) as world:
        settings = world.box.world.settings
        settings.primary_limit = settings.content_per_minute = settings.content_per_hour = (
            settings.points_per_minute
        ) = None
        world.env["TASSIST_API_LIMITS"] = "off"
        if latency_s:
            world.box.faults.latency(latency_s, count=None)
        yield world


def told(
    world: Outside, url: str, numbers: list[int], turn: str, labels: tuple[str, ...] = BEFORE
) -> tuple[float, float]:
    """Tell of each issue once; when that began, on the clock of `time.perf_counter`, and seconds."""
    coming = []
    for number in numbers:
        payload = world.payload(number)
        payload["issue"]["labels"] = [{"name": name} for name in labels]
        coming.append((f"{number}-{turn}", payload))
    return _told_beside(int(url.rpartition(":")[2]), coming)


def _told_beside(port: int, coming: list[tuple[str, dict[str, object]]], secret: str = SECRET) -> tuple[float, float]:
    """`tell`, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.end_to_end", "--tell", "-"]
    asked = json.dumps([port, coming, secret])
    done = subprocess.run(command, input=asked, stdout=subprocess.PIPE, check=True, text=True)
    began, spent = map(float, done.stdout.split())
    return began, spent


def tell(port: int, coming: list[tuple[str, dict[str, object]]], secret: str) -> tuple[float, float]:
    """Send signed deliveries, 32 at once, each sender on a connection of its own."""
    lines = threading.local()

    def one(delivery_id: str, body: bytes, signed: str) -> int:
        line = getattr(lines, "line", None)
        if line is None:
            line = lines.line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        head = {"X-GitHub-Event": "issues", "X-GitHub-Delivery": delivery_id, "X-Hub-Signature-256": signed}
        line.request("POST", "/webhook", body, {"Content-Type": "application/json", **head})
        answer = line.getresponse()
        answer.read()
        return int(answer.status)

    bodies = [compact(payload) for _, payload in coming]
    signatures = [signature(body, secret) for body in bodies]
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = Counter(pool.map(one, [name for name, _ in coming], bodies, signatures))
    assert set(answers) <= {200, 202}, answers
    return began, time.perf_counter() - began


def handled_per_s(issues: int, latency_s: float, costs: dict[str, float] | None = None) -> dict[str, float]:
    """Deliveries handled a second, where each needs two writes and where nothing is to be done any more; into ``costs`` what that costs."""
    with tempfile.TemporaryDirectory() as name, github(name, latency_s) as world:
        numbers = [world.issue(*BEFORE).number for _ in range(issues)]
        warm = world.issue(*BEFORE).number
        with world.service() as service:
            told(world, service.url, [warm], "warm")
            wait_for(lambda: len(world.box.requests.writes) == WRITES, "the service knows the repository")
            began, _ = told(world, service.url, numbers, "a")
            wait_for(lambda: len(world.box.requests.writes) >= WRITES * (issues + 1), "all written", timeout_s=600)
            found = {"written": issues / (time.perf_counter() - began)}
            assert len(world.box.requests.writes) == WRITES * (issues + 1), "nothing is written twice"
            wait_for(_through(world, issues + 1), "all are through", timeout_s=60)
            world.box.requests.clear()
            before = processor_s(pid_of(world))
            began, _ = told(world, service.url, numbers, "again", AFTER)
            wait_for(_through(world, 2 * issues + 1), "all are through again", timeout_s=600)
            found["in order"] = issues / (time.perf_counter() - began)
            if costs is not None:
                costs["cpu_s_a_delivery"] = (processor_s(pid_of(world)) - before) / issues
                _count_costs(world, service.url, 2 * issues + 1, issues, costs)
        return found


def _through(world: Outside, amount: int) -> Callable[[], bool]:
    def all_done() -> bool:
        with contextlib.closing(sqlite3.connect(world.home / "journal.db")) as journal:
            return bool(
                journal.execute("SELECT count(*) = ? FROM deliveries WHERE state = 'done'", [amount]).fetchone()[0]
            )

    return all_done


def _count_costs(world: Outside, url: str, through: int, issues: int, costs: dict[str, float]) -> None:
    """What the box was asked about issues in order; then tell fifty times of one issue at once, and count the reads of it."""
    reads = [one for one in world.box.requests if one.method == "GET" and one.kind == "installation"]
    costs["reads_a_delivery"] = len(reads) / issues
    costs["billable_reads_a_delivery"] = sum(one.status != 304 for one in reads) / issues
    costs["needless_writes"] = len(world.box.requests.writes)
    issue = world.issue(*BEFORE)
    world.box.requests.clear()
    with ThreadPoolExecutor(50) as pool:
        list(pool.map(lambda n: deliver(url, world.payload(issue), delivery_id=f"burst-{n}"), range(50)))
    wait_for(_through(world, through + 50), "the burst is through", timeout_s=60)
    costs["reads_of_a_burst"] = sum(
        one.method == "GET" and one.route.endswith("/issues/{number}") for one in world.box.requests
    )


def limit_per_s(issues: int, latency_s: float) -> float:
    """The same calls, from clients in a process of their own that only send them."""
    with tempfile.TemporaryDirectory() as name, github(name, latency_s) as world:
        numbers = [world.issue(*BEFORE).number for _ in range(issues)]
        asked = json.dumps([world.running.port, world.box.user_token("ann"), numbers])
        command = [sys.executable, "-m", "benchmarks.end_to_end", "--only-send", "-"]
        done = subprocess.run(command, input=asked, stdout=subprocess.PIPE, check=True, text=True)
        return issues / float(done.stdout)


def only_send(port: int, token: str, numbers: list[int]) -> float:
    """Send the three calls a delivery, 32 at once; seconds."""
    head = {"User-Agent": "limit", "Authorization": f"token {token}", "Content-Type": "application/json"}
    lines = threading.local()

    def one(number: int) -> None:
        line = getattr(lines, "line", None)
        if line is None:
            line = lines.line = http.client.HTTPConnection("127.0.0.1", port)
        issue = f"/api/v3/repos/octo/app/issues/{number}"
        for method, path, body in (
            ("GET", issue, None),
            ("POST", f"{issue}/labels", {"labels": ["track/main"]}),
            ("PATCH", issue, {"milestone": 2}),
        ):
            line.request(method, path, json.dumps(body) if body else None, head)
            answer = line.getresponse()
            answer.read()
            assert answer.status < 300, (method, path, answer.status)

    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, numbers))
    return time.perf_counter() - began


def probot_per_s(issues: int, latency_s: float, throttle: probot.Throttle) -> dict[str, float]:
    """The same issues, handled by the peer, twice as well."""
    with tempfile.TemporaryDirectory() as name, github(name, latency_s) as world:
        numbers = [world.issue(*BEFORE).number for _ in range(issues)]
        warm = world.issue(*BEFORE).number
        with probot.Probot(
            Path(name),
            pem=world.app.pem,
            secret=SECRET,
            api_url=world.env["GITHUB_API_URL"],
            app_id=world.app.id,
            throttle=throttle,
        ) as peer:
            url = f"http://127.0.0.1:{peer.port}"
            told(world, url, [warm], "warm")
            wait_for(lambda: len(world.box.requests.writes) == WRITES, "the peer has its token")
            found = {}
            # An issue that is in order it writes once: it does not look whether the milestone is set.
            for turn, labels, each in (("written", BEFORE, WRITES), ("in order", AFTER, 1)):
                world.box.requests.clear()
                began, _ = told(world, url, numbers, turn, labels)
                wait_for(partial(_wrote, world, each * issues), "the peer wrote all", timeout_s=600)
                found[turn] = issues / (time.perf_counter() - began)
            return found


def _wrote(world: Outside, amount: int) -> bool:
    return len(world.box.requests.writes) >= amount


def burst_s() -> tuple[float, int]:
    """A hundred at once, then kill -9 and a new start: until all were acknowledged, and how many were handled exactly once."""
    with tempfile.TemporaryDirectory() as name, github(name, 0.1) as world:
        numbers = [world.issue().number for _ in range(100)]
        with world.service() as service:
            _, spent = told(world, service.url, numbers, "burst", ("phase-1", "phase-2"))
            service.kill()
            service.start()
            wait_for(_through(world, 100), "the hundred are through", timeout_s=300)
            service.stop()
        in_order = [
            number
            for number in numbers
            if sorted(label.name for label in world.repo.issues[number].labels) == ["phase-2", "track/main"]
        ]
        ids = Counter(
            delivery for record in world.records() for delivery in record["trigger"].get("delivery_ids", [])
        ) or Counter(record["trigger"]["delivery_id"] for record in world.records())
        once = [number for number in in_order if ids[f"{number}-burst"] == 1]
        return spent, len(once)


def reference_burst_s() -> float:
    """The same hundred, to the reference of `benchmarks.ack`."""
    with tempfile.TemporaryDirectory() as name:
        server = Server("reference", Path(name), keys.pem())
        try:
            coming = [(str(number), {"action": "edited", "issue": {"number": number}}) for number in range(100)]
            return _told_beside(server.port, coming, "benchmark")[1]
        finally:
            server.stop()


def _add_rates(result: Result, latency: str, found: dict[str, list[float]], in_order: dict[str, list[float]]) -> None:
    """The rates of one latency, beside the limit and both peers."""
    calls = f"calls of {latency}"
    result.add(f"{calls}: deliveries handled/s", spread(found[latency], "{:,.1f}"))
    result.add(f"{calls}: handled/s ÷ the limit", ratio(found[latency], found[f"{latency}, limit"]))
    result.add(f"{calls}: deliveries about issues in order handled/s", spread(in_order[latency], "{:,.1f}"))
    for peer in (UNPACED, AS_IT_COMES):
        theirs = found.get(f"{latency}, {peer}")
        if not theirs:
            continue
        result.add(f"{calls}: {peer}: handled/s", spread(theirs, "{:,.1f}"))
        against = ratio(found[latency], theirs)
        goal = {("0 ms", UNPACED): 3.0, ("100 ms", AS_IT_COMES): 10.0}.get((latency, peer))
        met = None if goal is None else against.median >= goal
        result.add(f"{calls}: handled/s ÷ {peer}", against, f"≥ {goal:.0f}" if goal else "", met=met)
        again = ratio(in_order[latency], in_order[f"{latency}, {peer}"])
        result.add(f"{calls}: about issues in order ÷ {peer}", again)
        if (latency, peer) == ("0 ms", UNPACED):
            # What the box can answer is the most anybody could reach here.
            result.add(f"{calls}: the limit ÷ {peer}", ratio(found[f"{latency}, limit"], theirs))


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--issues", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="no latency and no burst")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only-send", help=argparse.SUPPRESS)
    parser.add_argument("--tell", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only_send:
        print(only_send(*json.loads(sys.stdin.read())))
        return
    if asked.tell:
        print(*tell(*json.loads(sys.stdin.read())))
        return
    costs: dict[str, float] = {}
    once: list[int] = []

    def burst() -> float:
        spent, handled = burst_s()
        once.append(handled)
        return spent

    in_order: dict[str, list[float]] = defaultdict(list)

    def both(name: str, measure: Callable[[], dict[str, float]]) -> Callable[[], float]:
        def written() -> float:
            found = measure()
            in_order[name].append(found["in order"])
            return found["written"]

        return written

    measures: dict[str, Callable[[], float]] = {
        "0 ms": both("0 ms", lambda: handled_per_s(asked.issues, 0.0, costs)),
        "0 ms, limit": lambda: limit_per_s(asked.issues, 0.0),
    }
    if not asked.short:
        measures |= {
            "100 ms": both("100 ms", lambda: handled_per_s(asked.issues, 0.1)),
            "100 ms, limit": lambda: limit_per_s(asked.issues, 0.1),
            "burst": burst,
            "burst, reference": reference_burst_s,
        }
    latencies = {"0 ms": 0.0} if asked.short else {"0 ms": 0.0, "100 ms": 0.1}
    without = probot.missing()
    if without:
        print(without, file=sys.stderr)
    else:
        for latency, seconds in latencies.items():
            name = f"{latency}, {UNPACED}"
            measures[name] = both(name, partial(probot_per_s, asked.issues, seconds, "off"))
            if not asked.short:
                name = f"{latency}, {AS_IT_COMES}"
                measures[name] = both(name, partial(probot_per_s, min(asked.issues, 10), seconds, "default"))
    found = interleaved(measures, asked.rounds)
    result = Result(
        "end_to_end",
        "From the delivery to the last write",
        note=f"{asked.rounds} rounds of {asked.issues} deliveries, each about another issue that needs two writes, a label and a milestone; then of each"
        " again, when it is in order. The limit sends the same three calls a delivery to the same box from 32 bare clients in a process of their"
        " own; box, sender and service share the machine."
        + (
            ""
            if without
            else f" The peer is {probot.version()}, which makes the same two writes and looks the milestone up."
        ),
        costs={name: round(value, 6) for name, value in costs.items()},
    )
    for latency in latencies:
        _add_rates(result, latency, found, in_order)
    calls, burst_reads = costs["billable_reads_a_delivery"], costs["reads_of_a_burst"]
    result.add(
        "billable reads a delivery where nothing is to be done", f"{calls:.2f}", "≤ 1", met=calls <= 1 and not costs["needless_writes"]
    )  # fmt: skip
    result.add("reads of an issue for fifty deliveries at once", f"{burst_reads:.0f}", "≤ 2", met=burst_reads <= 2)
    result.add("processor time of such a delivery, ms", f"{costs['cpu_s_a_delivery'] * 1000:.2f}")
    if not asked.short:
        acknowledged = ratio(found["burst"], found["burst, reference"])
        result.add("a hundred at once: acknowledged ÷ the reference", acknowledged, "≤ 3", met=acknowledged.median <= 3)
        result.add("then kill -9 and a new start: handled exactly once, of 100", min(once), "100", met=min(once) == 100)
        result.add("the hundred acknowledged, ms", f"{statistics.median(found['burst']) * 1000:.0f}")
    record(result, as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main())
