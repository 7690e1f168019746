"""`tassist contract`: the behavioural contract, verified, printed, exported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tassist.cli.groups import Group
from tassist.errors import Exit
from tassist.text import noun

if TYPE_CHECKING:
    from tassist.contract.promises import Promise
    from tassist.services.contract import Verified


@click.group(
    cls=Group,
    short_help="Show what the engine guarantees, as cases that run.",
    epilog="Example: tassist contract verify --config .github/task-assistant.yml",
)
def command() -> None:
    """Show what the engine guarantees, as cases that run."""


@command.command(epilog="Example: tassist contract verify --config .github/task-assistant.yml")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Try what this configuration promises, instead of the built-in cases.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def verify(config: Path | None, *, as_json: bool) -> int:
    """Run the contract against the engine that is installed.

    Without --config, every built-in case. With it, every promise that can be read off that configuration: this label gives that
    milestone, of two labels this one stays, after so many days that flag. A promise is kept, broken, hidden (another line always
    comes first) or not tried (no issue could be made for it).

    Exit codes: 0 all kept; 1 something is broken; 2 the configuration is not valid; 3 all kept, and some promise is hidden.
    """
    from tassist.services import contract

    if config is None:
        verified = contract.verify_contract()
        _show_contract(verified, as_json=as_json)
        return Exit.FAILED if verified.broken else Exit.OK
    promises = contract.verify_configuration(config)
    _show_promises(promises, as_json=as_json)
    standings = {promise.standing for promise in promises}
    if "broken" in standings:
        return Exit.FAILED
    return Exit.FOUND if "hidden" in standings else Exit.OK


@command.command("print", epilog="Example: tassist contract print --rule milestone")
@click.option("--rule", metavar="ID", help="Only cases that speak of this rule, such as exclusivity.track.")
def print_(rule: str | None) -> None:
    """Print the cases: given, when, then."""
    from tassist.cli import output
    from tassist.contract.page import case_in_text
    from tassist.services import contract
    from tassist.text import safe_text

    topic = ""
    for case in contract.cases_of(rule):
        if case.topic != topic:
            output.line(f"{'' if not topic else chr(10)}== {case.topic} ==")
            topic = case.topic
        output.line("\n" + safe_text(case_in_text(case), newlines=True))


@command.command(epilog="Example: tassist contract export --format json")
@click.option("--format", "form", type=click.Choice(["json", "yaml", "md"]), default="json", show_default=True)
def export(form: str) -> None:
    """Write the whole contract: resolved for machines, as its files, or as a page."""
    from tassist.cli import output
    from tassist.services import contract

    if form == "json":
        output.document(contract.as_document())
    else:
        output.line((contract.as_yaml() if form == "yaml" else contract.as_markdown()).rstrip("\n"))


def _show_contract(verified: Verified, *, as_json: bool) -> None:
    from tassist.cli import diagnostics, output

    if as_json:
        output.document(
            {
                "cases": verified.count,
                "broken": [{"id": case, "mismatches": mismatches} for case, mismatches in verified.broken],
                "topics": [
                    {"topic": topic.slug, "cases": len(topic.verdicts), "broken": len(topic.broken)}
                    for topic in verified.topics
                ],
                "events": {"cases": len(verified.events), "broken": sum(bool(found) for _, found in verified.events)},
            }
        )
        return
    rows: list[tuple[object, ...]] = [
        (topic.title, len(topic.verdicts), len(topic.broken) or "–") for topic in verified.topics
    ]
    rows.append(
        ("What each event asks for", len(verified.events), sum(bool(found) for _, found in verified.events) or "–")
    )
    output.table(rows, header=("topic", "cases", "broken"))
    for case, mismatches in verified.broken:
        diagnostics.say(f"broken: {case}")
        for mismatch in mismatches:
            diagnostics.say(f"  {mismatch}")
    output.line(f"{verified.count} {noun(verified.count, 'case')}, {len(verified.broken) or 'none'} broken")


def _show_promises(promises: tuple[Promise, ...], *, as_json: bool) -> None:
    from tassist.cli import output

    if as_json:
        output.document({"promises": promises})
        return
    rows: list[tuple[object, ...]] = [
        (promise.standing, promise.rule, promise.says, promise.where or "", promise.tried) for promise in promises
    ]
    output.table(rows, header=("standing", "rule", "promise", "line", "issues"))
    for promise in promises:
        if promise.standing != "kept":
            output.line(safe(f"{promise.standing}: {promise.says}: {promise.detail}"))
    counts = dict.fromkeys(("kept", "broken", "hidden", "not tried"), 0)
    for promise in promises:
        counts[promise.standing] += 1
    output.line(
        ", ".join(f"{count} {standing}" for standing, count in counts.items() if count) or "it promises nothing"
    )


def safe(text: str) -> str:
    """Outside text, made safe for a terminal."""
    from tassist.text import safe_text

    return safe_text(text, max_chars=1000)
