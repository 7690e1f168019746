"""One run: configuration, look, decide, apply, through ports only; recording it is the caller's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from engine.config import DEFAULT_FILE, parse
from engine.config.types import Config, InvalidConfig
from engine.decide import blocked_plan, decide, unconfigured_plan, with_others
from engine.draft import FactMissing
from engine.model import Fact, Issue, IssueRef, Milestone, Trigger, fold
from engine.plan import (
    AddLabels,
    CloseIssue,
    CreateLabel,
    CreateMilestone,
    Decision,
    Effect,
    Plan,
    RemoveLabels,
    SetMilestone,
)
from engine.ports import Applied, Applier, Clock, ConfigText, Gone, Look, Reader, RunResult
from engine.problems import Problem

_MOST_CONFIGS: Final = 256


@lru_cache(maxsize=_MOST_CONFIGS)
def _parsed(text: str, file: str) -> Config | InvalidConfig:
    """The configuration; the same text is the same value, so that what is prepared for it is prepared once."""
    return parse(text, file=file)


@dataclass(frozen=True, slots=True)
class Considered:
    """What a look concluded, before anything is written."""

    plan: Plan
    config: Config | InvalidConfig | None = None
    """``None`` where the repository has none."""
    look: Look | None = None
    """``None`` where the issue did not need to be read, or could not be."""
    reads: int = 0
    gone: Gone | None = None


async def consider(trigger: Trigger, ref: IssueRef, *, reader: Reader, clock: Clock) -> Considered:
    """Look at the issue and decide; a fact is read only when a rule asks for it.

    Raises:
        Retry: From the reader.
    """
    found = await reader.config(ref)
    if isinstance(found, Gone):
        return Considered(_gone_plan(found), gone=found)
    if found.text is None:
        return Considered(unconfigured_plan(_file(found)))
    config = _parsed(found.text, _file(found))
    if isinstance(config, InvalidConfig):
        return Considered(blocked_plan(config), config)
    facts: tuple[Fact, ...] = ()
    reads = 0
    seen: Look | None = None
    while True:
        look = await reader.look(ref, facts, seen)
        if isinstance(look, Gone):
            return Considered(_gone_plan(look), config, None, reads, look)
        seen = look
        reads += look.reads
        try:
            plan = decide(trigger, look.issue, look.repo, config, clock.now())
        except FactMissing as missing:
            if missing.fact in facts:
                raise  # the reader did not bring what it was asked for
            facts = (*facts, *with_others(missing.fact, trigger, look.issue, look.repo, config, clock.now()))
        else:
            return Considered(plan, config, look, reads)


async def run(trigger: Trigger, ref: IssueRef, *, reader: Reader, applier: Applier, clock: Clock) -> RunResult:
    """Look, decide, and apply each effect in order.

    An effect that fails does not keep the others from being applied, except those that build on it.

    Raises:
        Retry: From a port; what was applied before stays, and the next look continues from there.
    """
    started = clock.now()
    considered = await consider(trigger, ref, reader=reader, clock=clock)
    plan = considered.plan
    applied: list[Applied] = []
    for effect in plan.effects:
        possible, hindrance = _possible(effect, applied)
        if possible is not None:
            applied.append(await applier.apply(ref, possible))
        if hindrance is not None:
            applied.append(hindrance)
    failed = [result for result in applied if result.problem is not None]
    issue = _as_left(considered.look.issue, applied) if considered.look else None
    outcome, reason = plan.outcome, plan.reason
    if failed:
        outcome = "failed" if len(failed) == len(applied) else "partial"
        reason = _reason(failed)
    return RunResult(
        ref=ref,
        outcome=outcome,
        reason=reason,
        decisions=_with_failures(plan.decisions, failed),
        applied=tuple(applied),
        issue=issue,
        track=_track(issue, considered.config),
        config_digest=considered.config.digest if considered.config else "",
        config_valid=isinstance(considered.config, Config) if considered.config else None,
        config_problems=_found_wrong(considered.config),
        not_configured=plan.not_configured,
        reads=considered.reads,
        writes=sum(result.writes for result in applied),
        started=started,
        finished=clock.now(),
        problems=(*plan.problems, *(result.problem for result in failed if result.problem is not None)),
    )


def _found_wrong(config: Config | InvalidConfig | None) -> tuple[Problem, ...]:
    if config is None:
        return ()
    return config.problems if isinstance(config, InvalidConfig) else config.warnings


def _file(found: ConfigText) -> str:
    """The file's path alone, without repository and commit, so that the same text is the same value everywhere."""
    return found.source.partition("@")[0].rpartition(":")[2] or DEFAULT_FILE


def _gone_plan(gone: Gone) -> Plan:
    reason = f"{gone.problem.what}."
    decision = Decision("config", "issue", "skipped", reason)
    return Plan((decision,), outcome="blocked", reason=reason, problems=(gone.problem,))


def _possible(effect: Effect, applied: Iterable[Applied]) -> tuple[Effect | None, Applied | None]:
    """The part of the effect whose creations succeeded, and the report on the part whose creation did not."""
    not_made = {result.effect for result in applied if result.problem is not None}
    if isinstance(effect, AddLabels):
        missing = {fold(made.name) for made in not_made if isinstance(made, CreateLabel)}
        kept = [at for at, name in enumerate(effect.names) if fold(name) not in missing]
        if len(kept) == len(effect.names):
            return effect, None
        lost = [at for at in range(len(effect.names)) if at not in kept]
        return (_some(effect, kept) if kept else None), _hindered(_some(effect, lost), "its label")
    if isinstance(effect, SetMilestone) and effect.number is None and _was_not_made(effect.title, not_made):
        return None, _hindered(effect, "its milestone")
    return effect, None


def _was_not_made(title: str, not_made: Iterable[Effect]) -> bool:
    return any(isinstance(effect, CreateMilestone) and effect.title == title for effect in not_made)


def _some(effect: AddLabels, places: list[int]) -> AddLabels:
    rules = tuple(effect.rules[at] for at in places)
    names = tuple(effect.names[at] for at in places)
    return AddLabels(names, ", ".join(dict.fromkeys(rules)), rules=rules)


def _hindered(effect: Effect, what: str) -> Applied:
    problem = Problem("effect-hindered", f"not tried, since {what} could not be created", family="world")
    return Applied(effect, changed=False, problem=problem)


def _reason(failed: list[Applied]) -> str:
    first = failed[0]
    assert first.problem is not None
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return f"{first.effect.rule}: {first.problem.what}{more}"


def _with_failures(decisions: Iterable[Decision], failed: Iterable[Applied]) -> tuple[Decision, ...]:
    """The decisions, those whose effect failed saying so."""
    why: dict[str, str] = {}
    for result in failed:
        assert result.problem is not None
        for rule in getattr(result.effect, "rules", None) or (result.effect.rule,):
            why.setdefault(rule, result.problem.what)
    return tuple(
        replace(decision, outcome="failed", reason=f"{decision.reason} It failed: {why[decision.rule]}.")
        if decision.outcome == "applied" and decision.rule in why
        else decision
        for decision in decisions
    )


def _as_left(issue: Issue, applied: Iterable[Applied]) -> Issue:
    """The issue after what was applied, for the record; the next look reads it again."""
    for result in applied:
        effect = result.effect
        if result.problem is not None:
            continue
        if isinstance(effect, AddLabels):
            added = tuple(name for name in effect.names if not issue.has_label(name))
            issue = replace(issue, labels=(*issue.labels, *added))
        elif isinstance(effect, RemoveLabels):
            gone = {fold(name) for name in effect.names}
            issue = replace(issue, labels=tuple(name for name in issue.labels if fold(name) not in gone))
        elif isinstance(effect, SetMilestone):
            issue = replace(issue, milestone=Milestone(effect.number or 0, effect.title))
        elif isinstance(effect, CloseIssue):
            issue = replace(issue, state="closed", state_reason=effect.reason)
    return issue


def _track(issue: Issue | None, config: Config | InvalidConfig | None) -> str | None:
    """The id of the issue's only track."""
    if issue is None or not isinstance(config, Config):
        return None
    found = [track.id for track in config.tracks if issue.has_label(track.label)]
    return found[0] if len(found) == 1 else None
