"""The contract as a page: docs/reference/contract.md, and `tassist contract export --format md`."""

from __future__ import annotations

from collections.abc import Iterable

from tassist.contract.case import Case, Topic
from tassist.contract.events import Events
from tassist.contract.words import decision_in_words, expected_effect_in_words

_HEAD = """\
# The behavioural contract

Given this configuration and this issue, when this happens, exactly that follows. Every line on this page was run against the engine;
`tassist contract verify` runs it again, in seconds, and `tassist contract verify --config FILE` tries what your own configuration
promises. Each case is also looked at twice: the plan is the same both times, and once its effects are applied a second look finds
nothing to do.

It is {now} in every case that does not say otherwise. An issue is open, was opened ten days before, and its labels were put on then, in
the order listed. The repository has what the configuration declares, all milestones open, unless a case says what it has.
"""


def page(topics: Iterable[Topic], events: Events, configurations: dict[str, str]) -> str:
    """The whole page, in Markdown."""
    listed = list(topics)
    count = sum(len(topic.cases) for topic in listed)
    parts = [_HEAD.format(now="2026-03-02 12:00 UTC")]
    parts.append(f"\n{count} cases in {len(listed)} topics, and {len(events.cases)} about events.\n")
    for topic in listed:
        parts.append(f"\n## {topic.title}\n\n{topic.about}\n")
        parts += [_case(case) for case in topic.cases]
    parts.append(_events(events))
    parts.append("\n## The configurations the cases start from\n")
    parts += [f"\n### {name}\n\n```yaml\n{text}```\n" for name, text in configurations.items()]
    return "".join(parts)


def case_in_text(case: Case) -> str:
    """One case, for a terminal."""
    lines = [case.name, *(f"  {words}" for words in case.given.words)]
    lines += [f"  then: {words}" for words in _then(case)]
    return "\n".join(lines)


def _case(case: Case) -> str:
    given, when = " · ".join(case.given.words[:-1]), case.given.words[-1].removeprefix("when: ")
    lines = [f"\n**{_escaped(case.name)}**\n", f"- given {_escaped(given)}", f"- when `{when}`"]
    lines += [f"- then {_escaped(words)}" for words in _then(case)]
    return "\n".join(lines) + "\n"


def _then(case: Case) -> list[str]:
    expected = case.expected
    if expected.needs is not None:
        return [f"is not decided before it is known: {expected.needs}"]
    words = []
    if expected.decisions:
        only = "exactly " if expected.exact else ""
        words.append(f"{only}decides: " + " | ".join(decision_in_words(found) for found in expected.decisions))
    if expected.not_configured:
        words.append("names as not configured: " + ", ".join(expected.not_configured))
    effects = "; ".join(expected_effect_in_words(effect) for effect in expected.effects)
    words.append(f"writes: {effects or 'nothing'}")
    because = f", because {', '.join(expected.because)}" if expected.because else ""
    article = "a " if expected.outcome == "success" else ""
    words.append(f"the run is {article}{expected.outcome}{because}")
    return words


def _events(events: Events) -> str:
    parts = [f"\n## {events.title}\n\n{events.about}\n\n| event | action | what happens |\n|---|---|---|\n"]
    rows = [case for case in events.cases if not case.name]
    parts += [
        f"| `{row.event}` | {f'`{row.action}`' if row.action else '–'} | {events.scopes[row.scope]} |\n" for row in rows
    ]
    parts.append("\nWhere the payload decides:\n\n")
    for case in events.cases:
        if case.name:
            numbers = f": {', '.join(f'#{number}' for number in case.issues)}" if case.issues else ""
            none = " (none)" if case.issues == () and case.scope == "issues" else ""
            parts.append(f"- {_escaped(case.name)}: `{case.event}` {events.scopes[case.scope]}{numbers}{none}\n")
    return "".join(parts)


def _escaped(text: str) -> str:
    """Nothing in a case is Markdown: stars, brackets, hashes at the start and the like stand for themselves."""
    for char in "\\`*_[]<>|":
        text = text.replace(char, f"\\{char}")
    return text.replace("\n", " ")
