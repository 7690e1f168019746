"""The real repository: told nothing, the audit names what is known to be wrong with it, at every commit of its history."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from migrations.audit.run import audit
from migrations.model import Audit
from tassist.services.migrate.checkout import read_checkout
from tassist.services.migrate.reading import joined
from tassist.services.migrate.snapshot_file import read_record_folder
from tests.support.legacy import fetched, recorded

# What git gives of that repository holds something that looks like a token; nothing here shows it to anybody.
pytestmark = [pytest.mark.slow, pytest.mark.shows_secrets]
LEGACY = {
    "issue automation": "codex-auto-assign codex-project-sync codex-self-test codex-supervisor project-status",
    "board moves": "issue-status-on-assign pr-status-closed pr-status-merged pr-status-opened",
    "telemetry": "codex-activity-engine codex-cleaner-selftest codex-diagnostics",
    "dashboard": "codex-dashboard-build codex-telemetry-merge",
    "not ours": (
        "ci-pipeline commit-status playwright prisma-validate release release-pr secrets-validator typescript-check"
        " validate-schema yaml-lint"
    ),
}
KNOWN = [
    ("template-injection", "codex-auto-assign.yml", "github.event.issue.title"),
    ("template-injection", "codex-auto-assign.yml", "github.event.issue.body"),
    ("template-injection", "pr-status-merged.yml", "github.event.pull_request.body"),
    ("template-injection", "project-status.yml", "github.event.pull_request.body"),
    ("personal-token", "codex-supervisor.yml", "GH_CI_PAT"),
    ("permissions-unused", "codex-project-sync.yml", "issues"),
    ("one-page-only", "codex-project-sync.yml", "issues reads one page: at most 100"),
    ("output-never-written", "codex-auto-assign.yml", "steps.issue.outputs.NUMBER"),
    ("error-swallowed", "codex-supervisor.yml", "an empty value"),
    ("flag-refused", "codex-supervisor.yml", "gh variable get"),
    ("empty-list-written-wrongly", "codex-diagnostics.yml", "missing_labels"),
    ("two-authorities", "pr-status-merged.yml", "project-status.yml"),
    ("two-authorities", "codex-dashboard-build.yml", "codex-telemetry-merge.yml"),
    ("file-feeds-itself", "codex-dashboard-build.yml", "dashboard.json"),
    ("issues-left-open", "codex-self-test.yml", "34 issues"),
    ("variable-unread", "", "CODEX_MAIN_ESCALATE_DAYS, and no workflow reads it; CODEX_MAIN_ESCALATION_DAYS"),
    ("variable-unread", "", "CODEX_DASHBOARD_ESCALATE_DAYS, and no workflow reads it; CODEX_DASHBOARD_ESCALATION_DAYS"),
    ("record-not-json", "", "no JSON"),
    ("record-says-nothing-as-something", "", "missing_labels"),
]


@cache
def whole(clone: Path, record: Path) -> Audit:
    return audit(joined(read_checkout(clone), read_record_folder(record)))


def test_its_workflows_are_told_apart() -> None:
    found = whole(fetched(), recorded())

    kinds: dict[str, set[str]] = {}
    for workflow in found.workflows:
        kinds.setdefault(workflow.kind, set()).add(Path(workflow.path).stem)
    assert kinds == {kind: set(names.split()) for kind, names in LEGACY.items()}


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: f"{known[0]} {known[1]} {known[2][:30]}")
def test_what_is_known_to_be_wrong_is_named_without_being_told(known: tuple[str, str, str]) -> None:
    code, file, words = known

    assert [
        defect
        for defect in whole(fetched(), recorded()).defects
        if defect.code == code and defect.where.file.endswith(file) and words in defect.what
    ]


def test_every_commit_of_its_history_is_read_and_every_change_explained() -> None:
    found = whole(fetched(), recorded())

    assert found.revisions > 380
    assert len(found.unreadable) == 17
    assert all(unreadable.commit and unreadable.what for unreadable in found.unreadable)
    assert len(found.changes) < 45
    assert all(change.why for change in found.changes)


def test_nothing_in_the_code_knows_the_repository(project_root: Path) -> None:
    for path in (
        *(project_root / "migrations").rglob("*.py"),
        *(project_root / "tassist" / "services" / "migrate").rglob("*.py"),
    ):
        text = path.read_text().lower()
        assert "saas-app" not in text, path
        assert "garybayes" not in text, path
        if "audit" in path.parts:
            assert "codex" not in text, path
