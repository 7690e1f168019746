"""Where a label or milestone of an issue comes from: the write, its rule, its configuration line, its delivery."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engine.explain import effect_in_words
from engine.plan import AddLabels, Effect, RemoveLabels
from tassist.store.ledger import effect_from_json, undoes
from tassist.store.model import EffectRow, LaneKey, RunRow
from tassist.store.ports import Journal


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision of a run, as it was recorded."""

    rule: str
    outcome: str
    reason: str
    config: str
    """``file:line (key)``; empty where no configuration key caused it."""
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Origin:
    """One thing a run wrote to an issue, and what led to it."""

    said: str
    """What was written, in words."""
    values: tuple[str, ...]
    """The labels or the milestone."""
    rule: str
    config: str
    reason: str
    run_id: str
    at: datetime
    delivery_id: str
    """The last of the deliveries the run answered; empty for a sweep or a person's request."""
    trigger: str
    """Why it looked, in words."""
    state: str
    """What became of the write."""
    undone: bool
    """Whether an undo took its run back."""


@dataclass(frozen=True, slots=True)
class Told:
    """A run with its decisions and writes, ready to be read."""

    run: RunRow
    decisions: tuple[Decided, ...]
    effects: tuple[EffectRow, ...]
    problems: tuple[str, ...]
    not_configured: tuple[str, ...]
    reads: int
    writes: int
    trigger: str
    undoes: str
    """The run this one took back; empty where it is no undo."""


def told(journal: Journal, run: RunRow) -> Told:
    """A run with everything the journal keeps of it."""
    result: Mapping[str, Any] = _object(run.result)
    problems = [one for one in result.get("problems") or () if isinstance(one, Mapping)]
    return Told(
        run,
        tuple(_decided(one) for one in result.get("decisions") or () if isinstance(one, Mapping)),
        tuple(journal.effects(run.run_id)),
        tuple(" – ".join(str(one[key]) for key in ("what", "why", "fix") if one.get(key)) for one in problems),
        tuple(str(one) for one in result.get("not_configured") or ()),
        int(result.get("reads") or 0),
        int(result.get("writes") or 0),
        trigger_in_words(run),
        undoes(run),
    )


def origins(journal: Journal, key: LaneKey, *, limit: int = 60) -> list[Origin]:
    """Everything runs wrote to an issue, newest first, with what led to it."""
    runs = journal.runs_of(key, limit=limit)
    taken_back = {undoes(run) for run in runs}
    found: list[Origin] = []
    for run in runs:
        if undoes(run):
            continue
        one = told(journal, run)
        found += [
            _origin(one, row, effect, undone=run.run_id in taken_back)
            for row in reversed(one.effects)
            for effect in _single(effect_from_json(row.effect))
        ]
    return found


def _single(effect: Effect) -> list[Effect]:
    """One effect for each label, as each may be another rule's wish."""
    if not isinstance(effect, AddLabels | RemoveLabels) or len(effect.names) < 2:
        return [effect]
    return [
        replace(effect, names=(name,), rule=effect.rules[at] if at < len(effect.rules) else effect.rule, rules=())
        for at, name in enumerate(effect.names)
    ]


def _origin(run: Told, row: EffectRow, effect: Effect, *, undone: bool) -> Origin:
    rule = str(getattr(effect, "rule", ""))
    rules = [one.strip() for one in rule.split(",")]
    decided = next((one for one in run.decisions if one.rule in rules), None)
    values = getattr(effect, "names", None) or (getattr(effect, "title", None) or getattr(effect, "name", None),)
    return Origin(
        said=effect_in_words(effect),
        values=tuple(str(value) for value in values if value),
        rule=rule,
        config=decided.config if decided else "",
        reason=decided.reason if decided else "",
        run_id=run.run.run_id,
        at=row.at,
        delivery_id=str(_object(run.run.trigger).get("delivery_id") or ""),
        trigger=run.trigger,
        state=row.state,
        undone=undone,
    )


def trigger_in_words(run: RunRow) -> str:
    """Why a run looked."""
    trigger = _object(run.trigger)
    kind = str(trigger.get("kind") or "")
    if kind != "delivery":
        return {"sweep": "a sweep", "manual": "a person asked"}.get(kind, kind or "unknown")
    event = ".".join(str(trigger[key]) for key in ("event", "action") if trigger.get(key))
    return f"{event} by {trigger.get('sender') or 'somebody'}"


def _decided(one: Mapping[str, Any]) -> Decided:
    config = one.get("config")
    where = ""
    if isinstance(config, Mapping):
        where = ":".join(str(config[key]) for key in ("file", "line") if config.get(key))
        if config.get("path"):
            where = f"{where} ({config['path']})" if where else str(config["path"])
    return Decided(
        str(one.get("rule") or ""),
        str(one.get("outcome") or ""),
        str(one.get("reason") or ""),
        where,
        str(one.get("before") or ""),
        str(one.get("after") or ""),
    )


def _object(text: str | None) -> Mapping[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}
