"""What a demo came to, for a person and for a script."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from tassist.text import noun, safe_text


@dataclass(frozen=True, slots=True)
class Summary:
    """Counted from the box, the journal and the telemetry, each where it is known first."""

    repo: str
    issues: int
    """Issues and pull requests of the repository in the beginning."""
    first_look_issues: int
    """Open issues looked at in the beginning, in all repositories of the installation."""
    corrected: int
    """Issues changed by the first look at all of them."""
    deliveries: int
    """Attempts of GitHub in a box to deliver, redeliveries included."""
    runs: int
    writes: int
    """Writes of the App that GitHub in a box carried out."""
    needless_writes: int
    """Those among them that changed nothing; there should be none."""
    second_look_issues: int
    """Looks of the end: every issue and pull request of the repository, closed ones too."""
    second_look_writes: int
    """Writes of the second look at every issue; there should be none."""
    lost: int
    """Deliveries that were acknowledged and never handled; there should be none."""
    server_starts: int
    records: int
    """Lines of telemetry."""
    telemetry: tuple[str, ...]
    """Files."""
    dashboard: str
    """The first page of the dashboard that was built from them; it opens without a server."""
    passed_over: tuple[str, ...]
    """Steps for which the configuration gave no ground."""
    seconds: float

    @property
    def good(self) -> bool:
        """Whether every promise held."""
        return (
            self.lost == 0 and self.needless_writes == 0 and self.second_look_writes == 0 and self.runs == self.records
        )

    def document(self) -> dict[str, object]:
        """For ``--json``."""
        return {"good": self.good, **dataclasses.asdict(self)}

    def facts(self) -> list[tuple[str, str]]:
        """For people: name and value, in the order to read them."""
        return [
            ("repository", safe_text(self.repo)),
            (
                "first look",
                f"{self.first_look_issues} open {noun(self.first_look_issues, 'issue')}, {self.corrected} corrected",
            ),
            ("deliveries", str(self.deliveries)),
            ("runs", str(self.runs)),
            ("writes", str(self.writes)),
            ("needless writes", str(self.needless_writes)),
            ("lost", str(self.lost)),
            (
                "second look",
                f"{self.second_look_issues} {noun(self.second_look_issues, 'issue or pull request', 'issues and pull requests')}, {self.second_look_writes} {noun(self.second_look_writes, 'write')}",
            ),
            ("dashboard", safe_text(self.dashboard, max_chars=400)),
            *(("telemetry", safe_text(path, max_chars=400)) for path in self.telemetry),
        ]
