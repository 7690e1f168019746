"""A repository that has nothing but actions/stale and actions/labeler is moved by their configurations, there and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine.model import Trigger
from engine.runner import run
from tassist.sandbox import Box, issue_changes, labels, repositories
from tassist.sandbox.git_store import commit_file
from tests.integration.migrate.conftest import CONFIG, Shop, installed
from tests.integration.migrate.test_moving import DIRECT

STALE = """\
name: Close what nobody needs
on: {schedule: [{cron: 30 1 * * *}]}
permissions: {issues: write}
jobs:
  stale:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/stale@v9
        with:
          days-before-stale: 30
          exempt-issue-labels: pinned
          exempt-pr-labels: pinned
          stale-issue-message: Nobody was here for {days} days.
          ascending: true
          only-labels: question
"""
LABELER = """\
name: Labels by files
on: [pull_request_target]
permissions: {contents: read, pull-requests: write}
jobs:
  label:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/labeler@v5
"""
FILES = {
    ".github/workflows/stale.yml": STALE,
    ".github/workflows/label.yml": LABELER,
    ".github/labeler.yml": "docs:\n  - changed-files: [{any-glob-to-any-file: 'docs/**'}]\n",
}


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[Shop]:
    """A repository such as most people have it."""
    box = Box.empty()
    box.organization("octo", owners=["ann"])
    with box.lock:
        by = box.by("ann")
        repo = repositories.create_repository(box, by, box.user("octo"), "plain", labels=False)
        for path, text in FILES.items():
            commit_file(repo, path, text.encode(), "add", box.user("ann"), box.clock.now())
        for name in ("Stale", "pinned", "docs"):
            labels.put_label(box, repo, name, "cccccc")
        for title, carried in (("idle", ()), ("kept", ("pinned",)), ("young", ())):
            issue_changes.open_issue(box, by, repo, title, labels=list(carried))
        for number, days in ((4, 5), (5, 30)):
            box.clock.advance(-(days + 60) * 86_400)
            one = issue_changes.open_issue(box, by, repo, "marked long ago")
            one.is_pull_request = number == 5
            box.clock.advance(60 * 86_400)
            issue_changes.add_comment(box, by, one, "Nobody was here.")
            issue_changes.add_labels(box, by, one, ["Stale"])
            box.clock.advance(days * 86_400)
    async with installed(box, repo, tmp_path / "home") as shop:
        yield shop


async def test_it_is_moved_by_what_its_actions_declare_and_back_to_the_byte(plain: Shop) -> None:
    plain.box.installation(plain.installation_id).permissions["pull_requests"] = "write"  # as the plan asks for
    before = plain.state()
    audit = await plain.migrate("audit", "octo/plain")
    planned = await plain.migrate("plan", "octo/plain", "--json")
    proposed = plain.home.parent / "proposed.yml"
    proposed.write_text(planned.json["config"])
    compared = await plain.migrate("diff", "octo/plain", "--config", str(proposed), "--json")
    applied = await plain.migrate("apply", "octo/plain", *DIRECT)
    there = plain.state()
    verified = await plain.migrate("verify", "octo/plain")

    assert compared.code == 2, compared.err
    own = {f"{one['subject']} {one['field']}": one for one in compared.json["differences"] if one["subject"][0] == "#"}
    assert list(own) == ["#5 state"], "of all the others is known that they stay as they are"
    assert own["#5 state"]["verdict"] == "regression"
    assert own["#5 state"]["because"] == "actions/stale leaves it open (other labels), and the engine closes it"
    stays = next(one for one in compared.json["rules"] if one["rule"] == "actions/labeler v5 (label.yml)")
    assert stays["verdict"] == "same"
    assert "actions/stale in .github/workflows/stale.yml:8: gives labels, pull_requests, stale" in audit.out
    config, notes = planned.json["config"], planned.json["notes"]
    assert 'exempt_labels: [pinned]\n  comment: "Nobody was here for {days} days."' in config
    assert "# actions/stale in .github/workflows/stale.yml:8" in config
    assert any("only issues with all of some labels (only-labels)" in note for note in notes)
    assert any("the App needs the permission pull_requests: write" in note for note in notes)
    assert ".github/workflows/label.yml stays: nothing else does its work" in notes
    assert applied.code == 0, applied.err
    assert verified.code == 0, verified.out
    assert set(before["files"]) - set(there["files"]) == {".github/workflows/stale.yml"}
    assert set(there["files"]) - set(before["files"]) == {CONFIG}
    assert there["labels"] == before["labels"], "every label was there"

    await sweep(plain)
    assert carried(plain) == {1: [], 2: ["pinned"], 3: [], 4: ["Stale"], 5: ["Stale"]}, (
        "the words of the mark are nobody's work"
    )
    assert [plain.repo.issues[number].state for number in (4, 5)] == ["open", "closed"], (
        "pull requests are taken over too"
    )

    plain.box.clock.advance(29 * 86_400)
    with plain.box.lock:
        issue_changes.set_state(plain.box, plain.by, plain.repo.issues[3], "closed")
        issue_changes.set_state(plain.box, plain.by, plain.repo.issues[3], "open")
    plain.box.clock.advance(86_400)
    await sweep(plain)
    assert carried(plain) == {1: ["Stale"], 2: ["pinned"], 3: [], 4: ["Stale"], 5: ["Stale"]}
    assert "Nobody was here for 30 days." in plain.repo.issues[1].comments[0].body
    plain.box.clock.advance(timedelta(days=7).total_seconds())
    await sweep(plain)
    assert [plain.repo.issues[number].state for number in (1, 2, 3)] == ["closed", "open", "open"]
    with plain.box.lock:
        plain.repo.issues[1].labels.clear()
        for number in (1, 4, 5):
            plain.repo.issues[number].state = "open"

    back = await plain.migrate("rollback", "octo/plain", "--direct", "--yes")
    assert back.code == 0, back.err
    assert plain.state() == before


def carried(plain: Shop) -> dict[int, list[str]]:
    return {number: [label.name for label in issue.labels] for number, issue in plain.repo.issues.items()}


async def sweep(plain: Shop) -> None:
    async with plain.another(clock=plain.box.clock) as connection:
        for number in (1, 2, 3, 4, 5):
            result = await run(
                Trigger("sweep"),
                plain.at(number),
                reader=connection.reader,
                applier=connection.applier,
                clock=plain.box.clock,
            )
            assert result.outcome == "success", result
