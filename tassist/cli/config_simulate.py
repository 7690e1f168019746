"""`tassist config simulate`: a changed configuration over recorded history."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tassist.errors import Exit

if TYPE_CHECKING:
    from engine.backtest import Difference
    from tassist.services.simulate import Simulated

_MOST_ISSUES = 50


@click.command(epilog="Example: tassist config simulate --config new.yml --base old.yml --over .tassist/telemetry")
@click.option("--config", type=click.Path(path_type=Path), required=True, help="The changed configuration.")
@click.option("--base", type=click.Path(path_type=Path), help="The configuration to compare with.")
@click.option(
    "--over",
    type=click.Path(path_type=Path),
    required=True,
    help="A snapshot, telemetry, a timeline export, or a folder of them.",
)
@click.option("--app", default="", metavar="SLUG", help="The App whose writes count as ours.  [default: any App's]")
@click.option("--repo", default="", metavar="OWNER/NAME", help="For exports that do not name their repository.")
@click.option(
    "--guess",
    is_flag=True,
    help="Where a state has no timeline: its last update was its last activity, its labels came in the order listed.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document, every difference in it.")
def simulate(config: Path, base: Path | None, over: Path, app: str, repo: str, *, guess: bool, as_json: bool) -> int:
    """Say what a changed configuration would have done over recorded history.

    Without --base, the recorded states themselves are compared: what the configuration would still write. Nothing is read from
    GitHub and nothing is written anywhere.

    Exit codes: 0 nothing would differ; 2 something would; 1 it did not work, wrong input included.
    """
    from engine.problems import ProblemError
    from tassist.cli import diagnostics
    from tassist.services.simulate import simulate as simulated

    try:
        found = simulated(config, over, base=base, app=app, repo=repo, guess=guess)
    except ProblemError as error:
        # As with `plan`: 2 means that something would differ, and nothing else.
        diagnostics.problems(error.problems)
        return Exit.FAILED
    if as_json:
        _document(found)
    else:
        _text(found)
    return Exit.USAGE if found.differs else Exit.OK


def _text(found: Simulated) -> None:
    from tassist.cli import diagnostics, output
    from tassist.text import noun, safe_text

    report = found.report
    for note in found.notes:
        diagnostics.say(safe_text(f"note: {note}", max_chars=1000))
    by_issue: dict[str, list[Difference]] = {}
    for difference in report.differences:
        by_issue.setdefault(str(difference.ref), []).append(difference)
    if report.differences:
        rules: list[tuple[object, ...]] = [(rule, *counts) for rule, counts in report.by_rule().items()]
        output.table(rows=rules, header=("rule", "differences", "issues"))
        output.line()
        rows: list[tuple[object, ...]] = [
            (ref, difference.change.rule, _change(difference), difference.states)
            for ref, differences in list(by_issue.items())[:_MOST_ISSUES]
            for difference in differences
        ]
        output.table(rows, header=("issue", "rule", "would differ", "states"))
        if len(by_issue) > _MOST_ISSUES:
            output.line(
                f"… and {len(by_issue) - _MOST_ISSUES} more {noun(len(by_issue) - _MOST_ISSUES, 'issue')}; --json shows all"
            )
        output.line()
    span = f", {report.first:%Y-%m-%d} to {report.last:%Y-%m-%d}" if report.first and report.last else ""
    output.line(
        f"{report.states} {noun(report.states, 'state')} of {report.issues} {noun(report.issues, 'issue')}{span}"
    )
    output.line(
        f"{len(report.differences)} {noun(len(report.differences), 'difference')} on {len(by_issue)} {noun(len(by_issue), 'issue')}"
    )
    if found.recorded_changes:
        output.line(
            f"{found.reverted_changes} of {found.recorded_changes} recorded changes were undone by a person later"
        )
    else:
        output.line("the history records no change of ours, so none that a person undid")


def _change(difference: Difference) -> str:
    change = difference.change
    if change.field == "labels":
        return f"{change.label}: {change.base} → {change.new}"
    return f"{change.field}: {change.base or 'none'} → {change.new or 'none'}"


def _document(found: Simulated) -> None:
    from tassist.cli import output

    report = found.report
    output.document(
        {
            "states": report.states,
            "issues": report.issues,
            "differing_states": report.differing_states,
            "from": report.first,
            "to": report.last,
            "files": found.forms,
            "recorded_changes": found.recorded_changes,
            "reverted_changes": found.reverted_changes,
            "undecided": report.undecided,
            "notes": found.notes,
            "by_rule": {
                rule: {"differences": differences, "issues": issues}
                for rule, (differences, issues) in report.by_rule().items()
            },
            "differences": [
                {
                    "repo": difference.ref.repo,
                    "issue": difference.ref.number,
                    "rule": difference.change.rule,
                    "field": difference.change.field,
                    "label": difference.change.label or None,
                    "base": difference.change.base or None,
                    "new": difference.change.new or None,
                    "first": difference.first,
                    "last": difference.last,
                    "states": difference.states,
                }
                for difference in report.differences
            ],
        }
    )
