"""One delivery, told whole: headers, body, decisions, writes, timing; and as a case of the contract's form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import yaml

from engine.explain import effect_in_words
from engine.problems import ProblemError
from tassist.services import payloads
from tassist.services.deliveries import one
from tassist.services.provenance import Told, told
from tassist.store.ledger import effect_from_json
from tassist.store.model import DeliveryRow
from tassist.store.ports import Journal

_LONGEST_BODY = 2_000_000
_EFFECT_WORDS = {
    "AddLabels": "add labels",
    "RemoveLabels": "remove labels",
    "SetMilestone": "set milestone",
    "CreateLabel": "create label",
    "CreateMilestone": "create milestone",
    "PostComment": "comment",
    "CloseIssue": "close",
}


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything about one delivery; text from outside is as it came."""

    row: DeliveryRow
    headers: Mapping[str, str]
    body: str | None
    """Laid out where it is JSON; ``None`` where it is no longer kept."""
    run: Told | None

    @property
    def writes(self) -> list[str]:
        """What its run wrote, in words, with what became of each."""
        if self.run is None:
            return []
        return [
            f"{effect.state}: {effect_in_words(effect_from_json(effect.effect))}"
            + (f" – {effect.problem}" if effect.problem else "")
            if _known(effect.effect)
            else f"{effect.state}: {json.loads(effect.effect).get('kind')}"
            for effect in self.run.effects
        ]

    @property
    def timing(self) -> list[tuple[str, str]]:
        """Moments in order, each with how long after the arrival."""
        row, run = self.row, self.run.run if self.run else None
        moments = [("arrived", row.received_at)]
        if run is not None:
            moments.append(("looked", run.started_at))
            if run.finished_at is not None:
                moments.append(("finished", run.finished_at))
        if row.handled_at is not None:
            moments.append(("done" if row.state == "done" else row.state, row.handled_at))
        return [(name, f"{at:%Y-%m-%d %H:%M:%S.%f} UTC{_after(at - row.received_at)}") for name, at in moments]


def detail(journal: Journal, delivery_id: str) -> Detail:
    """One delivery by its id or the beginning of it.

    Raises:
        ProblemError: there is none, or several.
    """
    row = one(journal, delivery_id)
    run = journal.run(row.run_id) if row.run_id else None
    return Detail(row, json.loads(row.headers), _body(journal, row), told(journal, run) if run else None)


def as_case(found: Detail) -> str:
    """The delivery as a case of the contract's form: what was given, and what its run concluded.

    The journal keeps no configuration and no state of the issue, so the state is the payload's, and the configuration is
    left to be filled in.
    """
    payload = _document(found)
    given = payload.get("issue")
    issue: dict[str, Any] = given if isinstance(given, dict) else {}
    words: dict[str, Any] = {"labels": [_name(label) for label in issue.get("labels") or ()]}
    if isinstance(issue.get("milestone"), dict):
        words["milestone"] = str(issue["milestone"].get("title") or "")
    for key in ("number", "title", "state", "state_reason"):
        if issue.get(key):
            words[key] = issue[key]
    row, run = found.row, found.run
    case: dict[str, Any] = {
        "name": f"delivery {row.delivery_id[:12]} of {row.repo or 'no repository'}",
        "text": "# the configuration as it was then\n",
        "trigger": f"{row.event}.{row.action}" if row.action else row.event,
        "issue": words,
        "includes": [
            {decided.rule: decided.outcome, **({"after": decided.after} if decided.after else {})}
            for decided in (run.decisions if run else ())
        ],
        "effects": [_effect_words(effect.effect) for effect in (run.effects if run else ())],
        "outcome": (run.run.outcome if run else None) or "success",
    }
    topic = {"topic": "From the journal", "about": "Cases taken from real deliveries.", "cases": [case]}
    return yaml.safe_dump(topic, sort_keys=False, allow_unicode=False, width=120)


def _effect_words(text: str) -> dict[str, Any]:
    fields = json.loads(text)
    kind = _EFFECT_WORDS.get(fields.get("kind", ""), "comment")
    value = (
        fields.get("names") or fields.get("title") or fields.get("name") or fields.get("marker") or fields.get("reason")
    )
    words: dict[str, Any] = {kind: value}
    if fields.get("rule"):
        words["rule"] = fields["rule"]
    return words


def _document(found: Detail) -> dict[str, Any]:
    try:
        document = json.loads(found.body or "{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _name(label: object) -> str:
    return str(label.get("name") or "") if isinstance(label, dict) else str(label)


def _body(journal: Journal, row: DeliveryRow) -> str | None:
    body = journal.body(row.seq)
    if body is None:
        return None
    if len(body) <= _LONGEST_BODY:
        try:
            found = payloads.load(body, payloads.content_type_of(row))
            return json.dumps(found.document, indent=2, ensure_ascii=False)
        except (ProblemError, RecursionError):
            pass
    return body[:_LONGEST_BODY].decode("utf-8", "replace")


def _known(effect: str) -> bool:
    return json.loads(effect).get("kind") in _EFFECT_WORDS


def _after(length: timedelta) -> str:
    return f"  +{length.total_seconds():.3f} s" if length else ""
