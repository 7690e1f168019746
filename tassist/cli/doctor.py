"""`tassist doctor`: every check of the environment and of drift, each with its fix."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tassist.doctor.examine import Examined
    from tassist.services.doctor import Report

_EPILOG = """\b
Example:
  tassist doctor
  tassist doctor --only clock,tls,way-in --json
  tassist doctor --fix hook

Exit codes: 0 all is well or only warnings; 3 something has failed; 8 something waits for a person."""
_MARKS = {"ok": "ok", "warning": "warning", "failed": "FAILED", "skipped": "skipped", "waiting": "waiting"}


@click.command(short_help="Check the environment, GitHub and the way in; say what to do.", epilog=_EPILOG)
@click.option("--only", default="", metavar="IDS", help="Checks to run, separated by commas.")
@click.option(
    "--fix", "fixes", multiple=True, metavar="ID", help="Apply the fix of a check, where it is safe; may be repeated."
)
@click.option("--deep", is_flag=True, help="Also send 25 MB and slow deliveries to the public address; takes a minute.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 600),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="For all checks.",
)
@click.option("--list", "as_list", is_flag=True, help="Only list the checks.")
@click.option("--home", type=click.Path(), help="Folder of the journal, the telemetry and the credentials.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    *, only: str, fixes: tuple[str, ...], deep: bool, timeout: float, as_list: bool, home: str | None, as_json: bool
) -> int:
    """Check everything tassist depends on, side by side, in under three seconds.

    This machine (Python, packages, terminal, folder, disk, port, settings, credentials, private key, .env, keyring, git), the
    way to GitHub (proxy, name, encryption, clock), what GitHub has against what is wanted (App, permissions, installations,
    webhook, last delivery), and the way in from the Internet. Each finding says why it matters and what to do.
    """
    import asyncio

    from tassist.cli import diagnostics, output
    from tassist.errors import Exit
    from tassist.services import doctor

    if as_list:
        rows: list[tuple[object, ...]] = [(each.id, each.title, each.mends) for each in doctor.all_checks()]
        output.table(rows, header=("check", "about", "its fix"))
        return Exit.OK
    for check_id in fixes:
        diagnostics.say(asyncio.run(doctor.mend(check_id, home=home)))
    wanted = tuple(part.strip() for part in only.split(",") if part.strip())
    report = asyncio.run(doctor.diagnose(home=home, only=wanted or fixes, deadline_s=timeout, deep=deep))
    if as_json:
        output.document(_document(report))
    else:
        for item in report.found:
            _print(item)
        counted = Counter(item.finding.state.value for item in report.found)
        diagnostics.say(", ".join(f"{counted[state]} {_MARKS[state].lower()}" for state in _MARKS if counted[state]))
    return {"failed": Exit.FOUND, "waiting": Exit.WAITING}.get(report.state, Exit.OK)


def _document(report: Report) -> dict[str, object]:
    return {
        "state": report.state.value,
        "checks": [
            {
                "id": item.id,
                "title": item.title,
                "state": item.finding.state.value,
                "said": item.finding.said,
                "why": item.finding.why,
                "fix": item.finding.fix,
                "mends": item.mends,
                "seconds": item.seconds,
            }
            for item in report.found
        ],
    }


def _print(item: Examined) -> None:
    from tassist.cli import diagnostics, output
    from tassist.errors import redact
    from tassist.text import safe_text

    def shown(text: str) -> str:
        return safe_text(redact(text), max_chars=600)

    finding = item.finding
    output.line(f"{_MARKS[finding.state]:<8} {item.title}: {shown(finding.said)}")
    if finding.why:
        output.line(f"           why: {shown(finding.why)}")
    if finding.fix:
        output.line(f"           fix: {shown(diagnostics.typed(finding.fix))}")
    if item.mends:
        output.line(f"           or:  {diagnostics.typed(f'tassist doctor --fix {item.id}')}  ({item.mends})")
