"""The reference of the checks, as Markdown: what each looks at, why, and which fix it can apply."""

from __future__ import annotations

from tassist.doctor.check import State
from tassist.services.doctor.run import all_checks

_STATES = {
    State.OK: "it stands well",
    State.WARNING: "it works, and something about it may hurt later",
    State.FAILED: "it does not work; the finding says why and what to do",
    State.SKIPPED: "it could not be looked at, or there is nothing to look at; the finding says why",
    State.WAITING: "somebody has to do something elsewhere, such as approve an installation",
}


def reference() -> str:
    """docs/reference/doctor.md."""
    parts = [
        "# Checks of the doctor",
        "",
        "`tassist doctor` runs them side by side and is done in under three seconds, also where nothing can be reached:",
        "each has the same deadline (`--timeout`, 2 seconds). `--only ID,…` runs some, `--fix ID` applies a fix, `--json`",
        "prints one document. Exit code 3: something has failed; 8: something waits for a person; 0: all is well, or there",
        "are only warnings.",
        "",
        "| state | meaning |",
        "|---|---|",
        *(f"| {state.value} | {meaning} |" for state, meaning in _STATES.items()),
    ]
    for check in all_checks():
        parts += ["", f"## {check.title}", "", f"`{check.id}`: {check.explains}"]
        if check.mends:
            parts += ["", f"`tassist doctor --fix {check.id}` can {check.mends}."]
    return "\n".join([*parts, ""])
