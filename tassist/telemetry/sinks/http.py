"""Records to a collector over HTTP: OpenTelemetry logs, or batches of CloudEvents to any webhook.

A request whose answer was lost is sent again, so the other side may see a record twice: it folds by event id, which is the
CloudEvent's ``id`` and the log record's attribute ``event.id``.

Sources: https://opentelemetry.io/docs/specs/otlp/#otlphttp,
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from engine.problems import Problem, ProblemError
from tassist import __version__
from tassist.errors import Secret, redact
from tassist.log import get_logger, log_event
from tassist.telemetry.cloudevents import to_cloudevent
from tassist.telemetry.shape import READ_RECORD
from tassist.telemetry.sinks.port import Entry, RecordsRefused
from tassist.text import noun, safe_text

if TYPE_CHECKING:
    import httpx

_LOCAL = {"localhost", "127.0.0.1", "::1"}
_TIMEOUT_S = 30.0
_SEVERITY = {"success": 9, "partial": 13, "blocked": 13, "failed": 17}
"""OpenTelemetry's numbers for information, warning and error."""
_log = get_logger("telemetry.http")
Encode = Callable[[Sequence[Entry]], bytes]


class HttpSink:
    """Posts batches to one address; redirects are not followed, since they could lead anywhere.

    Args:
        url: Where to; https, or http on this machine.
        name: As other sinks and cursors know it.
        encode: How a batch becomes a body.
        media_type: What the body is.
        authorization: The ``Authorization`` header.

    Raises:
        ProblemError: The address may not be used.
    """

    max_batch = 500
    interval_s = 5.0

    def __init__(
        self, url: str, *, name: str, encode: Encode, media_type: str, authorization: Secret | None = None
    ) -> None:
        check_url(url)
        self.name = name
        self._url = url
        self._encode = encode
        self._media_type = media_type
        self._authorization = authorization
        self._client: httpx.Client | None = None

    def write(self, entries: Sequence[Entry]) -> None:
        """Post the records; a batch the other side calls wrong is halved until the wrong record is found."""
        if not entries:
            return
        status, said = self._post(self._encode(entries))
        if 200 <= status < 300:
            self._partly(said)
            return
        problem = self._problem(f"it answered {status} {said}".strip(), auth=status in {401, 403})
        if status not in {400, 413, 422}:
            raise ProblemError(problem)
        if len(entries) == 1:
            raise RecordsRefused(problem, [entries[0].seq])
        half = len(entries) // 2
        self.write(entries[:half])
        self.write(entries[half:])

    def close(self) -> None:
        """Close the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _post(self, body: bytes) -> tuple[int, str]:
        import httpx

        if self._client is None:
            self._client = httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False)
        headers = {"content-type": self._media_type, "user-agent": f"tassist/{__version__}"}
        if self._authorization:
            headers["authorization"] = self._authorization.reveal()
        try:
            answer = self._client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as error:
            self.close()
            raise ProblemError(self._problem(f"{type(error).__name__}: {error}")) from error
        return answer.status_code, safe_text(self._blank(answer.text), max_chars=300)

    def _partly(self, said: str) -> None:
        """OTLP may take a batch in part; it does not say which, and sending it again would not help."""
        try:
            answer = msgspec.json.decode(said)
            partial = answer["partialSuccess"]
            rejected = int(partial.get("rejectedLogRecords", 0))
        except (msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError):
            return
        if rejected:
            log_event(
                _log,
                "records-rejected",
                f"{self.name} rejected {rejected} {noun(rejected, 'record')} of a batch",
                level=logging.WARNING,
                why=partial.get("errorMessage", ""),
            )

    def _blank(self, text: str) -> str:
        return redact(text, self._authorization.reveal() if self._authorization else "")

    def _problem(self, why: str, *, auth: bool = False) -> Problem:
        return Problem(
            "telemetry-collector",
            f"the collector of sink {self.name} did not take records",
            why=self._blank(why),
            fix="check TASSIST_TELEMETRY_AUTHORIZATION" if auth else "check that it runs and takes what is sent",
            family="auth" if auth else "world",
        )


def check_url(url: str) -> None:
    """Refuse an address that records must not go to.

    Raises:
        ProblemError: It is no https address (or http on this machine), or holds a password.
    """
    try:
        parts = urlsplit(url)
        host, secret = parts.hostname, parts.username or parts.password
    except ValueError:
        parts, host, secret = urlsplit(""), None, None
    fine = parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL)
    if not host or not fine or secret:
        raise ProblemError(
            Problem(
                "telemetry-url-wrong",
                f"{safe_text(redact(url), max_chars=100)!r} is no address for telemetry",
                why="it takes https://HOST/PATH, or http on this machine, without a password inside",
                fix="a credential goes into TASSIST_TELEMETRY_AUTHORIZATION",
            )
        )


def cloudevents_batch(entries: Sequence[Entry]) -> bytes:
    """A batch in CloudEvents' JSON batch format, ``application/cloudevents-batch+json``."""
    return b"[" + b",".join(to_cloudevent(entry.line) for entry in entries) + b"]"


def otlp_logs(entries: Sequence[Entry]) -> bytes:
    """A batch as OTLP/JSON logs: the record as body, what one filters by as attributes."""
    scope = {"scope": {"name": "tassist", "version": __version__}, "logRecords": [_log_record(e) for e in entries]}
    resource = {"attributes": [_attribute("service.name", "tassist")]}
    return msgspec.json.encode({"resourceLogs": [{"resource": resource, "scopeLogs": [scope]}]})


def _log_record(entry: Entry) -> dict[str, Any]:
    record = READ_RECORD(entry.line)
    moment = datetime.fromisoformat(record.timestamp[:19]).replace(tzinfo=UTC)
    fraction = record.timestamp[20:-1] if "." in record.timestamp else ""
    attributes = {
        "event.id": record.event_id,
        "event.type": record.event_type,
        "run.id": record.run_id,
        "github.repository": record.repo,
        "outcome": record.outcome,
    }
    if record.issue_number is not None:
        attributes["github.issue"] = str(record.issue_number)
    return {
        "timeUnixNano": f"{int(moment.timestamp())}{fraction.ljust(9, '0')}",
        "severityNumber": _SEVERITY[record.outcome],
        "eventName": f"tassist.{record.event_type}",
        "body": {"stringValue": entry.line.decode()},
        "attributes": [_attribute(name, value) for name, value in attributes.items()],
    }


def _attribute(name: str, value: str) -> dict[str, Any]:
    return {"key": name, "value": {"stringValue": value}}
