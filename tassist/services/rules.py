"""The rules as they describe themselves: for `tassist rules`, and for the page generated from it."""

from __future__ import annotations

from typing import Any

from engine.problems import Problem, ProblemError
from engine.rules import RULE_BY_ID, RULES
from engine.rules.rule import Rule


def list_rules() -> tuple[Rule, ...]:
    """Every rule, in the order of evaluation."""
    return RULES


def find_rule(rule_id: str) -> Rule:
    """The rule of that id; ``exclusivity.track`` means the rule of every group.

    Raises:
        ProblemError: There is none.
    """
    found = RULE_BY_ID.get(rule_id)
    if found is None and rule_id.startswith("exclusivity."):
        found = RULE_BY_ID["exclusivity.<group>"]
    if found is None:
        known = ", ".join(rule.id for rule in RULES)
        raise ProblemError(
            Problem("unknown-rule", f"there is no rule {rule_id}", f"the rules are {known}", "run: tassist rules list")
        )
    return found


def rule_data(rule: Rule) -> dict[str, Any]:
    """A rule as plain data, keys in a fixed order."""
    return {
        "id": rule.id,
        "summary": rule.summary,
        "help": rule.help,
        "keys": list(rule.keys),
        "facts": [{"fact": fact.value, "when": when} for fact, when in rule.facts],
        "outcomes": [{"outcome": outcome, "means": meaning} for outcome, meaning in rule.outcomes],
        "example": rule.example,
    }


def rule_in_words(rule: Rule) -> list[str]:
    """A rule as lines of plain text."""
    return [
        rule.id,
        rule.summary,
        "",
        *rule.help.rstrip().splitlines(),
        "",
        f"configured by: {', '.join(rule.keys)}",
        "",
        "outcomes:",
        *(f"  {outcome:<8} {meaning}" for outcome, meaning in rule.outcomes),
        "",
        "reads, beyond the issue itself:",
        *([f"  {fact.value:<16} {when}" for fact, when in rule.facts] or ["  nothing"]),
        "",
        "example:",
        *(f"  {line}" if line else "" for line in rule.example.rstrip().splitlines()),
    ]


def rules_page() -> str:
    """docs/reference/rules.md, without its first line."""
    parts = [_HEAD]
    for rule in RULES:
        parts.append(f"\n## `{rule.id}`\n\n{rule.summary}\n\n{rule.help}")
        parts.append(f"\nConfigured by {', '.join(f'`{key}`' for key in rule.keys)}.\n")
        parts.append("\n| outcome | means |\n|---|---|\n")
        parts += [f"| {outcome} | {meaning} |\n" for outcome, meaning in rule.outcomes]
        parts.append("\n| reads beyond the issue itself | when |\n|---|---|\n")
        parts += [f"| {fact.value.replace('_', ' ')} | {when} |\n" for fact, when in rule.facts]
        parts.append(f"\n```yaml\n{rule.example}```\n")
    return "".join(parts)


_HEAD = """\
# Rules

They are evaluated in this order, each on the state the earlier ones leave. Before them stands `config`: an invalid configuration
blocks everything. Every rule that the configuration asks for leaves a decision; what nothing asks for is named as not configured.

- `applied`: the rule changes something. `already`: nothing is to be changed. `skipped`: it may not, or has nothing to go by.
  `warned`: a person has something to do. `failed`: the run failed, and changes nothing. `blocked`: the configuration is invalid.
- Without a section `enforcement` the configuration is advisory: what would be `applied` is `warned`, and nothing is written.
- A closed issue is left as it is until it is opened again; so are pull requests (unless the configuration manages them), issues of an
  archived repository, and of one in which issues are switched off. Every rule is then skipped, with that reason. A locked issue is
  treated like any other, but never commented on.
- An issue never gets more than 100 labels, GitHub's limit: a label that finds no room is skipped and a person is told. What one rule
  removes makes room for another.
- Labels are created only where the configuration declares them (`labels`, a track's `label`, the two labels of `stale`), milestones only
  where `milestones` or a track declares them. Nothing is ever deleted, and labels and milestones that the configuration does not
  name are never touched.
- A rule whose change a later rule takes back in the same look is `skipped`, and says by which.

The run is `failed` if a rule failed, `blocked` if the configuration is invalid, `partial` if a person has something to do or an effect
could not be applied, else `success`.

What the rules read beyond the issue itself is read only when it could change the answer.
"""
