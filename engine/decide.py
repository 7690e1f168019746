"""`decide`: from an issue as it is and a configuration to a plan; pure, and equal for equal inputs to the byte."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from engine.config.types import Config, InvalidConfig
from engine.draft import MOST_LABELS, Draft, FactMissing
from engine.model import Fact, Issue, Repo, Trigger
from engine.plan import Decision, Effect, Plan
from engine.problems import Where
from engine.rules import RULES, inheritance, milestone
from engine.rules.rule import Site, Subject
from engine.view import View, view

CONFIG_RULE: Final = "config"
"""The first rule: an invalid configuration blocks everything."""

_NOTHING: Final = Config("1.0")
_OF_THE_REPOSITORY: Final = (Fact.REPO_LABELS, Fact.REPO_MILESTONES)
_MOST_AGAIN: Final = 3
"""How often a look is decided again where its rules bear on one another."""


@dataclass(frozen=True, slots=True)
class _Program:
    """What one configuration makes of the rules."""

    steps: tuple[Callable[[Draft], None], ...]
    sites: tuple[tuple[Site, Subject], ...]
    not_configured: tuple[str, ...]
    valid: Decision


def _program(prepared: View) -> _Program:
    if isinstance(prepared.program, _Program):
        return prepared.program
    steps: list[Callable[[Draft], None]] = []
    sites: list[tuple[Site, Subject]] = []
    absent: list[str] = []
    for rule in RULES:
        asked = rule.sites(prepared)
        absent += rule.absent(prepared)
        if not asked:
            continue
        if rule is inheritance.RULE:
            # Its track is taken over before the groups and the milestone look at the issue: see `inheritance.adopt`.
            at = next((place for place, step in enumerate(steps) if step in _ON_THE_TRACK), len(steps))
            steps.insert(at, inheritance.adopt)
        steps.append(rule.evaluate)
        sites += [(site, rule.subject) for site in asked]
    config = prepared.config
    count = len(config.warnings)
    warnings = f" It has {count} {'warning' if count == 1 else 'warnings'}." if count else ""
    valid = Decision(
        CONFIG_RULE, "configuration", "already", f"The configuration is valid.{warnings}", Where(config.file)
    )
    prepared.program = _Program(tuple(steps), tuple(sites), tuple(absent), valid)
    return prepared.program


_ON_THE_TRACK = tuple(rule.evaluate for rule in RULES if rule.id in {"exclusivity.<group>", milestone.ID})


def decide(trigger: Trigger, issue: Issue, repo: Repo, config: Config | InvalidConfig, now: datetime) -> Plan:
    """What to do about the issue as it is now.

    Args:
        trigger: Why we look; it changes no outcome, only whether a fact is worth reading.
        issue: As read now.
        repo: As read now.
        config: As parsed; an invalid one gives a blocked plan.
        now: Aware, in UTC.

    Raises:
        FactMissing: A rule needs a fact that was not read; `missing_facts` names it beforehand.
    """
    if isinstance(config, InvalidConfig):
        return blocked_plan(config)
    prepared = view(config)
    program = _program(prepared)
    unmanaged = _unmanaged(issue, repo, config)
    if unmanaged is not None:
        left = [Decision(site.rule, subject, "skipped", unmanaged, site.where) for site, subject in program.sites]
        return Plan((program.valid, *left), not_configured=program.not_configured)
    return _plan(_drafted(program, trigger, issue, repo, prepared, now, silent=False), program)


def effects_of(trigger: Trigger, issue: Issue, repo: Repo, config: Config, now: datetime) -> tuple[Effect, ...]:
    """What `decide` would write, without the decisions that explain it: for comparing many states, at half the cost.

    Raises:
        FactMissing: As `decide` does.
    """
    if _unmanaged(issue, repo, config) is not None:
        return ()
    prepared = view(config)
    draft = _drafted(_program(prepared), trigger, issue, repo, prepared, now, silent=True)
    return () if draft.failed or config.enforcement is None else draft.effects()


def _drafted(
    program: _Program,
    trigger: Trigger,
    issue: Issue,
    repo: Repo,
    prepared: View,
    now: datetime,
    *,
    silent: bool,
) -> Draft:
    draft = _evaluate(program, Draft(trigger, issue, repo, prepared, now, silent=silent))
    for _ in range(_MOST_AGAIN):
        # What a rule takes off makes room for what an earlier one could not add, or may be what satisfied it; what one adds
        # may tell the track. It is decided again with that in view, so that the next look finds nothing left to do.
        leaving, foreseen = draft.foresight()
        if not (leaving or foreseen):
            break
        again = _evaluate(
            program, Draft(trigger, issue, repo, prepared, now, leaving=leaving, foreseen=foreseen, silent=silent)
        )
        if len(again.labels) > max(MOST_LABELS, len(issue.labels)):
            break
        draft = again
    return draft


def missing_facts(
    trigger: Trigger, issue: Issue, repo: Repo, config: Config | InvalidConfig, now: datetime
) -> tuple[Fact, ...]:
    """The facts that are needed next and were not read; empty when `decide` can answer.

    What else is needed may only show once these are known, so ask again after reading them.
    """
    try:
        decide(trigger, issue, repo, config, now)
    except FactMissing as missing:
        assert isinstance(config, Config)  # an invalid one asks for nothing
        return with_others(missing.fact, trigger, issue, repo, config, now)
    return ()


def with_others(
    missing: Fact, trigger: Trigger, issue: Issue, repo: Repo, config: Config, now: datetime
) -> tuple[Fact, ...]:
    """A fact that `decide` missed, and what else of the repository a rule asks for as things stand: both can be read at once.

    Only labels and milestones are told so; they are shared by all looks at the repository. Once one is known a rule may do
    without the other after all, so it is a guess, and changes no plan.
    """
    if missing not in _OF_THE_REPOSITORY:
        return (missing,)
    prepared = view(config)
    asked: set[Fact] = set()
    with suppress(FactMissing):
        _evaluate(_program(prepared), Draft(trigger, issue, repo, prepared, now, silent=True, asked=asked))
    return (missing, *(fact for fact in _OF_THE_REPOSITORY if fact in asked and fact is not missing))


def blocked_plan(invalid: InvalidConfig) -> Plan:
    """The plan under a configuration that cannot be used: nothing is done, and everything wrong with it is said."""
    count = len(invalid.problems)
    first = invalid.problems[0] if invalid.problems else None
    errors = "1 error" if count == 1 else f"{count} errors"
    reason = f"The configuration is invalid: {errors}{f', the first: {first.what}' if first else ''}."
    where = first.where if first and first.where else Where(invalid.file)
    return Plan(
        (Decision(CONFIG_RULE, "configuration", "blocked", reason, where),),
        outcome="blocked",
        reason=reason,
        problems=invalid.problems,
    )


def unconfigured_plan(file: str) -> Plan:
    """The plan for a repository without a configuration: nothing is configured, so nothing is done."""
    reason = f"The repository has no {file}."
    decision = Decision(CONFIG_RULE, "configuration", "skipped", reason, Where(file))
    return Plan((decision,), not_configured=_program(view(_NOTHING)).not_configured)


def _unmanaged(issue: Issue, repo: Repo, config: Config) -> str | None:
    """Why the issue is left alone altogether; ``None`` where it is managed."""
    if issue.is_pull_request and not config.pull_requests:
        return "This is a pull request, and the configuration manages issues only."
    if repo.archived:
        return "The repository is archived, so GitHub refuses every change."
    if not repo.has_issues and not issue.is_pull_request:
        return "Issues are switched off in the repository."
    if issue.state == "closed":
        return "The issue is closed; it stays as it is until it is opened again."
    return None


def _evaluate(program: _Program, draft: Draft) -> Draft:
    draft.decisions.append(program.valid)
    for step in program.steps:
        step(draft)
    return draft


def _plan(draft: Draft, program: _Program) -> Plan:
    draft.settle()
    if draft.failed:
        failed = next(decision for decision in draft.decisions if decision.outcome == "failed")
        reason = f"{failed.rule}: {failed.reason}"
        decisions = _undone(draft, "skipped", f"Not done, because {failed.rule} failed.")
        return Plan(decisions, not_configured=program.not_configured, outcome="failed", reason=reason)
    attention = list(draft.attention)
    decisions = tuple(draft.decisions)
    effects = draft.effects()
    if effects and draft.view.config.enforcement is None:
        wanted = [f"{decision.rule}: {decision.reason}" for decision in decisions if decision.outcome == "applied"]
        attention = wanted + attention
        decisions = _undone(draft, "warned", "Advisory, so nothing is written: there is no `enforcement` section.")
        effects = ()
    if not attention:
        return Plan(decisions, effects, program.not_configured)
    more = f" (and {len(attention) - 1} more)" if len(attention) > 1 else ""
    return Plan(decisions, effects, program.not_configured, "partial", f"{attention[0]}{more}")


def _undone(draft: Draft, outcome: Literal["skipped", "warned"], why: str) -> tuple[Decision, ...]:
    """The decisions where nothing of what was decided is written."""
    return tuple(
        replace(decision, outcome=outcome, reason=f"{decision.reason} {why}")
        if decision.outcome == "applied"
        else decision
        for decision in draft.decisions
    )
