"""A small repository with legacy automation of the recorded family, in our own words and under other names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from engine.config import Config, parse
from engine.model import Issue, IssueRef, Milestone
from migrations.model import Recorded, Snapshot, TextFile

NOW = datetime(2025, 12, 6, 12, tzinfo=UTC)
SYNC = """\
name: Housekeeping
on: {schedule: [{cron: 20 */4 * * *}]}
permissions: {contents: write}
env: {GH_TOKEN: '${{ secrets.ROBOT }}'}
jobs:
  go:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - id: config
        run: |
          echo "A=${{ vars.TEAM_APP_MILESTONE }}" >> $GITHUB_OUTPUT
          echo "B=${{ vars.TEAM_SITE_MILESTONE }}" >> $GITHUB_OUTPUT
      - id: titles
        run: |
          MS=$(gh api "/repos/$GITHUB_REPOSITORY/milestones")
          title() {
            local num="$1"
            echo "$MS" | jq -r ".[] | select(.number == ($num|tonumber)) | .title"
          }
          APP=$(title "${{ steps.config.outputs.A }}")
          SITE=$(title "${{ steps.config.outputs.B }}")
          if [[ -z "$APP" || -z "$SITE" ]]; then exit 1; fi
          echo "APP=$APP" >> $GITHUB_OUTPUT
          echo "SITE=$SITE" >> $GITHUB_OUTPUT
      - run: |
          set -euo pipefail
          APP="${{ steps.titles.outputs.APP }}"
          SITE="${{ steps.titles.outputs.SITE }}"
          gh api "/repos/$GITHUB_REPOSITORY/issues?state=all&per_page=100" > raw.json
          jq '[ .[] | select(.labels[].name == "ours") ]' raw.json > ours.json
          count=$(jq length ours.json)
          for i in $(seq 0 $((count-1))); do
            NUM=$(jq -r ".[$i].number" ours.json)
            LABELS=$(jq -r ".[$i].labels[].name" ours.json | tr '\\n' ' ')
            HAS=$(jq -r ".[$i].milestone.title // \\"\\"" ours.json)
            TO=""
            if [[ "$LABELS" == *"team-app"* ]]; then
              TO="$APP"
            elif [[ "$LABELS" == *"team-site"* ]]; then
              TO="$SITE"
            fi
            if [[ -z "$HAS" && -z "$TO" ]]; then
              gh issue edit "$NUM" --add-label "look-here" --repo "$GITHUB_REPOSITORY"
            fi
            if [[ -n "$TO" ]]; then
              gh issue edit "$NUM" --milestone "$TO" --repo "$GITHUB_REPOSITORY"
            fi
          done
"""
WATCH = """\
name: Night watch
on: {schedule: [{cron: 0 3 * * *}]}
permissions: {contents: read}
env:
  GH_TOKEN: ${{ secrets.ROBOT }}
  APP_MS: ${{ vars.TEAM_APP_MILESTONE }}
  APP_LATE: ${{ vars.TEAM_APP_LATE_DAYS }}
  APP_LOST: ${{ vars.TEAM_APP_LOST_DAYS }}
jobs:
  go:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          set -euo pipefail
          now_ts="$(date -u +%s)"
          look() {
            local label="$1"
            local milestone="$2"
            local late="$3"
            local lost="$4"
            if [ -z "$late" ] || [ -z "$lost" ]; then
              return 0
            fi
            gh api --paginate "/repos/$GITHUB_REPOSITORY/issues" -X GET -F state="open" \\
              -F milestone="$milestone" -F labels="ours,$label" > found.json
            jq -c '.[] | {number, updated_at}' found.json | while read -r row; do
              num=$(echo "$row" | jq -r '.number')
              at=$(date -u -d "$(echo "$row" | jq -r '.updated_at')" +%s)
              age=$(( (now_ts - at) / 86400 ))
              if [ "$age" -ge "$lost" ]; then
                gh issue edit "$num" --add-label "call-somebody" --remove-label "look-here"
              elif [ "$age" -ge "$late" ]; then
                gh issue edit "$num" --add-label "look-here" --remove-label "call-somebody"
              else
                gh issue edit "$num" --remove-label "look-here" --remove-label "call-somebody"
              fi
            done
          }
          look "team-app" "$APP_MS" "$APP_LATE" "$APP_LOST"
"""
GREET = """\
name: Welcome
on: {issues: {types: [opened]}}
permissions: {issues: write}
jobs:
  go:
    runs-on: ubuntu-latest
    steps:
      - run: gh issue edit "$NUMBER" --add-label "ours" --repo "$GITHUB_REPOSITORY"
        env: {GH_TOKEN: '${{ github.token }}', NUMBER: '${{ github.event.issue.number }}'}
"""
CHECK = """\
name: Alive
on: {schedule: [{cron: 0 2 * * *}]}
permissions: {issues: write}
env: {GH_TOKEN: '${{ github.token }}'}
jobs:
  go:
    runs-on: ubuntu-latest
    steps:
      - run: gh issue create --title "Alive? $(date)" --body x --label ours --label alive --repo "$GITHUB_REPOSITORY"
"""
BOARD = """\
name: Cards
on: {pull_request: {types: [closed]}}
permissions: {}
env: {GH_TOKEN: '${{ github.token }}'}
jobs:
  go:
    if: github.event.pull_request.merged == true
    runs-on: ubuntu-latest
    steps:
      - run: |
          OPTION_DONE_ID="47"
          gh api graphql -f query='mutation($o:String!) { updateProjectV2ItemFieldValue(input: {o: $o}) { x } }' -F option=$OPTION_DONE_ID
"""
BUILD = "name: Build\non: push\npermissions: {}\njobs: {a: {runs-on: x, steps: [{run: npm ci && npm test}]}}\n"
CONFIG = """\
schema_version: "1.0"
tracks:
  - {id: app, label: track/app, aliases: [team-app], milestone: "App 1"}
  - {id: site, label: track/site, aliases: [team-site], milestone: "Site 1"}
labels:
  - {name: state/stale, color: "FBCA04", aliases: [look-here]}
  - {name: state/escalated, color: "D93F0B", aliases: [call-somebody]}
milestones: [{title: "App 1"}, {title: "Site 1"}]
enforcement:
  exclusivity: {track: {mode: enforce, strategy: newest}}
  track_milestones: {track/app: "App 1", track/site: "Site 1"}
self_healing: {enabled: true, fix_missing_milestone: false}
stale: {enabled: true, days_until_stale: 3, days_until_escalated: 7}
"""
FILES = {
    "sync.yml": SYNC,
    "watch.yml": WATCH,
    "greet.yml": GREET,
    "check.yml": CHECK,
    "board.yml": BOARD,
    "build.yml": BUILD,
}
VARIABLES = {
    "TEAM_APP_MILESTONE": "1",
    "TEAM_SITE_MILESTONE": "2",
    "TEAM_APP_LATE_DAYS": "3",
    "TEAM_APP_LOST_DAYS": "7",
}
MILESTONES = (Milestone(1, "App 1"), Milestone(2, "Site 1"), Milestone(3, "Later"))


def issue(number: int, *labels: str, milestone: int = 0, days: int = 0, state: str = "open", title: str = "") -> Issue:
    """An issue of the repository, not updated for so many days."""
    return Issue(
        IssueRef("octo/app", number),
        title=title or f"Number {number}",
        state="closed" if state == "closed" else "open",
        labels=labels,
        milestone=next((found for found in MILESTONES if found.number == milestone), None),
        created_at=NOW - timedelta(days=days + 30),
        updated_at=NOW - timedelta(days=days),
        parent_read=True,
    )


def config(text: str = CONFIG) -> Config:
    """The configuration that takes over."""
    found = parse(text)
    assert isinstance(found, Config), found
    return found


def snapshot(*issues: Issue, files: dict[str, str] | None = None, **values: object) -> Snapshot:
    """The repository with these issues."""
    flows = FILES if files is None else files
    given: dict[str, object] = {"variables": VARIABLES, "milestones": MILESTONES, "taken_at": NOW, **values}
    return Snapshot(
        "octo/app",
        "a test",
        issues=issues,
        workflows=tuple(TextFile(f".github/workflows/{name}", text.encode()) for name, text in sorted(flows.items())),
        **given,  # type: ignore[arg-type]  # named by the test
    )


def record(name: str, text: str) -> Recorded:
    """A recorded file."""
    return Recorded(name, text.encode())
