"""Deliveries handled from the POST to the last write, against GitHub in a box; what they cost; and a burst that meets kill -9.

    python -m benchmarks.end_to_end [--issues 200] [--rounds 3] [--json]

The service, the box and the sender are processes of one machine. Each delivery is about another issue that needs three
writes. The limit beside it: the same four calls a delivery, sent to the same box by bare HTTP clients, 32 at once, which
decide nothing and keep nothing. The peer, where npm can install it: a Probot App that makes three calls a delivery, two
of them writes, with its pacing as it comes and without.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from benchmarks import probot
from benchmarks.ack import Server
from benchmarks.harness import Result, interleaved, processor_s, ratio, record, spread
from tests.support import keys
from tests.support.delivering import SECRET
from tests.support.service import Outside, deliver, outside, wait_for

AT_ONCE = 32
WRITES = 3


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


def told(world: Outside, url: str, numbers: list[int], turn: str) -> float:
    """Tell of each issue once, 32 at once; how long until all are acknowledged."""
    payloads = [world.payload(number) for number in numbers]
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda n, p: deliver(url, p, delivery_id=f"{n}-{turn}"), numbers, payloads))
    assert set(answers) <= {200, 202}, Counter(answers)
    return time.perf_counter() - began


def handled_per_s(issues: int, latency_s: float, costs: dict[str, float] | None = None) -> float:
    """Deliveries handled a second; into ``costs`` what one costs where nothing is to be changed any more."""
    with tempfile.TemporaryDirectory() as name, github(name, latency_s) as world:
        numbers = [world.issue().number for _ in range(issues)]
        warm = world.issue().number
        with world.service() as service:
            told(world, service.url, [warm], "warm")
            wait_for(lambda: len(world.box.requests.writes) == WRITES, "the service knows the repository")
            began = time.perf_counter()
            told(world, service.url, numbers, "a")
            wait_for(lambda: len(world.box.requests.writes) >= WRITES * (issues + 1), "all written", timeout_s=600)
            spent = time.perf_counter() - began
            assert len(world.box.requests.writes) == WRITES * (issues + 1), "nothing is written twice"
            if costs is not None:
                _measure_costs(world, service.url, numbers, costs)
        return issues / spent


def _through(world: Outside, amount: int) -> Callable[[], bool]:
    return lambda: sum(row.state == "done" for row in world.deliveries()) == amount


def _measure_costs(world: Outside, url: str, numbers: list[int], costs: dict[str, float]) -> None:
    """Tell of issues that are in order already, and fifty times of one issue at once; count calls and processor time."""
    wait_for(_through(world, len(numbers) + 1), "all are through", timeout_s=60)
    world.box.requests.clear()
    before = processor_s(pid_of(world))
    told(world, url, numbers, "again")
    wait_for(_through(world, 2 * len(numbers) + 1), "all are through again", timeout_s=600)
    costs["cpu_s_a_delivery"] = (processor_s(pid_of(world)) - before) / len(numbers)
    reads = [one for one in world.box.requests if one.method == "GET" and one.kind == "installation"]
    costs["reads_a_delivery"] = len(reads) / len(numbers)
    costs["billable_reads_a_delivery"] = sum(one.status != 304 for one in reads) / len(numbers)
    costs["needless_writes"] = len(world.box.requests.writes)
    issue = world.issue()
    world.box.requests.clear()
    with ThreadPoolExecutor(50) as pool:
        list(pool.map(lambda n: deliver(url, world.payload(issue), delivery_id=f"burst-{n}"), range(50)))
    wait_for(_through(world, 2 * len(numbers) + 51), "the burst is through", timeout_s=60)
    costs["reads_of_a_burst"] = sum(
        one.method == "GET" and one.route.endswith("/issues/{number}") for one in world.box.requests
    )


def limit_per_s(issues: int, latency_s: float) -> float:
    """The same calls, from clients in a process of their own that only send them."""
    with tempfile.TemporaryDirectory() as name, github(name, latency_s) as world:
        numbers = [world.issue().number for _ in range(issues)]
        asked = json.dumps([world.running.port, world.box.user_token("ann"), numbers])
        command = [sys.executable, "-m", "benchmarks.end_to_end", "--only-send", "-"]
        done = subprocess.run(command, input=asked, stdout=subprocess.PIPE, check=True, text=True)
        return issues / float(done.stdout)


def only_send(port: int, token: str, numbers: list[int]) -> float:
    """Send the four calls a delivery, 32 at once; seconds."""
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
            ("DELETE", f"{issue}/labels/phase-1", None),
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


def probot_per_s(issues: int, latency_s: float, throttle: probot.Throttle) -> float:
    """The same issues, handled by the peer."""
    with tempfile.TemporaryDirectory() as name, github(name, latency_s) as world:
        numbers = [world.issue().number for _ in range(issues)]
        with probot.Probot(
            Path(name),
            pem=world.app.pem,
            secret=SECRET,
            api_url=world.env["GITHUB_API_URL"],
            app_id=world.app.id,
            throttle=throttle,
        ) as peer:
            began = time.perf_counter()
            told(world, f"http://127.0.0.1:{peer.port}", numbers, "a")
            wait_for(lambda: len(world.box.requests.writes) >= 2 * issues, "the peer wrote all", timeout_s=600)
            return issues / (time.perf_counter() - began)


def burst_s() -> tuple[float, int]:
    """A hundred at once, then kill -9 and a new start: until all were acknowledged, and how many were handled exactly once."""
    with tempfile.TemporaryDirectory() as name, github(name, 0.1) as world:
        numbers = [world.issue().number for _ in range(100)]
        with world.service() as service:
            spent = told(world, service.url, numbers, "burst")
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
    from tests.support.delivering import compact

    with tempfile.TemporaryDirectory() as name:
        server = Server("reference", Path(name), keys.pem())
        try:
            bodies = [compact({"action": "edited", "issue": {"number": number}}) for number in range(100)]
            url = f"http://127.0.0.1:{server.port}"
            began = time.perf_counter()
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(lambda n: deliver(url, bodies[n], delivery_id=str(n), secret="benchmark"), range(100)))
            return time.perf_counter() - began
        finally:
            server.stop()


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--issues", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="no latency and no burst")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only-send", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only_send:
        print(only_send(*json.loads(sys.stdin.read())))
        return
    costs: dict[str, float] = {}
    once: list[int] = []

    def burst() -> float:
        spent, handled = burst_s()
        once.append(handled)
        return spent

    measures: dict[str, Callable[[], float]] = {
        "0 ms": lambda: handled_per_s(asked.issues, 0.0, costs),
        "0 ms, limit": lambda: limit_per_s(asked.issues, 0.0),
    }
    if not asked.short:
        measures |= {
            "100 ms": lambda: handled_per_s(asked.issues, 0.1),
            "100 ms, limit": lambda: limit_per_s(asked.issues, 0.1),
            "burst": burst,
            "burst, reference": reference_burst_s,
        }
    without = probot.missing()
    if without:
        print(without, file=sys.stderr)
    else:
        measures["0 ms, Probot without pacing"] = lambda: probot_per_s(asked.issues, 0.0, "off")
        if not asked.short:
            measures["100 ms, Probot without pacing"] = lambda: probot_per_s(asked.issues, 0.1, "off")
            measures["100 ms, Probot as it comes"] = lambda: probot_per_s(min(asked.issues, 10), 0.1, "default")
    found = interleaved(measures, asked.rounds)
    result = Result(
        "end_to_end",
        "From the delivery to the last write",
        note=f"{asked.rounds} rounds of {asked.issues} deliveries, each about another issue that needs three writes. The limit sends the"
        " same four calls a delivery to the same box from 32 bare clients in a process of their own; box, sender and service share the machine."
        + ("" if without else f" The peer is {probot.version()}, three calls a delivery, two of them writes."),
        costs={name: round(value, 6) for name, value in costs.items()},
    )
    for latency in ("0 ms",) if asked.short else ("0 ms", "100 ms"):
        result.add(f"calls of {latency}: deliveries handled/s", spread(found[latency], "{:,.1f}"))
        result.add(f"calls of {latency}: handled/s ÷ the limit", ratio(found[latency], found[f"{latency}, limit"]))
        for peer in ("Probot without pacing", "Probot as it comes"):
            theirs = found.get(f"{latency}, {peer}")
            if theirs:
                result.add(f"calls of {latency}: {peer}: handled/s", spread(theirs, "{:,.1f}"))
                against = ratio(found[latency], theirs)
                goal = "≥ 3" if latency == "0 ms" else "≥ 10" if peer.endswith("comes") else ""
                met = against.median >= float(goal[2:]) if goal else None
                result.add(f"calls of {latency}: handled/s ÷ {peer}", against, goal, met=met)
                if latency == "0 ms":
                    # What the box can answer is the most anybody could reach here.
                    most = ratio(found[f"{latency}, limit"], theirs)
                    result.add(f"calls of {latency}: the limit ÷ {peer}", most)
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
