"""The configurations of the simulated repositories; together they use every rule that writes."""

from __future__ import annotations

_HEAD = """\
schema_version: "1.0"
tracks:
  - {id: main, label: track/main, default: true}
  - {id: side, label: track/side, match: {title: ["^side:"]}, milestone: Sprint}
labels:
  - {name: phase-1, description: "", color: "1D76DB"}
  - {name: phase-2, description: "", color: "1D76DB"}
  - {name: phase-3, description: "", color: "1D76DB"}
  - {name: priority/low, description: "", color: "1D76DB"}
  - {name: priority/medium, description: "", color: "1D76DB"}
  - {name: priority/high, description: "", color: "1D76DB"}
  - {name: state/open, description: "", color: "1D76DB"}
  - {name: state/done, description: "", color: "1D76DB"}
  - {name: state/stale, description: "", color: "1D76DB"}
  - {name: state/pinned, description: "", color: "1D76DB"}
milestones:
  - {title: "Phase 1"}
  - {title: "Phase 2"}
  - {title: "Phase 3"}
  - {title: "Sprint"}
  - {title: "Old"}
"""
_STALE = """\
stale:
  enabled: true
  days_until_stale: 2
  days_until_close: 6
  stale_label: state/stale
  exempt_labels: [state/pinned]
  comment: "No activity for {days} days."
"""
NEWEST = (
    _HEAD
    + """\
enforcement:
  exclusivity:
    track: {mode: enforce, strategy: newest}
    phase: {mode: enforce, strategy: newest}
    priority: {mode: enforce, strategy: highest, order: [priority/low, priority/medium, priority/high]}
    area: {mode: warn, prefix: "area/"}
  phase_milestones: {phase-1: "Phase 1", phase-2: "Phase 2", phase-3: "Phase 3"}
self_healing: {enabled: true, normalize_labels: true, fix_missing_track: true, fix_missing_milestone: true}
"""
    + _STALE
)
HIGHEST = (
    _HEAD
    + """\
enforcement:
  exclusivity:
    track: {mode: enforce, strategy: first}
    phase: {mode: enforce, strategy: highest}
    priority: {mode: enforce, strategy: newest}
  phase_milestones: {phase-1: "Phase 1", phase-2: "Old"}
  track_milestones: {track/main: "Sprint"}
self_healing: {enabled: true, fix_missing_track: true}
"""
)
LOWEST = (
    _HEAD
    + """\
enforcement:
  exclusivity:
    track: {mode: enforce, strategy: newest}
    phase: {mode: enforce, strategy: lowest}
    state: {mode: enforce, strategy: newest, terminal: [state/done]}
self_healing: {enabled: true, fix_missing_track: true}
"""
    + _STALE
)
CONFIGS = (NEWEST, HIGHEST, LOWEST)
