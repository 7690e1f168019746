"""Shadow mode in a real service: it decides, records and reports each day, writes nothing, and legacy goes on."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

from tassist.sandbox import issue_changes
from tassist.services.demo.process import ServerProcess
from tassist.services.migrate.progress import folder
from tassist.services.migrate.shadow import RECORD
from tests.integration.migrate.conftest import Shop, authorities
from tests.support.private import open_to_others
from tests.support.service import deliver, wait_for


async def test_a_service_records_what_it_would_do_reports_the_day_before_and_leaves_the_repository_to_legacy(
    lean: Shop,
) -> None:
    begun = await lean.migrate("shadow", "start", "lena/shop", "--days", "7")
    assert begun.code == 0, begun.err
    judged = folder(lean.home, "lena/shop") / RECORD
    assert open_to_others(judged.parent) == []
    yesterday = datetime.now(UTC) - timedelta(days=1)
    lines: list[dict[str, Any]] = [
        {"at": yesterday.isoformat(), "number": number, "agrees": number != 6, "would": [], "labels": [], "milestone": None}
        for number in (1, 2, 6)
    ]  # fmt: skip
    judged.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    before = lean.state()

    with ServerProcess(lean.home, dict(os.environ)) as service:
        await asyncio.to_thread(service.start)
        url = f"http://127.0.0.1:{service.port}"
        with lean.box.lock:  # legacy goes on: its label is put on by its own workflow, and GitHub tells us
            issue_changes.add_labels(lean.box, lean.by, lean.repo.issues[6], ["codex"])
        payload = {
            "action": "labeled", "issue": {"number": 6, "title": "an issue"}, "label": {"name": "codex"},
            "repository": {"id": lean.repo.id, "full_name": "lena/shop", "default_branch": "main"},
            "sender": {"login": "lena", "id": 1}, "installation": {"id": lean.installation_id},
        }  # fmt: skip
        secret = lean.app.webhook_secret.reveal()
        await asyncio.to_thread(deliver, url, payload, secret=secret)
        await asyncio.to_thread(wait_for, lambda: runs(lean, 6) and told(lean, "migration_compared"), "the records")
        assert await asyncio.to_thread(service.stop) == 0

    (day,) = told(lean, "migration_compared")
    assert day["timestamp"].startswith(f"{yesterday:%Y-%m-%d}")
    assert day["counts"] == {"agree": 2, "differ": 1}
    assert {run["origin"] for run in told(lean, "run")} == {"shadow"}
    newest = next(one for one in map(json.loads, reversed(judged.read_text().splitlines())) if one["number"] == 6)
    assert newest["at"] > yesterday.isoformat()
    assert not newest["agrees"], "it has no milestone, and would get one"
    assert authorities(lean.repo) == (True, False)
    after = lean.state()
    assert after["issues"][6][2] == sorted([*before["issues"][6][2], "codex"]), "what legacy wrote, and nothing else"
    assert {**after, "issues": before["issues"]} == before
    assert not [one for one in lean.box.requests if one.is_write and "/repo" in one.path]
    shown = await lean.migrate("shadow", "status", "lena/shop")
    assert f"{yesterday:%Y-%m-%d}" in shown.out


def told(lean: Shop, event: str) -> list[dict[str, Any]]:
    """Records of this sort in the telemetry."""
    files = sorted(lean.home.glob("telemetry/v1/repos/*/*/*.jsonl"))
    return [
        one for file in files for one in map(json.loads, file.read_bytes().splitlines()) if one["event_type"] == event
    ]


def runs(lean: Shop, number: int) -> list[dict[str, Any]]:
    return [one for one in told(lean, "run") if one["issue_number"] == number]
