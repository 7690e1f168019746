"""The whole migration on the real legacy repository in a box; skipped where its fetched git directory is not named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.canaries import secrets_in, written
from tests.support.real_migration import story

GIT_DIR = "TASSIST_TEST_SAAS_APP"
"""Names a git directory of garybayes/saas-app, fetched by whoever runs this."""
SNAPSHOT = "activity-engine-20251206T024831Z.json"


@pytest.mark.shows_secrets  # git reads all of that repository, in which something looks like a token; what we say is looked through
async def test_the_real_repository_is_moved_lives_a_week_and_is_moved_back_to_the_byte(
    project_root: Path, tmp_path: Path
) -> None:
    git_dir = os.environ.get(GIT_DIR, "")
    recorded = project_root.parent / "shared" / "recorded" / "saas-app" / SNAPSHOT
    if not git_dir or not Path(git_dir).is_dir() or not recorded.is_file():
        pytest.skip(f"{GIT_DIR} names no git directory, or the recorded data is not beside the checkout")

    told = await story(Path(git_dir), recorded, tmp_path)
    assert secrets_in(json.dumps(told.said).encode()) == []
    assert list(written(tmp_path)) == []

    codes = {args.split(" ")[0]: code for args, code, _ in told.said}
    audit = "\n".join(told.said[0][2])
    assert codes["apply"] == codes["verify"] == codes["rollback"] == 0
    assert "14 of 24 workflows are legacy automation" in audit
    for code in (
        "template-injection",
        "personal-token",
        "one-page-only",
        "two-authorities",
        "issues-left-open",
        "hard-coded-credential",
    ):
        assert code in audit, f"the audit was not told of {code}, and names it"
    assert told.facts["after"]["workflow files"] == 10
    assert told.facts["sweeps"][0]["writes"] == 0, "a shadow writes nothing"
    assert set(told.facts["exact"].values()) == {True}
    verify = next(lines for args, _, lines in told.said if args.startswith("verify"))
    assert "  23 of 23 issues are as the shadow foresaw".strip() in [line.strip() for line in verify]
