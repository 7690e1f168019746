"""The configuration a repository starts with: valid, harmless until somebody says more, and explained line by line."""

from __future__ import annotations

STARTER = """\
# Task Assistant: what shall hold for the issues of this repository.
# Check it with `tassist config validate`; docs/reference/configuration.md of tassist explains every key.
# Text with a colon, a # or only digits in it needs quotes.
schema_version: "1.0"

# Streams of work. An issue carries the label of one track.
tracks:
  - id: sprint
    label: track/sprint
    description: Worked on now
    # How a missing track is inferred: any hit counts. Patterns are RE2 (no lookaround, no backreference).
    # match: {labels: [feature], title: ["(?i)^feat"]}
    # milestone: "Sprint 1"                       # or the newest open one of a form:
    # milestone_pattern: "Sprint {number}"
  - id: backlog
    label: track/backlog
    description: Planned, not scheduled
    default: true                                 # taken where nothing else matches

# Labels that shall exist. `tassist apply` creates and updates them; nothing is ever deleted.
labels:
  - {name: priority/low, description: Nice to have, color: "C2E0C6"}
  - {name: priority/medium, description: Wanted, color: "FBCA04"}
  - {name: priority/high, description: Needed now, color: "D93F0B"}
  - {name: state/pinned, description: Never becomes stale, color: "5319E7"}

# Milestones that shall exist, such as {title: "Sprint 1", due_on: 2026-12-31}
milestones: []

# What may be written to issues. Without this section nothing is: Task Assistant only watches and records.
# mode: enforce (mend it), warn (record it), fail (mark the run failed), off
enforcement:
  exclusivity:
    track: {mode: warn, strategy: newest}         # newest, highest, lowest or first stays
    priority: {mode: warn, strategy: highest, order: [priority/low, priority/medium, priority/high]}
  # phase_milestones: {phase-1: "Phase 1"}
  # track_milestones: {track/sprint: "Sprint 1"}
  # required_labels: [{group: priority, mode: enforce, default: priority/medium}]

# What is mended rather than reported.
# self_healing: {enabled: true, normalize_labels: true, fix_missing_track: true, fix_missing_milestone: false}

# What happens to an issue nobody touches.
# stale:
#   days_until_stale: 30
#   days_until_close: 60
#   exempt_labels: [state/pinned]
#   comment: "No activity for {days} days."

# What a sub-issue takes from its parent: none, soft (record only) or hard (copy).
# inheritance: {mode: soft, copy: [track, milestone]}
"""
