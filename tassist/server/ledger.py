"""Puts the ledger around every write to GitHub, and pieces a run together that a crash broke in two."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from typing_extensions import override

from engine.model import IssueRef, fold
from engine.plan import AddLabels, Effect, RemoveLabels
from engine.ports import Applied, Applier, Clock, Retry, RunResult
from tassist.config import faults
from tassist.store.database import StoreError
from tassist.store.ledger import effect_from_json
from tassist.store.model import EffectRow, EffectState, LaneKey
from tassist.store.ports import Journal


@dataclasses.dataclass(frozen=True, slots=True)
class RunId:
    """Which run writes, and for whom."""

    run_id: str
    key: LaneKey
    repo: str
    trigger: str
    """JSON."""
    started_at: datetime


class LedgerApplier(Applier):
    """Writes the intent down before an effect is sent and its outcome after."""

    def __init__(self, inner: Applier, journal: Journal, run: RunId, clock: Clock) -> None:
        self._inner = inner
        self._journal = journal
        self._run = run
        self._clock = clock

    @override
    async def apply(self, ref: IssueRef, effect: Effect) -> Applied:
        run = self._run
        try:
            ordinal = await self._journal.intend(
                effect,
                run_id=run.run_id,
                key=run.key,
                repo=run.repo,
                trigger=run.trigger,
                started_at=run.started_at,
                now=self._clock.now(),
            )
        except StoreError as error:
            # What cannot be written down is not sent.
            raise Retry(error.problems[0], after_s=5) from error
        faults.point("before-write")
        applied = await self._inner.apply(ref, effect)
        faults.point("after-write")
        try:
            await self._journal.settle(run.run_id, ordinal, applied, self._clock.now())
        except StoreError as error:
            raise Retry(error.problems[0], after_s=5) from error
        return applied


def single_writes(effect: str) -> tuple[tuple[str, str], ...]:
    """What an effect (JSON) writes, one entry for each label.

    Who undoes our labels one by one makes us write them in ever other company: it is still the same write.
    """
    found = effect_from_json(effect)
    kind = type(found).__name__
    if isinstance(found, AddLabels | RemoveLabels):
        return tuple((kind, fold(name)) for name in found.names)
    return ((kind, effect),)


def pieced_together(
    result: RunResult, before: Sequence[EffectRow]
) -> tuple[RunResult, tuple[tuple[int, EffectState], ...]]:
    """The result with what the broken-off part of the same run had done, and what became of unsettled effects.

    An intent without an outcome was either done or not. Where the second part had to do the same effect again it was
    not; where the world was already so it was.
    """
    again = [applied.effect for applied in result.applied if applied.changed or applied.problem]
    known = result.issue is not None and result.outcome != "failed"
    earlier: list[Applied] = []
    resolved: list[tuple[int, EffectState]] = []
    # From the last to the first: whatever was intended again later had not been done before.
    for row in reversed(before):
        effect = effect_from_json(row.effect)
        done: Effect | None = effect if row.state == "applied" else None
        if row.state == "intended":
            done = _done_part(effect, again) if known else None
            resolved.append((row.ordinal, "applied" if done is not None else "failed"))
        if done is not None:
            earlier.insert(
                0, Applied(done, changed=True, before=row.before, after=row.after, writes=max(row.writes, 1))
            )
        if row.state in {"intended", "applied"}:
            again.append(effect)
    if not earlier:
        return result, tuple(resolved)
    # Found already so because this very run did it: told once, as the change it was.
    effects = [applied.effect for applied in earlier]
    later = tuple(applied for applied in result.applied if applied.changed or applied.effect not in effects)
    return (
        dataclasses.replace(
            result,
            applied=(*earlier, *later),
            writes=result.writes + sum(applied.writes for applied in earlier),
        ),
        tuple(resolved),
    )


def _done_part(effect: Effect, again: Sequence[Effect]) -> Effect | None:
    """What of an unsettled effect must have been done, since it did not have to be done again."""
    if effect in again:
        return None
    if not isinstance(effect, AddLabels | RemoveLabels):
        return effect
    # Labels are removed one by one, so an effect may have been done in part.
    repeated = {fold(name) for other in again if type(other) is type(effect) for name in getattr(other, "names", ())}
    kept = [place for place, name in enumerate(effect.names) if fold(name) not in repeated]
    if not kept:
        return None
    rules = tuple(effect.rules[place] for place in kept) if len(effect.rules) == len(effect.names) else effect.rules
    return dataclasses.replace(effect, names=tuple(effect.names[place] for place in kept), rules=rules)
