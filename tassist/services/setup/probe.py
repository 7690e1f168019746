"""The doctor at the end of an installation: what would keep it from working, apart from what only a running service shows."""

from __future__ import annotations

from pathlib import Path

from typing_extensions import override

from engine.problems import Problem
from setup_wizard.ports import ProbePort

CHECKS = (
    "python", "packages", "folder", "disk", "settings", "credentials", "private-key", "env-file", "github", "tls", "clock",
    "app", "permissions", "installations", "hook",
)  # fmt: skip
"""Not the way in and the last delivery: no service runs yet, and the one delivery that matters has just been seen."""


class DoctorProbe(ProbePort):
    """Runs those checks."""

    def __init__(self, home: Path, *, deadline_s: float = 20.0) -> None:
        self._home = home
        self._deadline_s = deadline_s

    @override
    async def problems(self) -> tuple[Problem, ...]:
        from tassist.services import doctor

        report = await doctor.diagnose(home=str(self._home), only=CHECKS, deadline_s=self._deadline_s)
        return report.problems()
