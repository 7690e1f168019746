"""The sinks over HTTP, against a real server that folds by event id as the contract asks of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from engine.problems import ProblemError
from tassist.errors import Secret
from tassist.telemetry.cloudevents import from_cloudevent
from tassist.telemetry.sinks.http import HttpSink, check_url, cloudevents_batch, otlp_logs
from tassist.telemetry.sinks.port import RecordsRefused
from tests.integration.telemetry.conformance import SinkConformance, entries, records
from tests.support.records import line


class Collector:
    """Keeps what it gets, once by event id; ``status`` and ``refuses`` are what it answers with."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.headers: list[dict[str, str]] = []
        self.bodies: list[Any] = []
        self.answers: list[tuple[int, bytes]] = []
        self.refuses = b"\xff"
        self.drop_answers = False
        self.url = ""

    def take(self, body: bytes) -> tuple[int, bytes]:
        if self.answers:
            return self.answers.pop(0)
        if self.refuses in body:
            return 400, b"no such record, please"
        document = json.loads(body)
        self.bodies.append(document)
        if isinstance(document, list):
            for event in document:
                self.kept.setdefault(event["id"], from_cloudevent(json.dumps(event).encode()))
        else:
            for log in document["resourceLogs"][0]["scopeLogs"][0]["logRecords"]:
                (event_id,) = [a["value"]["stringValue"] for a in log["attributes"] if a["key"] == "event.id"]
                self.kept.setdefault(event_id, log["body"]["stringValue"].encode())
        return 200, b"{}"


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.headers.append({name.lower(): value for name, value in self.headers.items()})
            status, said = found.take(body)
            if found.drop_answers:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("content-length", str(len(said)))
            self.send_header("location", "http://169.254.169.254/")
            self.end_headers()
            self.wfile.write(said)

        @override
        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/v1/logs"
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


class OverHttp(SinkConformance):
    @pytest.fixture(autouse=True)
    def _collector(self, collector: Collector) -> Iterator[None]:
        self.collector = collector
        self.sinks: list[HttpSink] = []
        yield
        for sink in self.sinks:
            sink.close()

    @override
    def stored(self, place: Path) -> list[bytes]:
        return list(self.collector.kept.values())

    @override
    @contextmanager
    def breaking(self, place: Path) -> Iterator[None]:
        """Everything is taken, and no answer arrives."""
        self.collector.drop_answers = True
        yield
        self.collector.drop_answers = False


class TestOtlp(OverHttp):
    @override
    def make(self, place: Path) -> HttpSink:
        sink = HttpSink(self.collector.url, name="otlp", encode=otlp_logs, media_type="application/json")
        self.sinks.append(sink)
        return sink


def webhook(collector: Collector, **options: Any) -> HttpSink:
    return HttpSink(
        collector.url,
        name="webhook",
        encode=cloudevents_batch,
        media_type="application/cloudevents-batch+json",
        **options,
    )


def test_a_webhook_gets_batches_of_cloudevents(collector: Collector) -> None:
    sink = webhook(collector, authorization=Secret("Bearer hunter2hunter2"))
    sink.write(entries(records(20)))
    sink.close()

    assert [json.loads(raw) for raw in collector.kept.values()] == [json.loads(raw) for raw in records(20)]
    assert collector.headers[0]["content-type"] == "application/cloudevents-batch+json"
    assert collector.headers[0]["authorization"] == "Bearer hunter2hunter2"


def test_a_log_record_has_time_severity_and_attributes(collector: Collector) -> None:
    sink = HttpSink(collector.url, name="otlp", encode=otlp_logs, media_type="application/json")
    sink.write(entries([line(1, reason="it went wrong")]))
    sink.close()

    (log,) = collector.bodies[0]["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    assert (log["timeUnixNano"], log["severityNumber"], log["eventName"]) == ("1772366400250000000", 13, "tassist.run")
    attributes = {item["key"]: item["value"]["stringValue"] for item in log["attributes"]}
    assert (attributes["github.repository"], attributes["github.issue"]) == ("acme/orbit", "2")


def test_the_one_record_that_is_refused_is_found_and_the_others_arrive(collector: Collector) -> None:
    collector.refuses = b"poison"
    lines = [line(number, reason="poison" if number == 7 else None) for number in range(1, 12)]
    sink = webhook(collector)

    with pytest.raises(RecordsRefused) as raised:
        sink.write(entries(lines))
    sink.write([entry for entry in entries(lines) if entry.seq not in raised.value.seqs])
    sink.close()

    assert raised.value.seqs == (7,)
    assert len(collector.kept) == 10


@pytest.mark.parametrize("status", [301, 307, 401, 403, 404, 429, 500, 503])
def test_h77_every_other_answer_is_trouble_without_a_secret_in_it(collector: Collector, status: int) -> None:
    sink = webhook(collector, authorization=Secret("Bearer hunter2hunter2"))
    collector.answers = [(status, b"you sent Bearer hunter2hunter2\x1b[2J")]

    with pytest.raises(ProblemError) as raised:
        sink.write(entries([line(1)]))
    sink.write(entries([line(1)]))
    sink.close()

    assert "hunter2" not in str(raised.value)
    assert "\x1b" not in str(raised.value)
    assert raised.value.problems[0].family == ("auth" if status in {401, 403} else "world")
    assert len(collector.kept) == 1


def test_a_collector_that_is_not_there_is_trouble() -> None:
    sink = HttpSink("http://127.0.0.1:1/", name="otlp", encode=otlp_logs, media_type="application/json")

    with pytest.raises(ProblemError):
        sink.write(entries([line(1)]))


@pytest.mark.parametrize(
    "url",
    [
        "http://collector.example/",
        "file:///etc/passwd",
        "https://user:hunter2hunter2@host/",
        "//evil/x",
        "",
        "https://",
        "http://169.254.169.254/",
        "https://[::1",
    ],
)
def test_h69_an_address_records_must_not_go_to_is_refused(url: str) -> None:
    with pytest.raises(ProblemError) as raised:
        check_url(url)

    assert "hunter2" not in str(raised.value)
