"""Which files of a repository a migration reads, and how much of them; the same for every way of reading."""

from __future__ import annotations

import re

from migrations.model import WORKFLOWS

MAX_FILE_BYTES = 8 * 1024 * 1024
"""Of one file; GitHub's own bound for a workflow is far below."""
MAX_TOTAL_BYTES = 256 * 1024 * 1024
MAX_FILES = 20_000
"""Of one sort."""
RECORD_BRANCH = "gh-pages"
"""Where legacy automation of this family keeps its telemetry."""

_WORKFLOW = re.compile(rf"{re.escape(WORKFLOWS)}[^/]+\.ya?ml\Z")
_LEANED_ON = re.compile(
    r"(?:.*/)?action\.ya?ml\Z"
    r"|\.github/(?:labeler|stale|auto_assign)\.ya?ml\Z"
    r"|\.github/[^/]*label[^/]*\.ya?ml\Z"
    r"|(?:\.github/)?scripts/[^/]+\.(?:sh|bash|js|mjs|cjs|py)\Z"
)
_GUIDE = re.compile(r".*\.(?:md|markdown)\Z", re.IGNORECASE)
_SKIPPED = ("node_modules/", "vendor/", ".venv/")


def sort_of(path: str) -> str:
    """``workflow``, ``file`` (what a workflow leans on), ``guide``, or nothing."""
    if any(f"/{skipped}" in f"/{path}" for skipped in _SKIPPED):
        return ""
    if _WORKFLOW.match(path):
        return "workflow"
    if _LEANED_ON.match(path):
        return "file"
    return "guide" if _GUIDE.match(path) else ""


def is_record(path: str) -> bool:
    """Whether a file of the record's branch may be telemetry."""
    return path.endswith((".json", ".jsonl", ".ndjson"))
