"""Each defect of legacy automation is found where it stands, and its mended form is not."""

from __future__ import annotations

import pytest

from engine.model import Issue, IssueRef
from migrations.audit.run import audit
from migrations.model import Audit, Recorded, Snapshot, TextFile

HEAD = "on: {schedule: [{cron: 0 * * * *}]}\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    steps:\n"
TOKEN = "        env: {GH_TOKEN: '${{ github.token }}'}\n"


def flow(script: str, more: str = TOKEN, before: str = "") -> str:
    return (
        HEAD
        + before
        + "      - id: one\n        run: |\n"
        + "".join(f"          {line}\n" for line in script.splitlines())
        + more
    )


def look(*texts: str, **values: object) -> Audit:
    files = tuple(TextFile(f".github/workflows/{number}.yml", text.encode()) for number, text in enumerate(texts))
    return audit(Snapshot("o/r", "x", workflows=files, **values))  # type: ignore[arg-type]  # named by the test


R = '--repo "$GITHUB_REPOSITORY"'
PAIRS: dict[str, tuple[str, str, str, int]] = {
    "one page of the API": (
        "one-page-only", flow('gh api "/repos/o/r/issues?state=all&per_page=100"'), flow('gh api --paginate "/repos/o/r/issues"'), 9,
    ),
    "one page of a list": ("one-page-only", flow(f"gh issue list {R}"), flow(f"gh issue list --limit 1000 {R}"), 9),
    "pages in a loop": (
        "one-page-only", flow("curl https://api.github.com/repos/o/r/issues"),
        flow("for page in 1 2 3; do\ncurl https://api.github.com/repos/o/r/issues?page=$page\ndone"), 9,
    ),
    "no token": ("no-token", flow(f"gh issue close 1 {R}", more=""), flow(f"gh issue close 1 {R}"), 9),
    "no repository": ("no-repository", flow("gh issue close 1"), flow(f"gh issue close 1 {R}"), 9),
    "jq without json": ("flag-refused", flow(f"gh variable get A --jq .value {R}"), flow(f"gh variable get A --json value --jq .value {R}"), 9),
    "a failure that becomes nothing": ("error-swallowed", flow(f'X="$(gh variable get A {R} || echo "")"'), flow(f'X="$(gh variable get A {R})"'), 9),
    "an error that is a success": ("error-swallowed", flow('if true; then\necho "ERROR: no"\nexit 0\nfi'), flow('if true; then\necho "ERROR: no"\nexit 1\nfi'), 11),
    "an output nobody writes": (
        "output-never-written", flow('echo "N=1"', more="      - run: echo ${{ steps.one.outputs.N }}\n"),
        flow('echo "N=1" >> "$GITHUB_OUTPUT"', more="      - run: echo ${{ steps.one.outputs.N }}\n"), 10,
    ),
    "an output in a group": (
        "output-never-written", flow("echo x", more="      - run: echo ${{ steps.one.outputs.N }}\n"),
        flow('{\necho "N=1"\n} >> "$GITHUB_OUTPUT"', more="      - run: echo ${{ steps.one.outputs.N }}\n"), 10,
    ),
    "an output of several lines": (
        "output-of-several-lines", flow("echo \"n=$(echo $B | grep -o '#[0-9]')\" >> $GITHUB_OUTPUT"),
        flow("echo \"n=$(echo $B | grep -o '#[0-9]' | head -1)\" >> $GITHUB_OUTPUT"), 9,
    ),
    "a personal token": (
        "personal-token", flow(f"gh issue close 1 {R}", more="        env: {GH_TOKEN: '${{ secrets.PAT }}'}\n"),
        flow(f"gh issue close 1 {R}", more="        env: {GH_TOKEN: '${{ secrets.GITHUB_TOKEN }}'}\n"), 10,
    ),
    "everything permitted": ("permissions-broad", flow("true").replace("{}", "write-all", 1), flow("true"), 2),
    "nothing said of permissions": ("permissions-not-stated", flow("true").replace("permissions: {}\n", ""), flow("true"), 3),
    "a permission nobody needs": (
        "permissions-unused", flow("true").replace("permissions: {}", "permissions: {contents: write}"),
        flow("git push").replace("permissions: {}", "permissions: {contents: write}"), 2,
    ),
    "an empty list": (
        "empty-list-written-wrongly", flow("printf '%s\\n' \"${a[@]}\" | jq -R . | jq -s ."), flow("jq -n '$ARGS.positional' --args -- \"${a[@]}\""), 9,
    ),
    "json by hand": ("json-by-hand", flow("printf '  \"count\": %s,\\n' \"$N\" > x.json"), flow("jq -n --arg n \"$N\" '{count: $n}' > x.json"), 9),
    "a file that feeds itself": (
        "file-feeds-itself",
        flow("D=x/d.json\njq '{items: .}' \"$D\" > t.json\nmv t.json \"$D\""),
        flow('D=x/d.json\njq -s . x/records/*.json > t.json\nmv t.json "$D"'), 10,
    ),
    "every secret handed on": (
        "secrets-inherited", "on: push\njobs:\n  a:\n    uses: o/r/.github/workflows/x.yml@v1\n    secrets: inherit\n",
        "on: push\njobs:\n  a:\n    uses: o/r/.github/workflows/x.yml@v1\n    secrets: {PAT: '${{ secrets.PAT }}'}\n", 4,
    ),
    "a token in the file": (
        "hard-coded-credential", flow("true", more=f"        env: {{GH_TOKEN: {'ghp_' + 'a1b2c3' * 6}}}\n"), flow("true"), 10,
    ),
    "a token of a form that is not known": (
        "hard-coded-credential", flow("true", more=f"        env: {{GH_TOKEN: {'0a1b2c3d' * 5}}}\n"), flow("true", more="        env: {GH_TOKEN: x}\n"), 10,
    ),
    "a token in a comment": ("hard-coded-credential", flow(f"true # {'github_pat_' + '1aB2cD' * 8}"), flow("true # github_pat_" + "x" * 30), 9),
    "a key in a script": (
        "hard-coded-credential", flow(f"cat <<E\n-----BEGIN {'RSA'} PRIVATE KEY-----\nE"), flow('printf %s "$KEY"'), 10,
    ),
    "a password in an address": (
        "hard-coded-credential", flow("git push https://ann:hunter22@git.example.org/r"),
        flow("git push https://x:${TOKEN}@git.example.org/r\npsql postgres://postgres:postgres@db/x postgres://a:postgres@127.0.0.1/x"), 9,
    ),
    "a key of a cloud": ("hard-coded-credential", flow(f"aws {'AKIA' + 'Q3EGRTZ2MX7KLPBW'}"), flow("aws AKIAIOSFODNN7EXAMPLE"), 9),
    "git without a checkout": ("no-checkout", flow("git log -1"), flow("git log -1", before="      - uses: actions/checkout@v4\n"), 9),
}  # fmt: skip


@pytest.mark.parametrize("case", PAIRS)
def test_a_defect_is_found_where_it_stands_and_its_mended_form_is_none(case: str) -> None:
    code, bad, good, line = PAIRS[case]

    found = [defect for defect in look(bad).defects if defect.code == code]

    assert [(defect.where.file, defect.where.line) for defect in found] == [(".github/workflows/0.yml", line)]
    assert found[0].why
    assert found[0].fix
    assert [defect for defect in look(good).defects if defect.code == code] == []


def test_a_credential_is_named_once_a_file_with_each_line_and_its_value_is_never_told() -> None:
    token = "ghs_" + "a1b2c3" * 6
    found = look(
        flow(f"A={token}\nB={token}"), guides=(TextFile("docs/guide.md", f"# Set up\n\nUse {token}\n".encode()),)
    )

    defects = [defect for defect in found.defects if defect.code == "hard-coded-credential"]

    assert [(str(one.where), [str(also) for also in one.also]) for one in defects] == [
        (".github/workflows/0.yml:9", [".github/workflows/0.yml:10"]),
        ("docs/guide.md:3", []),
    ]
    assert {one.severity for one in defects} == {"high"}
    assert token not in repr(defects)


def test_two_workflows_that_decide_the_same_are_named_together() -> None:
    push = f'gh issue edit 1 --add-label late {R}\necho "{{}}" > data/all.json\ncd data\ngit add .\ngit push'
    found = [
        defect for defect in look(flow(push), flow(push), flow("echo x")).defects if defect.code == "two-authorities"
    ]

    assert sorted(defect.what.partition(" is decided")[0] for defect in found) == [
        "the file data/all.json",
        "the label late",
    ]
    assert [where.file for where in found[0].also] == [".github/workflows/1.yml"]


def test_merged_and_not_merged_are_two_events() -> None:
    def closed(merged: str) -> str:
        return (
            "on: {pull_request: {types: [closed]}}\njobs:\n  a:\n"
            f"    if: github.event.pull_request.merged == {merged}\n    steps:\n      - run: gh issue close 1\n"
        )

    assert "two-authorities" not in {defect.code for defect in look(closed("true"), closed("false")).defects}
    assert "two-authorities" in {defect.code for defect in look(closed("true"), closed("true")).defects}


def test_variables_are_compared_between_guide_workflow_and_repository() -> None:
    reads = flow(
        f'gh issue edit 1 --milestone "$M" {R}\necho "$TEAM_MAX_AGE"',
        more="        env: {M: '${{ vars.TEAM_STALE_AFTER_DAYS }}', GH_TOKEN: x}\n",
    )
    guide = TextFile("docs/guide.md", b"# Setting up\n\nSet `TEAM_STALED_AFTER_DAYS`, TEAM_MAX_AGE and TEAM_COLOUR.\n")

    found = look(reads, guides=(guide,), variables={"TEAM_MAX_AGE": "3"})

    assert {variable.name: variable.is_unread for variable in found.variables} == {
        "TEAM_COLOUR": True,
        "TEAM_MAX_AGE": True,
        "TEAM_STALED_AFTER_DAYS": True,
        "TEAM_STALE_AFTER_DAYS": False,
    }
    unread = {defect.what: defect.where for defect in found.defects if defect.code == "variable-unread"}
    assert "TEAM_STALE_AFTER_DAYS is what a workflow reads" in " ".join(unread)
    assert all((where.file, where.line) == ("docs/guide.md", 3) for where in unread.values())
    assert ["$TEAM_MAX_AGE is read" in d.what for d in found.defects if d.code == "variable-not-handed-over"] == [True]


def test_issues_nobody_closes_are_counted() -> None:
    opens = flow(f'gh issue create --title "Check: $(date)" --label check --body x {R}')
    issues = tuple(
        Issue(IssueRef("o/r", number), title="Check: 1", labels=("check",), state="closed" if number == 1 else "open")
        for number in range(1, 5)
    )

    found = [defect for defect in look(opens, issues=issues).defects if defect.code == "issues-left-open"]

    assert [defect.what.split()[0] for defect in found] == ["3"]
    sweeps = flow(f"gh issue close 7 {R}")
    assert "issues-left-open" not in {defect.code for defect in look(opens, sweeps, issues=issues).defects}


def test_records_that_are_no_json_or_say_nothing_as_something_are_named() -> None:
    telemetry = (
        Recorded("a.json", b'{"updated": ,}'),
        Recorded("b.json", b'{"missing": [""]}'),
        Recorded("c.json", b"{}"),
    )

    codes = {defect.code: defect.where.file for defect in look(telemetry=telemetry).defects}

    assert codes == {"record-not-json": "a.json", "record-says-nothing-as-something": "b.json"}
