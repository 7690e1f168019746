"""Every decision of every case of the contract, word for word: tests/golden/decisions.txt."""

from __future__ import annotations

from engine.config.types import Config
from engine.decide import decide, effects_of, missing_facts
from engine.draft import FactMissing
from engine.triggers import asked
from tassist.contract.case import Case
from tassist.contract.check import parsed, verify
from tassist.contract.events import EventCase, events, verify_event
from tassist.contract.library import cases
from tassist.contract.words import as_expected_effect, expected_effect_in_words


def decisions_in_words(case: Case) -> str:
    """What the engine decides in a case, a line a decision, then what it writes and how the run ends."""
    given = case.given
    try:
        plan = decide(given.trigger, given.issue, given.repo, parsed(given.config), given.now)
    except FactMissing as missing:
        return f"? {missing.fact} [{missing.problems[0].code}, {missing.problems[0].family}]: {missing}"
    lines = [
        f"{found.rule} on {found.subject} {found.outcome}: {found.reason} "
        f"({found.before!r} → {found.after!r}) at {found.config}"
        for found in plan.decisions
    ]
    for effect in plan.effects:
        lines.append(f"+ {expected_effect_in_words(as_expected_effect(effect))}")
        lines.append(f"  {effect}")
    lines.append(f"= {plan.outcome}: {plan.reason}; not configured: {', '.join(plan.not_configured) or 'none'}")
    lines += [f"! {problem}" for problem in plan.problems]
    return "\n".join(lines).replace("\x1b", "ESC").replace("\x07", "BEL")


def page() -> str:
    """The whole file."""
    parts = [f"== {case.id}\n{decisions_in_words(case)}\n" for case in cases()]
    parts += [
        f"== {case.id}\n{asked(case.event, case.payload, pull_requests=case.pull_requests)}\n"
        for case in events().cases
        if case.payload is not None
    ]
    return "\n".join(parts)


def by_id(text: str) -> dict[str, str]:
    """The file taken apart again."""
    found = {}
    for part in text.split("\n== "):
        name, _, words = part.removeprefix("== ").partition("\n")
        found[name] = words.rstrip("\n")
    return found


def case_differs(case: Case, before: str) -> bool:
    """Whether the case no longer holds, or is decided in other words, or has other effects where nobody asks for reasons."""
    if not verify(case).holds or decisions_in_words(case) != before:
        return True
    given, config = case.given, parsed(case.given.config)
    if not isinstance(config, Config):
        return False
    arguments = (given.trigger, given.issue, given.repo, config, given.now)
    missing = missing_facts(*arguments)
    try:
        effects = effects_of(*arguments)
    except FactMissing as again:
        return not missing or again.fact != missing[0]
    return bool(missing) or effects != decide(*arguments).effects


def event_differs(event: EventCase, before: str | None) -> bool:
    """Whether the event asks for something else, or says so in other words where its payload decides."""
    if verify_event(event):
        return True
    if event.payload is None:
        return False
    return str(asked(event.event, event.payload, pull_requests=event.pull_requests)) != before
