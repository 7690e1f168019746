"""A workflow is known by what it does: the same file under any name is the same thing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrations.audit.run import audit
from migrations.model import Audit, Kind, Snapshot, TextFile

HEAD = "jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"


def found(text: str, name: str = "x.yml", **files: str) -> Audit:
    workflows = (TextFile(f".github/workflows/{name}", text.encode()),)
    return audit(
        Snapshot("o/r", "a test", workflows=workflows, files=tuple(TextFile(p, t.encode()) for p, t in files.items()))
    )


def steps(*runs: str, on: str = "schedule: [{cron: 0 * * * *}]", extra: str = "") -> str:
    body = "".join("      - run: |\n" + "".join(f"          {line}\n" for line in run.splitlines()) for run in runs)
    return f"on:\n  {on}\n{HEAD}{extra}{body}"


PUSH = "cd data\ngit add .\ngit commit -m x\ngit push"
CASES: dict[str, tuple[str, Kind]] = {
    "labels an issue": (steps('gh issue edit 1 --add-label "x"'), "issue automation"),
    "opens an issue": (steps("gh issue create --title x --body y"), "issue automation"),
    "closes through the API": (steps("gh api -X PATCH /repos/o/r/issues/3 -f state=closed"), "issue automation"),
    "labels through curl": (
        steps('curl -X POST -H "Authorization: x" https://api.github.com/repos/o/r/issues/1/labels -d x'),
        "issue automation",
    ),
    "labels through github-script": (
        (
            f"on: issues\n{HEAD}      - uses: actions/github-script@v7\n        with:\n          script: |\n"
            "            await github.rest.issues.addLabels({issue_number: 1, labels: ['x']})\n"
        ),
        "issue automation",
    ),
    "uses actions/stale": (
        f"on: {{schedule: [{{cron: 1 1 * * *}}]}}\n{HEAD}      - uses: actions/stale@v9\n",
        "issue automation",
    ),
    "moves a board item": (
        steps("gh api graphql -f query='mutation { updateProjectV2ItemFieldValue(input: {}) { x } }'", on="issues:"),
        "board moves",
    ),
    "adds to a board": (steps("gh project item-add 1 --owner o --url u", on="issues:"), "board moves"),
    "writes a stamped record": (steps('echo "{}" > "data/run-$(date +%s).json"', PUSH), "telemetry"),
    "builds a page from records": (steps("jq -s . data/*.json > data/dashboard.json", PUSH), "dashboard"),
    "a record nobody pushes": (steps('echo "{}" > out.json'), "not ours"),
    "builds and tests": (steps("npm ci\nnpm test", on="push:"), "not ours"),
    "only prints": (steps("echo hello"), "not ours"),
    "closes issues at a push": (steps("gh issue close 1", on="push:"), "not ours"),
    "builds, and opens an issue when it fails": (
        steps("npm ci", "make test", "gh issue create --title broken", on="push:"),
        "not ours",
    ),
    "comments on a pull request after tests": (
        steps("npm ci\nnpm test", "gh issue comment 1 --body ok", on="pull_request:"),
        "not ours",
    ),
    "a version in a manifest": (
        steps("jq . package.json > package.new.json\nmv package.new.json package.json\ngit add .\ngit push"),
        "not ours",
    ),
    "lists issues only": (steps("gh issue list --limit 5"), "not ours"),
    "mentions a command in a message": (steps('echo "run gh issue close 1 yourself"'), "not ours"),
    "a command that is commented out": (steps("# gh issue close 1\ntrue"), "not ours"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_workflow_is_known_by_what_it_does(case: str) -> None:
    text, kind = CASES[case]

    workflow = found(text).workflows[0]

    assert workflow.kind == kind, workflow.reasons
    assert workflow.reasons
    assert all(1 <= reason.line <= text.count("\n") + 1 for reason in workflow.reasons)


@given(st.sampled_from(sorted(CASES)), st.text("abcdefghij-", min_size=1, max_size=20))
def test_its_name_does_not_matter(case: str, name: str) -> None:
    text, kind = CASES[case]

    assert found(f"name: CI build test release {name}\n{text}", f"{name}.yml").workflows[0].kind == kind
    assert found(text, "codex-supervisor.yml").workflows[0].kind == kind


def test_what_a_local_action_and_a_local_script_do_counts_too() -> None:
    uses = f"on: issues\n{HEAD}      - uses: ./.github/actions/own\n"
    action = (
        "name: own\nruns:\n  using: composite\n  steps:\n    - run: gh issue edit 1 --add-label x\n      shell: bash\n"
    )
    assert found(uses, **{".github/actions/own/action.yml": action}).workflows[0].kind == "issue automation"

    runs = steps("bash scripts/tidy.sh", on="issues:")
    assert found(runs, **{"scripts/tidy.sh": "gh issue close 4\n"}).workflows[0].kind == "issue automation"
    assert found(runs).workflows[0].kind == "not ours"


def test_a_workflow_names_what_it_uses() -> None:
    text = (
        "on:\n  issues: {types: [opened]}\n  schedule: [{cron: 1 2 * * *}]\npermissions: {issues: write}\n"
        f"env: {{GH_TOKEN: '${{{{ secrets.PAT }}}}', M: '${{{{ vars.SPRINT }}}}'}}\n{HEAD}"
        "      - uses: actions/checkout@v4\n        with: {path: data}\n"
        '      - run: |\n          get() { gh variable get "$1"; }\n          get OTHER_NAME\n          gh variable get THIRD_NAME\n'
        "          echo x > data/a.json\n          cd data\n          git add .\n          git push\n"
    )

    workflow = found(text).workflows[0]

    assert workflow.triggers == ("issues: opened", "schedule: 1 2 * * *")
    assert workflow.permissions == ("issues: write",)
    assert [used.name for used in workflow.secrets] == ["PAT"]
    assert [used.name for used in workflow.variables] == ["OTHER_NAME", "SPRINT", "THIRD_NAME"]
    assert [used.name for used in workflow.actions] == ["actions/checkout@v4"]
    assert [used.name for used in workflow.writes] == ["data/a.json"]


def test_a_change_of_kind_in_the_history_is_explained() -> None:
    path = ".github/workflows/a.yml"
    one, two = CASES["labels an issue"][0], CASES["writes a stamped record"][0]
    broken = "on: [push\n"
    history = tuple(
        TextFile(path, text.encode(), commit)
        for text, commit in ((one, "c1"), (broken, "c2"), (one, "c3"), (two, "c4"))
    )

    found_in = audit(Snapshot("o/r", "x", history=history))

    assert [(change.commit, change.before, change.after) for change in found_in.changes] == [
        ("c4", "issue automation", "telemetry")
    ]
    assert "no longer runs gh issue edit" in found_in.changes[0].why
    assert [unreadable.commit for unreadable in found_in.unreadable] == ["c2"]
    assert found_in.revisions == 4


def test_a_repository_without_workflows_says_so() -> None:
    empty = audit(Snapshot("o/r", "x"))

    assert "no workflow" in empty.notes[-1]
    assert (empty.legacy, empty.defects) == ((), ())
