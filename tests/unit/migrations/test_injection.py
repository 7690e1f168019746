"""Whatever zizmor calls a template injection, a dangerous trigger, a bot's name or an unpinned use, we do too, and where it stands."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from migrations.audit.run import audit
from migrations.model import Defect, Snapshot, TextFile
from tests.support.legacy import fetched

HEAD = "jobs:\n  a:\n    runs-on: x\n    steps:\n"


def defects(text: str, code: str = "", path: str = ".github/workflows/a.yml") -> list[Defect]:
    file = TextFile(path, text.encode())
    snapshot = Snapshot("o/r", "x", files=(file,)) if "actions/" in path else Snapshot("o/r", "x", workflows=(file,))
    return [defect for defect in audit(snapshot).defects if not code or defect.code == code]


def run(line: str, on: str = "issues", more: str = "") -> str:
    return f"on: {on}\n{HEAD}      - run: |\n          {line}\n{more}"


FLAGGED = {
    "title": ("${{ github.event.issue.title }}", "high"),
    "body": ("${{github.event.pull_request.body}}", "high"),
    "by index": ("${{ github['event']['issue']['title'] }}", "high"),
    "in other letters": ("${{ GitHub.event.issue.title }}", "high"),
    "head ref": ("${{ github.head_ref }}", "high"),
    "branch of a run": ("${{ github.event.workflow_run.head_branch }}", "high"),
    "commit message": ("${{ github.event.head_commit.message }}", "high"),
    "all commits": ("${{ toJSON(github.event.commits.*.message) }}", "high"),
    "the whole event": ("${{ toJSON(github.event) }}", "high"),
    "label names": ("${{ join(github.event.issue.labels.*.name, ',') }}", "high"),
    "comment": ("${{ github.event.comment.body || 'none' }}", "high"),
    "formatted": ("${{ format('{0}', github.event.review.body) }}", "high"),
    "chosen by a test": ("${{ github.ref == 'x' && github.event.issue.body }}", "high"),
    "in a dispatch": ("${{ github.event.client_payload.text }}", "high"),
    "a ref's name": ("${{ github.ref_name }}", "medium"),
    "a login": ("${{ github.event.assignee.login }}", "medium"),
    "an output": ("${{ steps.other.outputs.x }}", "low"),
    "a variable": ("${{ vars.NAME }}", "low"),
    "an input": ("${{ inputs.name }}", "low"),
}
SAFE = {
    "number": "${{ github.event.issue.number }}",
    "sha": "${{ github.event.pull_request.head.sha }}",
    "repository": "${{ github.repository }}",
    "a secret": "${{ secrets.X }}",
    "a comparison": "${{ github.event.issue.title == 'x' }}",
    "contains": "${{ contains(github.event.issue.title, 'x') }}",
    "a literal by a test": "${{ github.event.issue.title == 'x' && 'a' || 'b' }}",
    "negated": "${{ !github.event.issue.body }}",
    "no expression": "$TITLE",
    "a run's id": "${{ github.run_id }}",
}


@pytest.mark.parametrize("case", FLAGGED)
def test_h70_a_strangers_words_in_a_script_are_found_with_their_line(case: str) -> None:
    text, severity = FLAGGED[case]

    found = defects(run(f'echo "{text}"'), "template-injection")

    assert [(defect.severity, defect.where.line) for defect in found] == [(severity, 7)]
    assert "${{" not in found[0].fix, "what is advised never repeats the expression"


@pytest.mark.parametrize("case", SAFE)
def test_what_nobody_outside_decides_is_no_defect(case: str) -> None:
    assert defects(run(f'echo "{SAFE[case]}"'), "template-injection") == []


def test_env_in_between_is_safe_and_pasting_the_env_again_is_not() -> None:
    env = "        env: {TITLE: '${{ github.event.issue.title }}'}\n"

    assert defects(run('echo "$TITLE"', more=env), "template-injection") == []
    assert [d.severity for d in defects(run('echo "${{ env.TITLE }}"', more=env), "template-injection")] == ["high"]
    fixed = "        env: {TITLE: fixed}\n"
    assert defects(run('echo "${{ env.TITLE }}"', more=fixed), "template-injection") == []


def test_what_a_step_makes_of_a_strangers_words_is_still_theirs() -> None:
    text = (
        f'on: issues\n{HEAD}      - id: one\n        run: echo "x=$B" >> $GITHUB_OUTPUT\n'
        "        env: {B: '${{ github.event.issue.body }}'}\n      - run: echo ${{ steps.one.outputs.x }}\n"
    )

    found = defects(text, "template-injection")

    assert [(defect.severity, defect.where.line) for defect in found] == [("medium", 9)]
    assert "github.event.issue.body" in found[0].what


def test_h70_scripts_of_actions_reusable_workflows_and_composite_actions_count_too() -> None:
    script = f"on: issues\n{HEAD}      - uses: actions/github-script@v7\n        with:\n          script: |\n            x('${{{{ github.event.issue.title }}}}')\n"
    reusable = "on:\n  workflow_call:\n    inputs: {a: {type: string}, b: {type: boolean}}\n" + HEAD
    reusable += "      - run: echo ${{ inputs.a }} ${{ inputs.b }}\n"
    composite = "name: own\ninputs: {a: {required: true}}\nruns:\n  using: composite\n  steps:\n    - run: echo ${{ inputs.a }}\n      shell: bash\n"

    assert [d.where.line for d in defects(script, "template-injection")] == [9]
    assert [d.what.split()[0] for d in defects(reusable, "template-injection")] == ["inputs.a"]
    found = defects(composite, "template-injection", ".github/actions/own/action.yml")
    assert [(d.where.file, d.where.line) for d in found] == [(".github/actions/own/action.yml", 6)]


def test_h70_a_checkout_of_strangers_code_with_our_rights_is_found() -> None:
    checkout = "      - uses: actions/checkout@v4\n        with: {ref: '${{ github.event.pull_request.head.sha }}'}\n"
    fetch = "      - run: gh pr checkout 1\n"

    for steps in (checkout, fetch):
        found = defects(f"on: pull_request_target\n{HEAD}{steps}", "dangerous-trigger")
        assert [(defect.severity, defect.where.line) for defect in found] == [("high", 1)]
    assert [d.severity for d in defects(f"on: pull_request_target\n{HEAD}      - run: x\n", "dangerous-trigger")] == [
        "medium"
    ]
    assert defects(f"on: pull_request\n{HEAD}{checkout}", "dangerous-trigger") == []


def test_h70_a_check_of_a_bots_name_is_found() -> None:
    text = "on: pull_request\njobs:\n  a:\n    if: github.actor == 'dependabot[bot]'\n    steps: []\n"

    assert [defect.where.line for defect in defects(text, "bot-actor-check")] == [4]
    assert defects(text.replace("github.actor", "github.event_name"), "bot-actor-check") == []


def test_h70_what_is_not_pinned_is_found() -> None:
    uses = [
        "a/b@v1",
        f"a/b@{'0' * 40}",
        "./own",
        "docker://x:1",
        f"docker://x@sha256:{'0' * 64}",
        "actions/checkout@v4",
    ]
    text = f"on: push\n{HEAD}" + "".join(f"      - uses: {one}\n" for one in uses)

    assert [(d.where.line, d.severity) for d in defects(text, "unpinned-uses")] == [
        (6, "medium"),
        (9, "medium"),
        (11, "low"),
    ]


FIXTURES = {
    "all.yml": "on: [issues, pull_request_target, workflow_run]\npermissions: {}\n"
    + HEAD
    + "".join(f'      - run: |\n          echo one\n          echo "{text}"\n' for text, _ in FLAGGED.values())
    + "".join(f'      - run: echo "{text}"\n' for text in SAFE.values()),
    "script.yml": f"on: issues\n{HEAD}      - uses: actions/github-script@v7\n        with:\n          script: |\n            a('${{{{ github.event.issue.title }}}}')\n            b('${{{{ github.head_ref }}}}')\n",
    "target.yml": f"on:\n  pull_request_target:\n{HEAD}      - uses: actions/checkout@v4\n        with:\n          ref: ${{{{ github.head_ref }}}}\n      - uses: a/b@main\n",
    "bots.yml": "on: pull_request_target\njobs:\n  a:\n    if: ${{ github.actor == 'dependabot[bot]' }}\n    runs-on: x\n    steps:\n      - if: github.triggering_actor == 'renovate[bot]'\n        run: x\n",
    "env.yml": f"on: issues\nenv: {{A: '${{{{ github.event.issue.title }}}}', B: fixed}}\n{HEAD}      - run: echo ${{{{ env.A }}}} ${{{{ env.B }}}} $A\n",
    "matrix.yml": "on: push\njobs:\n  a:\n    runs-on: x\n    strategy: {matrix: {v: [1, 2]}}\n    steps:\n      - run: echo ${{ matrix.v }}\n",
    "call.yml": f"on:\n  workflow_call:\n    inputs:\n      a: {{type: string}}\n      n: {{type: number}}\n{HEAD}      - run: echo ${{{{ inputs.a }}}} ${{{{ inputs.n }}}}\n",
}
OURS = {
    "template-injection": "template-injection",
    "dangerous-triggers": "dangerous-trigger",
    "bot-conditions": "bot-actor-check",
    "unpinned-uses": "unpinned-uses",
}


def zizmor_finds(folder: Path) -> set[tuple[str, str, int]]:
    """Its findings of these four sorts: our code, the file's name, and each line it points at."""
    program = Path(sys.executable).with_name("zizmor")
    if not program.exists():
        found = shutil.which("zizmor")
        if found is None:
            pytest.skip("zizmor is not installed")
        program = Path(found)
    command = [
        str(program),
        "--offline",
        "--no-progress",
        "--format=json",
        "--no-exit-codes",
        "--no-config",
        str(folder),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    places = set()
    for finding in json.loads(done.stdout):
        code = OURS.get(finding["ident"])
        if code is None:
            continue
        primary = [place for place in finding["locations"] if place["symbolic"]["kind"] == "Primary"]
        for place in primary or finding["locations"]:
            local = place["symbolic"]["key"]["Local"]
            name = Path(next(str(value) for key, value in sorted(local.items(), reverse=True) if "path" in key)).name
            places.add((code, name, place["concrete"]["location"]["start_point"]["row"] + 1))
    return places


def we_find(folder: Path) -> set[tuple[str, str, int]]:
    files = tuple(
        TextFile(f".github/workflows/{path.name}", path.read_bytes()) for path in sorted(folder.glob("*.yml"))
    )
    found = audit(Snapshot("o/r", "x", workflows=files)).defects
    return {(defect.code, Path(defect.where.file).name, defect.where.line or 0) for defect in found}


def missing(folder: Path) -> list[tuple[str, str, int]]:
    """What zizmor finds and we do not. Its line may be that of the step's key, ours is that of the expression."""
    ours = we_find(folder)
    near = {(code, name, line + off) for code, name, line in ours for off in (-2, -1, 0, 1)}
    return sorted(zizmor_finds(folder) - near)


def test_h70_zizmor_finds_nothing_in_our_fixtures_that_we_do_not(tmp_path: Path) -> None:
    flows = tmp_path / ".github" / "workflows"
    flows.mkdir(parents=True)
    for name, text in FIXTURES.items():
        (flows / name).write_text(text)

    assert len(zizmor_finds(flows)) > 20
    assert missing(flows) == []


def test_h70_zizmor_finds_nothing_in_the_recorded_repository_that_we_do_not() -> None:
    flows = fetched() / ".github" / "workflows"

    assert len(zizmor_finds(flows)) > 20
    assert missing(flows) == []
