"""A journal as a service leaves it, with hostile text in it where asked for, and the app on it with a still clock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from tassist.cli.forms import forms_of
from tassist.config import settings
from tassist.store import inbox, lanes
from tassist.store.journal import Journal
from tassist.store.model import FinishedRun, Incoming, LaneKey, Sorted, Target
from tassist.tui.app import TassistApp
from tassist.tui.desk import Desk, Verb
from tests.support.delivering import compact

NOW = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC)
HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07\x1b]52;c;aGk=\x07",
    "[/x] [bold red]markup[/bold red] [@click=app.quit]x[/]",
    "\x9b31m C1 \r\n two lines",
    "right\u202eto left\u2066 and zalgo Z" + "\u0334\u0322\u031b" * 12,
    "\U0001f469\u200d\U0001f469\u200d\U0001f467" + "\u200d" * 200 + "x" * 5_000,
    "<img src=x onerror=alert(1)> ${jndi:ldap://x} =HYPERLINK(1)",
)
"""Each of them has broken some terminal program."""


@dataclass
class StillClock:
    """Stands at `NOW` until it is moved."""

    moment: datetime = NOW

    def now(self) -> datetime:
        """The present."""
        return self.moment


def verbs() -> tuple[Verb, ...]:
    """The command line's own."""
    from tassist.cli.registry import VERBS

    return tuple(Verb(verb.name, verb.help) for verb in VERBS)


def desk(home: Path, *, said: str | None = None, **env: str) -> Desk:
    """What the app is given; only these variables are seen. ``said``: the folder as ``--home`` named it."""
    loaded = settings.load({"home": said}, env={"HOME": str(home), "TASSIST_HOME": str(home), **env}, dotenv=None)
    return Desk(loaded, StillClock(), verbs=verbs(), forms=forms_of)


def console(home: Path, place: str = "home", *, said: str | None = None, **env: str) -> TassistApp:
    """The app at a place."""
    return TassistApp(desk(home, said=said, **env), place=place)


async def settled(app: TassistApp) -> None:
    """Wait until no work is under way and every message is through; a conversation waits for the person, so not for it."""
    async with asyncio.timeout(90):
        await at_rest(app)
        while any(not one.is_finished and not one.group.endswith("-act") for one in app.workers):
            await asyncio.sleep(0.005)
            await at_rest(app)


async def ticked(app: TassistApp) -> None:
    """Have a place see what is new; what it was reading by itself, perhaps from before that, is through first."""
    await settled(app)
    cast("Any", app.screen)._tick()
    await settled(app)


async def asked(app: TassistApp, kind: type[Screen[Any]]) -> None:
    """Wait until a question of this kind stands there."""
    async with asyncio.timeout(60):
        while not isinstance(app.screen, kind):
            await asyncio.sleep(0.01)
    await at_rest(app)


async def talked(app: TassistApp) -> None:
    """Wait until a conversation has ended too."""
    async with asyncio.timeout(60):
        while any(not one.is_finished for one in app.workers):
            await asyncio.sleep(0.01)
    await settled(app)


async def at_rest(app: App[Any]) -> None:
    """Wait until every message is through and everything is drawn, however busy the machine is with other things."""
    quiet = 0
    while quiet < 3:
        await Pilot(app).pause(0.005)
        screen = app.screen
        due = screen._layout_required or screen._scroll_required or screen._repaint_required or screen._dirty_widgets
        queued = any(one.message_queue_size for one in (app, *screen.walk_children(with_self=True)))
        quiet = 0 if due or queued or screen._callbacks else quiet + 1
    if app._exception is not None:  # a picture of an app that broke off would look like one of an empty screen
        raise app._exception


DECISIONS: tuple[dict[str, Any], ...] = (
    {
        "rule": "track.classify",
        "outcome": "applied",
        "reason": "no track label: the default track is main",
        "subject": "labels",
        "config": {"file": ".github/task-assistant.yml", "line": 3, "column": 5, "path": "tracks[0].default"},
        "before": "",
        "after": "track/main",
    },
)


class Filled:
    """Fills a journal; every delivery comes a minute after the one before."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.journal = Journal.open(home)
        self.at = NOW - timedelta(hours=2)
        self.count = 0

    def close(self) -> None:
        """Close the journal; another program may open it."""
        self.journal.close()

    def account(self, installation: int, name: str, *, state: str = "active") -> None:
        """What GitHub said of an installation."""
        self.journal.writer.write_now(
            lambda one: lanes.set_installation(one, installation, state=state, account=name, now=self.at)
        )

    def busy(self, runs: int) -> None:
        """So many more runs of the issue that was looked at last."""

        def write(connection: Any) -> None:
            connection.executemany(
                "INSERT INTO runs (run_id, repo_id, number, repo, state, trigger, started_at, finished_at, outcome)"
                " SELECT ?, repo_id, number, repo, state, trigger, started_at + ?, finished_at + ?, outcome FROM runs"
                " WHERE run_id = ?",
                [(f"b{number:031d}", number, number, f"{self.count:012x}{'0' * 20}") for number in range(1, runs + 1)],
            )

        self.journal.writer.write_now(write)

    def burst(self, count: int) -> str:
        """So many deliveries a second apart, stored and not looked at, in one transaction; returns the last one's id."""

        def write(connection: Any) -> None:
            for _ in range(count):
                self.count += 1
                self.at += timedelta(seconds=1)
                body = compact({"action": "edited", "issue": {"number": self.count}})
                inbox.accept(connection, Incoming(f"{self.count:08x}-burst", "issues", body, self.at))

        self.journal.writer.write_now(write)
        return f"{self.count:08x}-burst"

    def delivery(
        self,
        number: int = 1,
        *,
        event: str = "issues",
        action: str = "labeled",
        repo: str = "acme/shop",
        repo_id: int = 7,
        title: str = "A title",
        sender: str = "ann",
        state: str = "done",
        outcome: str = "success",
        reason: str | None = None,
        decisions: Sequence[Mapping[str, Any]] = DECISIONS,
        writes: int = 1,
        installation: int = 5,
    ) -> str:
        """A delivery as the service leaves it; returns its id."""
        made = self._delivery(
            number,
            event,
            action,
            repo,
            repo_id,
            title,
            sender,
            state,
            outcome,
            reason,
            list(decisions),
            writes,
            installation,
        )
        with ThreadPoolExecutor(1) as beside:  # a test may have a loop of its own
            return beside.submit(asyncio.run, made).result()

    async def _delivery(
        self,
        number: int,
        event: str,
        action: str,
        repo: str,
        repo_id: int,
        title: str,
        sender: str,
        state: str,
        outcome: str,
        reason: str | None,
        decisions: list[Mapping[str, Any]],
        writes: int,
        installation: int,
    ) -> str:
        from engine.plan import AddLabels
        from engine.ports import Applied

        self.count += 1
        self.at += timedelta(minutes=1)
        delivery_id = f"{self.count:08x}-0000-4000-8000-000000000000"
        payload = {
            "action": action,
            "issue": {"number": number, "title": title, "labels": [{"name": "phase-1"}]},
            "repository": {"id": repo_id, "full_name": repo},
            "sender": {"login": sender, "id": 3},
            "installation": {"id": installation},
            "count": self.count,
        }
        quarantine = (reason or "not JSON") if state == "quarantined" else None
        headers = {"content-type": "application/json", "user-agent": "GitHub-Hookshot/1"}
        stored = await self.journal.accept(
            Incoming(delivery_id, event, compact(payload), self.at, headers, quarantine=quarantine)
        )
        if state in {"stored", "quarantined"}:
            return delivery_id
        item = Sorted(
            stored.seq,
            "ignored" if state == "ignored" else "waiting",
            action,
            reason if state == "ignored" else None,
            installation,
            repo_id,
            repo,
            sender,
            3,
            () if state == "ignored" else (Target(repo_id, repo, number),),
        )
        await self.journal.store_sorted([(item, ())], self.at + timedelta(milliseconds=20))
        if state not in {"done", "dead"}:
            return delivery_id
        run_id = f"{self.count:012x}{'0' * 20}"
        started = self.at + timedelta(milliseconds=50)
        trigger = json.dumps(
            {"kind": "delivery", "event": event, "action": action, "delivery_id": delivery_id, "sender": sender}
        )
        key = LaneKey(repo_id, number)
        if writes and outcome == "success":
            effect = AddLabels(("track/main",), "track.classify")
            ordinal = await self.journal.intend(
                effect, run_id=run_id, key=key, repo=repo, trigger=trigger, started_at=started, now=started
            )
            await self.journal.settle(
                run_id, ordinal, Applied(effect, changed=True, before="", after="track/main", writes=writes), started
            )
        result = json.dumps({"decisions": decisions, "applied": [], "problems": [], "reads": 1, "writes": writes})
        await self.journal.finish(
            FinishedRun(
                run_id,
                key,
                repo,
                trigger,
                started,
                started + timedelta(milliseconds=180),
                outcome,
                reason,
                result,
                stored.seq,
                f"e-{self.count}",
                b"{}",
                dead=state == "dead",
            )
        )
        return delivery_id


def typical(home: Path) -> None:
    """A morning of an ordinary repository."""
    filled = Filled(home)
    for number in range(1, 13):
        filled.delivery(number, action="opened" if number % 3 else "labeled", title=f"Issue number {number}")
    filled.delivery(3, event="issue_comment", action="created", state="ignored", reason="comments change nothing")
    filled.delivery(4, event="push", action="", state="ignored", reason="no issue in it")
    filled.delivery(5, action="edited", state="waiting")
    filled.close()


def troubled(home: Path) -> None:
    """Everything that can go wrong, once."""
    filled = Filled(home)
    filled.delivery(1)
    filled.delivery(2, outcome="failed", state="dead", reason="given up: GitHub said 502 for a day")
    filled.delivery(3, outcome="blocked", reason="the configuration cannot be used")
    filled.delivery(4, state="quarantined", reason="the payload is no JSON object")
    filled.delivery(5, state="waiting")
    filled.close()


def hostile(home: Path) -> None:
    """Every text that comes from outside is hostile."""
    filled = Filled(home)
    for number, text in enumerate(HOSTILE, 1):
        filled.delivery(
            number,
            title=text,
            sender=text[:90],
            action=text[:60],
            repo=f"acme/{text[:40]}",
            repo_id=number,
            reason=text,
            outcome="blocked",
            decisions=[{"rule": text, "outcome": "blocked", "reason": text, "config": {"file": text}, "after": text}],
        )
    filled.close()


def assert_harmless(app: TassistApp) -> None:
    """Nothing of what was drawn could act on a terminal."""
    drawn = "".join(
        segment.text for line in app.screen._compositor.render_strips() for segment in line if not segment.control
    )
    assert not [char for char in drawn if char in "\x1b\x07\x9b\r\u202e\u2066" or "\x80" <= char <= "\x9f"]
