"""The behavioural contract: verified against the engine, tried on a person's configuration, printed and exported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.config import parse
from engine.config.types import InvalidConfig
from engine.problems import Problem, ProblemError
from tassist.contract.case import Anything, Case
from tassist.contract.check import Verdict, verify
from tassist.contract.events import EventCase, events, verify_event
from tassist.contract.library import cases, configurations, sources, topics
from tassist.contract.page import page
from tassist.contract.promises import Promise, promises
from tassist.services.config import read_source

Format = Literal["json", "yaml", "md"]


@dataclass(frozen=True, slots=True)
class TopicResult:
    """One topic, verified."""

    slug: str
    title: str
    verdicts: tuple[Verdict, ...]

    @property
    def broken(self) -> tuple[Verdict, ...]:
        """Those that do not hold."""
        return tuple(verdict for verdict in self.verdicts if not verdict.holds)


@dataclass(frozen=True, slots=True)
class Verified:
    """The whole contract, verified."""

    topics: tuple[TopicResult, ...]
    events: tuple[tuple[EventCase, tuple[str, ...]], ...]

    @property
    def count(self) -> int:
        """How many cases were run."""
        return sum(len(topic.verdicts) for topic in self.topics) + len(self.events)

    @property
    def broken(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Ids of the cases that do not hold, with what is not as they say."""
        found = [(verdict.case.id, verdict.mismatches) for topic in self.topics for verdict in topic.broken]
        return (*found, *((case.id, mismatches) for case, mismatches in self.events if mismatches))


def verify_contract() -> Verified:
    """Run every case of the contract against the engine that is installed."""
    results = tuple(TopicResult(topic.slug, topic.title, tuple(map(verify, topic.cases))) for topic in topics())
    return Verified(results, tuple((case, verify_event(case)) for case in events().cases))


def verify_configuration(path: Path) -> tuple[Promise, ...]:
    """Try every promise of the configuration in that file.

    Raises:
        ProblemError: where it cannot be read or is not valid; every problem at once.
    """
    config = parse(read_source(str(path)), file=str(path))
    if isinstance(config, InvalidConfig):
        raise ProblemError(config.problems)
    return promises(config)


def cases_of(rule: str | None) -> tuple[Case, ...]:
    """The cases that speak of a rule, such as ``exclusivity.track`` or ``exclusivity``; all of them for ``None``.

    Raises:
        ProblemError: where no case speaks of it.
    """
    found = tuple(
        case
        for case in cases()
        if rule is None or any(name == rule or name.startswith(f"{rule}.") for name in case.rules)
    )
    if not found:
        known = sorted({name for case in cases() for name in case.rules})
        raise ProblemError(
            Problem("contract-no-such-rule", f"no case speaks of the rule {rule!r}", fix=f"one of: {', '.join(known)}")
        )
    return found


def as_markdown() -> str:
    """The page docs/reference/contract.md, without its first line."""
    return page(topics(), events(), configurations())


def as_yaml() -> str:
    """Every file of the contract as it ships, one document a file."""
    return "".join(f"---\n# {name}\n{text}" for name, text in sources().items())


def as_document() -> dict[str, Any]:
    """The contract with every configuration and expectation resolved, for machines."""
    return {
        "cases": [
            {
                "id": case.id,
                "topic": case.topic,
                "name": case.name,
                "given": {
                    "words": case.given.words,
                    "configuration": case.given.config,
                    "issue": case.given.issue,
                    "repository": case.given.repo,
                    "trigger": case.given.trigger,
                    "now": case.given.now,
                },
                "expected": _plain(case),
            }
            for case in cases()
        ],
        "events": [
            {"id": case.id, "event": case.event, "action": case.action, "scope": case.scope, "name": case.name or None}
            for case in events().cases
        ],
    }


def _plain(case: Case) -> dict[str, Any]:
    """The expectation with what was not written down left out."""
    expected = case.expected
    decisions = [
        {
            key: value
            for key, value in (
                ("rule", found.rule),
                ("outcome", found.outcome),
                ("because", found.because),
                ("before", found.before),
                ("after", found.after),
                ("key", found.key),
            )
            if not isinstance(value, Anything) and not (key in {"because", "key"} and not value)
        }
        for found in expected.decisions
    ]
    return {
        "decisions": decisions,
        "exact": expected.exact,
        "effects": expected.effects,
        "outcome": expected.outcome,
        "because": expected.because,
        "not_configured": expected.not_configured,
        "problems": expected.problems,
        "needs": expected.needs,
    }
