"""Values handed from step to step that never arrive: outputs nobody writes, and outputs of several lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.problems import Where
from migrations.audit.facts import Facts
from migrations.model import Defect

_USED = re.compile(r"steps\.([\w-]+)\.outputs\.([\w-]+)")
_MANY = re.compile(r"grep\s+-\w*o|jq\s+(?:-r\s+)?'[^']*\[\]|git\s+log\s+--|find\s|ls\s")
_ONE = re.compile(
    r"head\s+-n?\s*1|tail\s+-n?\s*1|paste\s|xargs|tr\s+(?:-s\s+)?'?\"?\\n|jq\s+-\w*c|wc\s|join\(|git\s+log\s+-1[^|]*--pretty=%[sHh]\b"
)


def find(facts: Facts) -> Iterator[Defect]:
    """Outputs that are read and never written, and outputs that may have several lines."""
    document = facts.document
    written = {(id(ran.job), ran.step.id): ran.script for ran in facts.ran if ran.step.id and not ran.path}
    seen: set[tuple[str, str]] = set()
    for job in document.jobs:
        for step in job.steps:
            texts = [step.run, step.condition, *(text for _, text in (*step.given, *step.env))]
            for text in texts:
                if text is None:
                    continue
                for number, line in text.numbered():
                    for identity, name in _USED.findall(line):
                        script = written.get((id(job), identity))
                        if script is None or name in script.outputs or (identity, name) in seen:
                            continue
                        seen.add((identity, name))
                        if any(re.search(r"GITHUB_OUTPUT|set-output", said.text) for said in script.lines) and not any(
                            found == name for _, found in script.printed
                        ):
                            continue  # it writes outputs in a way that is not understood here
                        yield _never(document.path, number, identity, name, script.printed)
    for ran in facts.ran:
        for said in ran.script.lines:
            if (
                "GITHUB_OUTPUT" in said.text
                and "$(" in said.text
                and _MANY.search(said.text)
                and not _ONE.search(said.text)
            ):
                yield Defect(
                    "output-of-several-lines",
                    "a list of lines is written as one output",
                    "GitHub takes NAME=VALUE on one line: with two finds the step fails, and with it everything behind it",
                    "join them: … | paste -sd' ' -",
                    Where(ran.path or document.path, said.number),
                    "medium",
                )


def _never(path: str, line: int, identity: str, name: str, printed: tuple[tuple[int, str], ...]) -> Defect:
    also = tuple(Where(path, number) for number, found in printed if found == name)
    why = "it is printed instead of being written to $GITHUB_OUTPUT, so what reads it gets nothing"
    return Defect(
        "output-never-written",
        f"steps.{identity}.outputs.{name} is used, and the step never writes it",
        why if also else "what reads it gets nothing",
        f'echo "{name}=…" >> "$GITHUB_OUTPUT"',
        Where(path, line),
        "high",
        also,
    )
