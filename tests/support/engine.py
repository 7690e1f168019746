"""Short ways to say an issue, a repository and a configuration in tests of the engine."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.config.types import (
    Config,
    Enforcement,
    Group,
    Inheritance,
    InvalidConfig,
    LabelSpec,
    Mapping,
    MilestoneSpec,
    RequiredLabels,
    SelfHealing,
    Stale,
    StaleThresholds,
    Track,
)
from engine.decide import decide
from engine.model import Issue, IssueRef, Label, Milestone, Repo, TimelineEvent, Trigger
from engine.plan import Decision, Plan
from engine.problems import Where

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
REF = IssueRef("acme/shop", 7, 1)
MANUAL = Trigger("manual")


def days_ago(days: float) -> datetime:
    """That many days before `NOW`."""
    return NOW - timedelta(days=days)


def issue(*labels: str, **fields: Any) -> Issue:
    """An open issue of that repository with these labels and every fact read."""
    known: dict[str, Any] = {
        "ref": REF,
        "title": "An issue",
        "labels": labels,
        "created_at": days_ago(1),
        "timeline": (),
        "parent_read": True,
    }
    return Issue(**(known | fields))


def repo(labels: Iterable[str] = (), milestones: Iterable[Milestone | str] = (), **fields: Any) -> Repo:
    """A repository with these labels and milestones; a title alone is an open milestone."""
    known: dict[str, Any] = {
        "full_name": "acme/shop",
        "id": 1,
        "labels": tuple(Label(name) for name in labels),
        "milestones": tuple(
            Milestone(number, entry) if isinstance(entry, str) else entry
            for number, entry in enumerate(milestones, start=1)
        ),
    }
    return Repo(**(known | fields))


def labeled(*names: str, by_app: bool = False) -> tuple[TimelineEvent, ...]:
    """A timeline on which these labels were applied one after the other, a minute apart."""
    return tuple(
        TimelineEvent("labeled", days_ago(1) + timedelta(minutes=minute), label=name, by_app=by_app)
        for minute, name in enumerate(names)
    )


def track(name: str, **fields: Any) -> Track:
    """The track ``name`` with the label ``track/name``."""
    known: dict[str, Any] = {"id": name, "label": f"track/{name}", "where": Where("c.yml", 1, 1, f"tracks.{name}")}
    return Track(**(known | fields))


def label(name: str, **fields: Any) -> LabelSpec:
    """A declared label."""
    return LabelSpec(name, Where("c.yml", 2, 1, f"labels.{name}"), **fields)


def milestone(title: str, **fields: Any) -> MilestoneSpec:
    """A declared milestone."""
    return MilestoneSpec(title, Where("c.yml", 3, 1, f"milestones.{title}"), **fields)


def group(name: str, mode: Any = "enforce", strategy: Any = "newest", **fields: Any) -> Group:
    """An exclusivity group."""
    return Group(name, mode, strategy, Where("c.yml", 4, 1, f"enforcement.exclusivity.{name}"), **fields)


def mapping(name: str, title: str) -> Mapping:
    """A line of a milestone mapping."""
    return Mapping(name, title, Where("c.yml", 5, 1, f"mapping.{name}"))


def required(**fields: Any) -> RequiredLabels:
    """A demand for a label."""
    return RequiredLabels(Where("c.yml", 6, 1, "enforcement.required_labels"), **fields)


def enforcement(*groups: Group, **fields: Any) -> Enforcement:
    """The section that allows writing."""
    return Enforcement(Where("c.yml", 7, 1, "enforcement"), exclusivity=groups, **fields)


def healing(**fields: Any) -> SelfHealing:
    """Self-healing, all on."""
    return SelfHealing(Where("c.yml", 8, 1, "self_healing"), **fields)


def inheritance(mode: Any, **fields: Any) -> Inheritance:
    """What a sub-issue takes over."""
    return Inheritance(Where("c.yml", 9, 1, "inheritance"), mode, **fields)


def stale(days: int | None = 14, escalated: int | None = None, close: int | None = None, **fields: Any) -> Stale:
    """Staleness, switched on."""
    known: dict[str, Any] = {
        "where": Where("c.yml", 10, 1, "stale"),
        "enabled": True,
        "thresholds": StaleThresholds(days, escalated, close),
    }
    return Stale(**(known | fields))


def config(**fields: Any) -> Config:
    """A configuration that may write; nothing else is configured unless it is given."""
    known: dict[str, Any] = {"schema_version": "1.0", "enforcement": enforcement()}
    return Config(**(known | fields))


def look(
    issue: Issue,
    config: Config | InvalidConfig,
    repo: Repo | None = None,
    trigger: Trigger = MANUAL,
    now: datetime = NOW,
) -> Plan:
    """Decide, in a repository that has every label the configuration declares and every milestone it names."""
    return decide(trigger, issue, everything(config) if repo is None else repo, config, now)


def everything(config: Config | InvalidConfig) -> Repo:
    """The repository as `tassist apply` leaves it."""
    if isinstance(config, InvalidConfig):
        return repo()
    names = [declared.label for declared in config.tracks] + [declared.name for declared in config.labels]
    if config.stale:
        names += [config.stale.stale_label, config.stale.escalated_label]
    return repo(dict.fromkeys(names), [declared.title for declared in config.milestones])


def by_rule(plan: Plan, rule: str) -> Decision:
    """The rule's only decision."""
    (found,) = [decision for decision in plan.decisions if decision.rule == rule]
    return found
