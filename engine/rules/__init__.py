"""The rules, in the order in which they are evaluated, each on the state the earlier ones leave."""

from __future__ import annotations

from engine.rules import exclusivity, inheritance, labels_normalize, labels_required, milestone, stale, track_classify
from engine.rules.rule import Rule

RULES: tuple[Rule, ...] = (
    labels_normalize.RULE,
    track_classify.RULE,
    labels_required.RULE,
    exclusivity.RULE,
    milestone.RULE,
    inheritance.RULE,
    stale.RULE,
)
RULE_BY_ID = {rule.id: rule for rule in RULES}
