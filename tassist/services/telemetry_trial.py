"""Tries sinks out: one real record to each, read back from where that is possible."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from engine.ports import Clock
from engine.problems import Problem, ProblemError
from tassist.secrets import GitHubApp
from tassist.services.telemetry_sinks import TelemetryChoice, open_sinks
from tassist.telemetry.around import step_record
from tassist.telemetry.sinks.port import ReadsBack, Sink, entry


def try_sinks(choice: TelemetryChoice, *, folder: Path, app: GitHubApp, clock: Clock) -> tuple[str, ...]:
    """Write one ``setup_step`` record to every sink; a sentence for each that took it. Blocks.

    Args:
        choice: The sinks.
        folder: The telemetry folder, for sinks that name no place of their own.
        app: For a telemetry repository.
        clock: The record's time.

    Raises:
        ProblemError: every sink that did not take it, with why; the others have it.
    """
    said: list[str] = []
    problems: list[Problem] = []
    for each in choice.sinks:
        try:
            (sink,) = open_sinks(replace(choice, sinks=(each,)), folder=folder, app=app)
            said.append(_try(sink, clock))
        except ProblemError as error:
            problems += [_named(problem, each.name) for problem in error.problems]
    if problems:
        raise ProblemError(problems)
    return tuple(said)


def _try(sink: Sink, clock: Clock) -> str:
    run = f"setup-{token_hex(8)}"
    record = entry(1, step_record("setup_step", step=f"test of {sink.name}", run_id=run, at=clock.now()))
    try:
        sink.write([record])
        if not isinstance(sink, ReadsBack):
            return f"{sink.name} took a test record"
        if sink.holds(record):
            return f"{sink.name} took a test record, and gave it back"
    finally:
        sink.close()
    raise ProblemError(
        Problem(
            "telemetry-not-read-back",
            "the record is not there",
            "it was taken without an error",
            "look whether somebody else writes there, or choose another place",
            family="world",
        )
    )


def _named(problem: Problem, name: str) -> Problem:
    why = ": ".join(part for part in (problem.what, problem.why) if part)
    return replace(problem, what=f"{name} did not take the test record", why=why)
