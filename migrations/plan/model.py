"""A migration's plan as values: steps in order, the configuration they bring, and what stays for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.problems import Problem, ProblemError

FORMAT = "tassist-migration-plan/1"
Kind = Literal[
    "import-telemetry", "create-label", "cut-over", "disable-workflow", "rename-label", "merge-label", "close-issues"
]
ORDER: tuple[Kind, ...] = (
    "import-telemetry",
    "create-label",
    "cut-over",
    "disable-workflow",
    "rename-label",
    "merge-label",
    "close-issues",
)
"""What harms nobody comes first. Then one commit takes legacy off and puts the new on; what follows is safe under the new alone, which
knows the former names of its labels."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step, with everything that is needed to do it and to take it back."""

    kind: Kind
    name: str
    """The label, the workflow's path, the branch: unique for its kind."""
    what: str
    inverse: str
    """In words: what takes it back."""
    before: Mapping[str, Any] = field(default_factory=dict)
    """What is there now, as far as the inverse needs it; what a plan that was kept is compared by."""
    after: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The same for the same step of the same repository."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A migration of one repository."""

    repo: str
    config_path: str = ""
    config: str = ""
    """The new configuration, whole."""
    steps: tuple[Step, ...] = ()
    """In order; empty where nothing is left to do."""
    by_hand: tuple[str, ...] = ()
    """What a person does afterwards, since nothing of ours may: secrets, variables."""
    notes: tuple[str, ...] = ()
    """What a person should know before saying yes."""
    untouched: Mapping[str, str] = field(default_factory=dict)
    """Every workflow that stays, and the git SHA-1 of its content: it is the same afterwards, to the byte."""

    def step(self, step_id: str) -> Step | None:
        """The step of that id."""
        return next((one for one in self.steps if one.id == step_id), None)

    @property
    def cut_over(self) -> Step | None:
        """The one step that moves authority."""
        return next((one for one in self.steps if one.kind == "cut-over"), None)


def to_data(plan: Plan) -> dict[str, Any]:
    """The plan as plain data, from which `from_data` makes the same plan."""
    return {
        "format": FORMAT,
        "repo": plan.repo,
        "config_path": plan.config_path,
        "config": plan.config,
        "steps": [
            {
                "id": step.id, "kind": step.kind, "name": step.name, "what": step.what, "inverse": step.inverse,
                "before": dict(step.before), "after": dict(step.after),
            }
            for step in plan.steps
        ],
        "by_hand": list(plan.by_hand),
        "notes": list(plan.notes),
        "untouched": dict(plan.untouched),
    }  # fmt: skip


def from_data(data: Any) -> Plan:
    """A plan that was kept.

    Raises:
        ProblemError: it is none, or of another version.
    """
    try:
        _known(data["format"])
        steps = tuple(
            Step(_kind(one["kind"]), str(one["name"]), str(one["what"]), str(one["inverse"]),
                 dict(one["before"]), dict(one["after"]))
            for one in data["steps"]
        )  # fmt: skip
        return Plan(
            str(data["repo"]), str(data["config_path"]), str(data["config"]), steps,
            tuple(map(str, data["by_hand"])), tuple(map(str, data["notes"])), dict(data["untouched"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise ProblemError(
            Problem(
                "plan-form",
                "this is no plan of a migration",
                f"it lacks, or has wrong, {error}",
                "write one with: tassist migrate plan OWNER/NAME --out plan.json",
            )
        ) from None


def _known(form: str) -> None:
    if form != FORMAT:
        raise ValueError(f"the format {form!r}")


def _kind(text: str) -> Kind:
    found = next((kind for kind in ORDER if kind == text), None)
    if found is None:
        raise ValueError(f"a step of the kind {text!r}")
    return found


def drift(kept: Plan, now: Plan) -> list[str]:
    """How the world moved since a plan was kept, in words; nothing where exactly the same would be planned again."""
    found: list[str] = []
    if kept.repo != now.repo:
        found.append(f"the repository is called {now.repo} now, not {kept.repo}")
    before, after = ({step.id: step for step in plan.steps} for plan in (kept, now))
    for step_id, step in before.items():
        other = after.get(step_id)
        if other is None:
            found.append(f"{step.what}: not needed or not possible any more")
        elif other.before != step.before:
            keys = sorted(
                key for key in step.before.keys() | other.before.keys() if step.before.get(key) != other.before.get(key)
            )
            found.append(f"{step.what}: {', '.join(keys)} changed since")
        elif other.after != step.after:
            found.append(f"{step.what}: it would be done differently now")
    found += [
        f"{step.what}: needed now, and not in the plan" for step_id, step in after.items() if step_id not in before
    ]
    if kept.config != now.config:
        found.append("the configuration would be generated differently now: a variable, label or milestone changed")
    return found
