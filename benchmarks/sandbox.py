"""How fast the box is: starting, reading, writing, delivering; so that a slow test is not the box's fault.

.venv/bin/python -m benchmarks.sandbox [--requests N] [--issues N] [--json]
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from benchmarks.harness import Result, ratio, record, spread
from tassist.sandbox import Box, serve
from tassist.sandbox.issue_changes import open_issue
from tests.support.keys import pem


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(202)
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        pass


def _per_second(count: int, seconds: float) -> int:
    return round(count / seconds)


def _starts() -> float:
    """Milliseconds from nothing to an answer."""
    found = []
    for _ in range(9):
        begun = time.perf_counter()
        with serve(Box.seeded()) as running:
            line = http.client.HTTPConnection("127.0.0.1", running.port)
            line.request("GET", "/api/v3/meta", headers={"User-Agent": "benchmark"})
            assert line.getresponse().read()
            line.close()
        found.append((time.perf_counter() - begun) * 1000)
    return round(statistics.median(found), 1)


def _plain(requests: int) -> float:
    """Requests a second to a server that always answers the same."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    line = http.client.HTTPConnection("127.0.0.1", server.server_port)
    begun = time.perf_counter()
    for _ in range(requests):
        line.request("GET", "/")
        line.getresponse().read()
    spent = time.perf_counter() - begun
    line.close()
    server.shutdown()
    server.server_close()
    return requests / spent


def _measure(requests: int, issues: int) -> dict[str, float]:
    box = Box.seeded()
    repo, mira = box.repository("acme-demo/storefront"), box.by("mira")
    for number in range(issues):
        open_issue(box, mira, repo, f"Issue {number}", labels=["bug"], milestone=repo.milestones[1])
    hook = ThreadingHTTPServer(("127.0.0.1", 0), _Hook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    app = box.register_app(hook_url=f"http://127.0.0.1:{hook.server_port}/", pem=pem())
    box.install(app.id, "acme-demo")
    headers = {"User-Agent": "benchmark", "Authorization": f"token {box.user_token('mira')}"}
    found: dict[str, float] = {"issues": len(repo.issues)}
    with serve(box) as running:
        line = http.client.HTTPConnection("127.0.0.1", running.port)

        def ask(method: str, path: str, body: Any = None) -> None:
            line.request(method, f"/api/v3{path}", json.dumps(body) if body else None, headers)
            answer = line.getresponse()
            answer.read()
            assert answer.status < 400, (method, path, answer.status)

        root = "/repos/acme-demo/storefront/issues"
        for name, count, method, path, body in (
            ("reads_per_s", requests, "GET", f"{root}/10", None),
            ("pages_of_100_per_s", requests // 20, "GET", f"{root}?per_page=100&state=all", None),
            ("writes_per_s", requests, "PATCH", f"{root}/10", {"title": "x"}),
        ):
            begun = time.perf_counter()
            for _ in range(count):
                ask(method, path, body)
            found[name] = _per_second(count, time.perf_counter() - begun)
        assert box.webhooks.wait_idle(60)
        box.webhooks.hold()
        for number in range(requests):
            ask("POST", f"{root}/10/comments", {"body": f"number {number}"})
        begun = time.perf_counter()
        box.webhooks.release()
        assert box.webhooks.wait_idle(60)
        found["deliveries_per_s"] = _per_second(requests, time.perf_counter() - begun)
        line.close()
    hook.shutdown()
    hook.server_close()
    return found


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--issues", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rounds = [(_measure(given.requests, given.issues), _plain(given.requests)) for _ in range(3)]
    result = Result(
        "sandbox",
        "GitHub in a box",
        note=f"3 rounds of {given.requests} requests one after the other, {rounds[0][0]['issues']:.0f} issues in the repository. The limit is the standard"
        " library's server with a fixed answer.",
    )
    result.add("from nothing to the first answer and closed, ms", _starts())
    for name, title in (
        ("reads_per_s", "reads/s"),
        ("writes_per_s", "writes/s"),
        ("pages_of_100_per_s", "pages of a hundred issues/s"),
        ("deliveries_per_s", "deliveries sent/s"),
    ):
        result.add(title, spread([one[name] for one, _ in rounds]))
    result.add("reads/s ÷ the limit", ratio([one["reads_per_s"] for one, _ in rounds], [limit for _, limit in rounds]))
    record(result, as_json=given.json)


if __name__ == "__main__":
    main()
