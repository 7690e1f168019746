"""What is made of raw lines by the analytical engine: rows that count, folded by piece to what the figures need.

Text compares by code point, days are the first ten characters of a stamp in UTC: nothing depends on locale, time zone,
number of threads or order of files. Folds of pieces add up to the fold of all of them, as no two pieces share an event
or have records of one repository on days that lie between the other's (`tassist.dashboard.pieces` sees to that).
"""

from __future__ import annotations

import hashlib

from tassist.dashboard import lines
from tassist.telemetry.counted import LIMITS_MS

_STATE = (
    'STRUCT("labels" VARCHAR[], milestone VARCHAR, "state" VARCHAR, track VARCHAR, title VARCHAR, created_at VARCHAR, '
    "updated_at VARCHAR, closed_at VARCHAR, milestone_due_on VARCHAR, milestone_state VARCHAR, is_pull_request BOOLEAN, "
    "seen_at VARCHAR)"
)
_DECISIONS = """'[{"rule": "VARCHAR", "outcome": "VARCHAR", "reason": "VARCHAR"}]'"""
_CHANGES = """'[{"field": "VARCHAR", "before": "VARCHAR", "after": "VARCHAR", "rule": "VARCHAR"}]'"""
_COUNTS = """'"MAP(VARCHAR, BIGINT)"'"""
_WRITTEN = (
    """'[{"at": "VARCHAR", "run_id": "VARCHAR", "issue_number": "BIGINT", "field": "VARCHAR", "before": "VARCHAR", """
    """"after": "VARCHAR", "rule": "VARCHAR", "undone": "BOOLEAN"}]'"""
)
_SEEN = f"""'"{_STATE.replace('"', chr(92) + '"')}"'"""


def _bucket(name: str, spent: str) -> str:
    """The bucket of a duration as `tassist.telemetry.counted` names it; NULL where there is none."""
    steps = " ".join(f"WHEN {spent} <= {limit} THEN '{name}.le_{limit}'" for limit in LIMITS_MS)
    return f"CASE WHEN {spent} IS NULL THEN NULL {steps} ELSE '{name}.more' END"


FLAWED = "SELECT file, piece, count(*) FROM raw WHERE NOT good GROUP BY file, piece ORDER BY file"
DROP_FLAWED = "DELETE FROM raw WHERE NOT good"
DROP_OTHER_REPOS = (
    "DELETE FROM raw WHERE repo <> '-/-' AND NOT list_contains(?, lower(repo)) "
    "AND NOT list_contains(?, lower(split_part(repo, '/', 1)))"
)
WANTED = (
    "AND (repo = '-/-' OR lower(repo) IN (SELECT name FROM wanted) "
    "OR lower(split_part(repo, '/', 1)) IN (SELECT name FROM wanted))"
)
DROP_LATER = "DELETE FROM raw WHERE left(ts, 10) > ?"
REPEATED = "CREATE OR REPLACE TEMP TABLE repeated AS SELECT hash(event_id) AS h FROM raw GROUP BY h HAVING count(*) > 1"
COUNT_REPEATED = "SELECT count(*) FROM repeated"
# Which copy counts must not depend on the order of files: the one whose text sorts first.
DROP_REPEATED = """
DELETE FROM raw WHERE rowid IN (SELECT rid FROM (
  SELECT rowid AS rid, row_number() OVER (PARTITION BY event_id ORDER BY ts, CAST(struct_pack(
    type, repo, issue, outcome, reason, decisions, changes, cause, deliveries, "state", reads, writes, duration, latency,
    subject, counts, issues, origin, written, run_id) AS VARCHAR)) AS place
  FROM raw WHERE hash(event_id) IN (SELECT h FROM repeated)) WHERE place > 1)
"""

SAID = f"""
CREATE OR REPLACE TEMP TABLE said AS SELECT said, list_transform(made, lambda d: {{'rule': d.rule, 'outcome': d.outcome}}) AS made,
  list_filter(made, lambda d: d.outcome IN ('applied', 'warned', 'blocked', 'failed')) AS notable
FROM (SELECT said, json_transform(any_value(decisions), {_DECISIONS}) AS made FROM raw WHERE said IS NOT NULL GROUP BY said)
"""  # noqa: S608 – the same
"""Decisions as they stand in the records, each text once: most runs of an issue say what the one before said."""

TABLES = {
    "ids": "piece INTEGER, h UBIGINT",
    "totals": "piece INTEGER, repo VARCHAR, origin VARCHAR, records BIGINT, folded BIGINT, first VARCHAR, last VARCHAR, "
    "first_day DATE, last_day DATE",
    "counted": "piece INTEGER, repo VARCHAR, day DATE, name VARCHAR, n BIGINT",
    "states": f"piece INTEGER, repo VARCHAR, issue BIGINT, day DATE, newest VARCHAR, seen {_STATE}",
    "made": 'piece INTEGER, repo VARCHAR, issue BIGINT, "at" VARCHAR, run_id VARCHAR, event_id VARCHAR, place BIGINT, '
    'field VARCHAR, "before" VARCHAR, "after" VARCHAR, rule VARCHAR, undone BOOLEAN',
    "runs": "piece INTEGER, repo VARCHAR, issue BIGINT, ts VARCHAR, "
    "bad STRUCT(ts VARCHAR, event_id VARCHAR, outcome VARCHAR, reason VARCHAR)",
    "news": "piece INTEGER, repo VARCHAR, type VARCHAR, ts VARCHAR, subject VARCHAR, outcome VARCHAR, reason VARCHAR, "
    "run_id VARCHAR, event_id VARCHAR, counts MAP(VARCHAR, BIGINT)",
    "seen": "piece INTEGER, repo VARCHAR, name VARCHAR, r STRUCT(ts VARCHAR, event_id VARCHAR, issue BIGINT, reason VARCHAR)",
}
"""What is folded, by piece."""

BEHIND = 8
"""Records shown behind one figure, the newest."""

# What legacy automation did is no run of ours: imported records tell how issues were, and nothing else.
_COUNTED = f"""
WITH own AS NOT MATERIALIZED (SELECT * FROM raw WHERE origin = '' AND type <> 'day_aggregate'),
heads AS MATERIALIZED (
  SELECT piece, repo, day, type, outcome, cause, count(*) AS n, sum(deliveries) AS deliveries,
    sum(reads) AS reads, sum(writes) AS writes FROM own GROUP BY ALL),
decided AS (
  SELECT piece, repo, day, d.rule AS rule, d.outcome AS outcome, sum(n) AS n
  FROM (SELECT piece, repo, day, n, unnest(made) AS d FROM (
    SELECT piece, repo, day, said, count(*) AS n FROM own WHERE said IS NOT NULL GROUP BY ALL)
    JOIN said USING (said)) GROUP BY ALL),
changed AS (
  SELECT piece, repo, day, c.field AS field, count(*) AS n
  FROM (SELECT piece, repo, day, unnest(json_transform(changes, {_CHANGES})) AS c FROM own WHERE changes IS NOT NULL)
  GROUP BY ALL),
spent AS MATERIALIZED (
  SELECT piece, repo, day, {_bucket("duration_ms", "duration")} AS duration, {_bucket("latency_ms", "latency")} AS latency,
    count(*) AS n FROM own WHERE duration IS NOT NULL OR latency IS NOT NULL GROUP BY ALL),
own_counts AS (
  SELECT piece, repo, day, type, unnest(map_entries(json_transform(counts, {_COUNTS}))) AS item FROM own
  WHERE counts IS NOT NULL),
folded AS (
  SELECT piece, repo, day, unnest(map_entries(json_transform(counts, {_COUNTS}))) AS item FROM raw
  WHERE origin = '' AND type = 'day_aggregate'),
everything(piece, repo, day, name, n) AS (
  SELECT piece, repo, day, 'records', n FROM heads
  UNION ALL SELECT piece, repo, day, type, n FROM heads
  UNION ALL SELECT piece, repo, day, type || '.' || outcome, n FROM heads
  UNION ALL SELECT piece, repo, day, 'trigger.' || cause, n FROM heads WHERE cause IS NOT NULL
  UNION ALL SELECT piece, repo, day, 'deliveries', deliveries FROM heads
  UNION ALL SELECT piece, repo, day, 'reads', reads FROM heads
  UNION ALL SELECT piece, repo, day, 'writes', writes FROM heads
  UNION ALL SELECT piece, repo, day, 'rule.' || rule || '.' || outcome, n FROM decided
    WHERE rule IS NOT NULL AND outcome IS NOT NULL
  UNION ALL SELECT piece, repo, day, 'change.' || field, n FROM changed WHERE field IS NOT NULL
  UNION ALL SELECT piece, repo, day, duration, n FROM spent WHERE duration IS NOT NULL
  UNION ALL SELECT piece, repo, day, latency, n FROM spent WHERE latency IS NOT NULL
  UNION ALL SELECT piece, repo, day, 'sum.' || type || '.' || item.key, item.value FROM own_counts
  UNION ALL SELECT piece, repo, day, 'sink.' || coalesce(subject, '') || '.sink_failure', 1 FROM own
    WHERE type = 'sink_failure'
  UNION ALL SELECT piece, repo, day, item.key, item.value FROM folded)
SELECT piece, repo, day, name, CAST(sum(n) AS BIGINT) AS n FROM everything GROUP BY ALL HAVING sum(n) <> 0
"""  # noqa: S608 – the same
# Of the states of an issue at the ends of days, those that are others than the day before's, and the last one.
_STATES = f"""
WITH folded AS MATERIALIZED (
  SELECT piece, repo, TRY_CAST(item.key AS BIGINT) AS issue, day, coalesce(item.value->>'seen_at', ts) AS ts, event_id,
    hash(CAST(item.value AS VARCHAR)) AS known, CAST(item.value AS VARCHAR) AS text FROM (
    SELECT piece, repo, day, ts, event_id, unnest(map_entries(json_transform(issues, '"MAP(VARCHAR, JSON)"'))) AS item
    FROM raw WHERE issues IS NOT NULL)
  WHERE TRY_CAST(item.key AS BIGINT) > 0 AND item.value->>'state' IN ('open', 'closed')),
named AS NOT MATERIALIZED (
  SELECT piece, repo, issue, day, ts, event_id, known FROM raw WHERE known IS NOT NULL AND issue > 0
  UNION ALL SELECT piece, repo, issue, day, ts, event_id, known FROM folded),
told AS MATERIALIZED (
  SELECT known, json_transform(any_value(text), {_SEEN}) AS seen FROM (
    SELECT known, any_value("state") AS text FROM raw WHERE known IS NOT NULL GROUP BY known
    UNION ALL SELECT known, text FROM folded) GROUP BY known),
best AS MATERIALIZED (
  SELECT piece, repo, issue, day, max(ts) AS ts, arg_max(known, ts || ' ' || event_id) AS known
  FROM named GROUP BY piece, repo, issue, day),
newest AS (SELECT piece, repo, issue, max(ts) AS newest FROM best GROUP BY piece, repo, issue),
-- Texts that are the same say the same; of the others it is looked up whether they do.
turned AS (
  SELECT *, lag(known) OVER w IS NULL AS first, lead(day) OVER w IS NULL AS last
  FROM best WINDOW w AS (PARTITION BY piece, repo, issue ORDER BY day)
  QUALIFY first OR last OR known <> lag(known) OVER w),
marked AS (
  SELECT piece, repo, issue, day, newest, seen, first OR last
      OR seen."state" <> lag(seen."state") OVER w
      OR coalesce(seen.track, '') <> lag(coalesce(seen.track, '')) OVER w
      OR coalesce(seen.milestone, '') <> lag(coalesce(seen.milestone, '')) OVER w
      OR coalesce(seen.is_pull_request, false) <> lag(coalesce(seen.is_pull_request, false)) OVER w AS kept
  FROM turned JOIN told USING (known) JOIN newest USING (piece, repo, issue) WINDOW w AS (PARTITION BY piece, repo, issue ORDER BY day))
SELECT piece, repo, issue, day, newest, seen FROM marked WHERE kept
"""  # noqa: S608 – the same
FOLD = {
    "ids": "SELECT piece, hash(event_id) FROM raw",
    "totals": f"""
SELECT piece, repo, origin, count(*) FILTER (type <> 'day_aggregate'),
  CAST(coalesce(sum(json_transform(counts, {_COUNTS})['records']) FILTER (type = 'day_aggregate'), 0) AS BIGINT), min(ts), max(ts), min(day), max(day)
FROM raw GROUP BY ALL
""",  # noqa: S608 – the same
    "counted": _COUNTED,
    "states": _STATES,
    "made": f"""
SELECT piece, repo, issue, ts, run_id, event_id, place, c.field, c."before", c."after", coalesce(c.rule, ''), type = 'run_undone'
FROM (SELECT piece, repo, issue, ts, run_id, event_id, type, unnest(changes) AS c, generate_subscripts(changes, 1) AS place
  FROM (SELECT * REPLACE (json_transform(changes, {_CHANGES}) AS changes) FROM raw
    WHERE changes IS NOT NULL AND type IN ('run', 'run_undone') AND origin = ''))
WHERE c.field IS NOT NULL AND ts IS NOT NULL AND issue > 0
UNION ALL
SELECT piece, repo, c.issue_number, c."at", c.run_id, event_id, place, c.field, c."before", c."after", coalesce(c.rule, ''),
  coalesce(c.undone, false)
FROM (SELECT piece, repo, event_id, unnest(written) AS c, generate_subscripts(written, 1) AS place
  FROM (SELECT piece, repo, event_id, json_transform(written, {_WRITTEN}) AS written FROM raw
    WHERE written IS NOT NULL AND origin = ''))
WHERE c.field IS NOT NULL AND c."at" IS NOT NULL AND c.issue_number > 0
""",  # noqa: S608 – the same
    "runs": """
SELECT piece, repo, issue, max(ts), max(struct_pack(ts, event_id, outcome, reason)) FILTER (outcome <> 'success')
FROM raw WHERE type = 'run' AND origin = '' AND issue > 0 GROUP BY piece, repo, issue
""",
    "news": f"""
SELECT piece, repo, type, ts, subject, outcome, reason, run_id, event_id, json_transform(counts, {_COUNTS}) FROM raw
WHERE type IN ('migration_compared', 'migration_step', 'setup_step', 'records_lost')
  OR (type = 'config_validated' AND (ts, event_id) IN (
    SELECT max((ts, event_id)) FROM raw WHERE type = 'config_validated' GROUP BY piece, repo))
  OR (type IN ('sink_failure', 'sweep_finished', 'catch_up_finished') AND (ts, event_id) IN (
    SELECT max((ts, event_id)) FROM raw WHERE type IN ('sink_failure', 'sweep_finished', 'catch_up_finished')
    GROUP BY piece, repo, type, subject))
""",  # noqa: S608 – the same
    "seen": f"""
WITH chosen AS (
  SELECT piece, repo, type || '.' || outcome AS name, ts, issue, reason, event_id FROM raw
  WHERE origin = '' AND type <> 'day_aggregate' AND (type <> 'run' OR outcome <> 'success')
  UNION ALL
  SELECT piece, repo, 'rule.' || d.rule || '.' || d.outcome, ts, issue, coalesce(nullif(d.reason, ''), reason), event_id FROM (
    SELECT piece, repo, ts, issue, reason, event_id, unnest(notable) AS d
    FROM raw JOIN (SELECT said, notable FROM said WHERE len(notable) > 0) told USING (said)
    WHERE origin = ''))
SELECT piece, repo, name, unnest(max(struct_pack(ts, event_id, issue, reason), {BEHIND})) FROM chosen WHERE name IS NOT NULL
GROUP BY piece, repo, name
""",  # noqa: S608 – the same
}
"""By table: the question that folds `raw`."""

DIGEST = hashlib.sha256("\0".join((lines.READ_CAREFULLY, SAID, *TABLES.values(), *FOLD.values())).encode()).hexdigest()
"""Changes whenever folds would come out otherwise."""
