"""The last stage: what depends on two places at once, such as names that must be declared and days in their order.

Names that a rule sets or is keyed by must be declared (an error otherwise: a typo would create a label or milestone by
accident). Names that a rule only recognises on an issue (members of a group, exempt labels) are warned of. A track
declares its label and its milestone itself, `stale` its two labels; `match` names people's own labels.
"""

from __future__ import annotations

from engine.config.checked import Checked
from engine.config.findings import Findings
from engine.config.meaning.declared import examine_declared
from engine.config.meaning.enforcement import examine_enforcement
from engine.config.meaning.names import Scope, no_repeats
from engine.config.meaning.patterns import examine_patterns
from engine.config.meaning.stale import examine_stale


def examine(root: Checked, out: Findings) -> None:
    """Report what is wrong between the parts of a configuration; ``root`` may lack what an earlier stage refused."""
    scope = Scope(root, out)
    examine_declared(scope)
    examine_patterns(scope)
    enforcement, stale, inheritance = root.record("enforcement"), root.record("stale"), root.record("inheritance")
    if enforcement:
        examine_enforcement(scope, enforcement)
    if stale:
        examine_stale(scope, stale)
    if inheritance:
        no_repeats(scope, inheritance.leaves("copy"))
