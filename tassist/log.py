"""Structured logging: one line an event, with a stable ``action``, on stderr, and never a secret.

``log_event(logger, "delivery-stored", "stored a delivery", delivery_id=…)`` is a sentence for people and fields for
machines. Every value passes `redact` and `safe_text`, so that neither a token nor an issue's title can do harm.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from typing_extensions import override

from engine.problems import ProblemError
from tassist.errors import os_problem, redact
from tassist.text import safe_text

ROOT = "tassist"
FILE_NAME = "serve.log"
"""Of a service inside the console, in its home folder."""
_LARGEST_BYTES = 50 * 2**20


def get_logger(name: str) -> logging.Logger:
    """The logger of a part of the product, below ``tassist``."""
    return logging.getLogger(name if name.startswith(ROOT) else f"{ROOT}.{name}")


def log_event(
    logger: logging.Logger, action: str, sentence: str, *, level: int = logging.INFO, **fields: object
) -> None:
    """Log a sentence under a stable ``action`` with its context as fields."""
    if logger.isEnabledFor(level):
        logger.log(level, sentence, extra={"action": action, "fields": fields})


def _clean(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return safe_text(redact(str(value)), max_chars=500)


class _Lines(logging.Formatter):
    """``12:00:01 delivery-stored stored a delivery  delivery_id=… ``: for people."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        action = getattr(record, "action", record.name)
        fields: dict[str, object] = getattr(record, "fields", {})
        tail = "".join(f"  {key}={_clean(value)}" for key, value in fields.items() if value is not None)
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        line = f"{moment} {level}{_clean(record.getMessage())}{tail}  [{action}]"
        return line + self._trace(record)

    @staticmethod
    def _trace(record: logging.LogRecord) -> str:
        if not record.exc_info or record.exc_info[1] is None:
            return ""
        error = record.exc_info[1]
        return f"  error={_clean(f'{type(error).__name__}: {error}')}"


class _Json(logging.Formatter):
    """One JSON object a line: for machines."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "action": getattr(record, "action", ""),
            "message": _clean(record.getMessage()),
        }
        fields: dict[str, object] = getattr(record, "fields", {})
        entry.update({key: _clean(value) for key, value in fields.items() if key not in entry})
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            entry["error"] = _clean(f"{type(error).__name__}: {error}")
        return json.dumps(entry, ensure_ascii=False)


def open_file(path: Path) -> TextIO:
    """A log file to go on with, private to its owner; one that has grown large is put beside first.

    Raises:
        ProblemError: it cannot be written.
    """
    try:
        if path.exists() and path.stat().st_size > _LARGEST_BYTES:
            path.replace(path.with_name(f"{path.name}.1"))
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return os.fdopen(file, "a", encoding="utf-8", errors="replace", buffering=1)
    except OSError as error:
        raise ProblemError(os_problem(error, doing="write the log to")) from None


def set_up(*, level: str = "info", as_json: bool = False, stream: TextIO | None = None) -> None:
    """Send the product's log to ``stream`` (stderr); other libraries only from warnings on.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        as_json: One JSON object a line instead of a sentence.
        stream: Where to write; for tests.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Json() if as_json else _Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(ROOT).setLevel(level.upper())
