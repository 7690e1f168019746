"""Actions that are used by a name somebody can move to other code.

Source: https://docs.github.com/en/actions/reference/security/secure-use#using-third-party-actions
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.problems import Where
from migrations.audit.facts import Facts
from migrations.audit.known_actions import plain_name
from migrations.model import Defect, Severity

_COMMIT = re.compile(r"[0-9a-f]{40}\Z|[0-9a-f]{64}\Z")


def find(facts: Facts) -> Iterator[Defect]:
    """One defect for each ``uses:`` without a full commit or digest."""
    document = facts.document
    places = [step.uses for _, step in document.steps if step.uses is not None]
    places += [job.uses for job in document.jobs if job.uses is not None]
    for place in places:
        uses = place.value
        if uses.startswith(("./", "../")) or "${{" in uses:
            continue
        if uses.startswith("docker://"):
            if "@sha256:" in uses:
                continue
            what = f"{uses[:200]} names an image without its digest"
        else:
            name, _, version = uses.partition("@")
            if _COMMIT.match(version):
                continue
            what = f"{name} is used at {version or 'no version'}, a name that can be moved"
        severity: Severity = "low" if plain_name(uses).startswith(("actions/", "github/")) else "medium"
        yield Defect(
            "unpinned-uses",
            what,
            "whoever can move the name runs code here, with this workflow's token",
            "use the full commit, with the version as a comment",
            Where(document.path, place.line),
            severity,
        )
