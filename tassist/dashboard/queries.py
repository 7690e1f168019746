"""The questions put to the analytical engine; every answer is ordered, and made of whole numbers and text.

Text compares by code point, days are the first ten characters of a stamp in UTC: nothing depends on locale, time zone,
number of threads or order of files.
"""

from __future__ import annotations

from typing import get_args

from tassist.telemetry.counted import LIMITS_MS
from tassist.telemetry.events import EventType

_STATE = (
    'STRUCT("labels" VARCHAR[], milestone VARCHAR, "state" VARCHAR, track VARCHAR, title VARCHAR, created_at VARCHAR, '
    "updated_at VARCHAR, closed_at VARCHAR, milestone_due_on VARCHAR, milestone_state VARCHAR, is_pull_request BOOLEAN, "
    "seen_at VARCHAR)"
)
COLUMNS = {
    "schema_version": "VARCHAR",
    "event_id": "VARCHAR",
    "run_id": "VARCHAR",
    "event_type": "VARCHAR",
    "timestamp": "VARCHAR",
    "repo": "VARCHAR",
    "issue_number": "BIGINT",
    "outcome": "VARCHAR",
    "reason": "VARCHAR",
    "decisions": "STRUCT(rule VARCHAR, outcome VARCHAR)[]",
    "changes_made": 'STRUCT(field VARCHAR, "before" VARCHAR, "after" VARCHAR, rule VARCHAR)[]',
    "trigger": "STRUCT(kind VARCHAR, event VARCHAR, delivery_ids VARCHAR[])",
    "state": _STATE,
    "timing": "STRUCT(received VARCHAR, started VARCHAR, finished VARCHAR, reads BIGINT, writes BIGINT)",
    "subject": "VARCHAR",
    "counts": "MAP(VARCHAR, BIGINT)",
    "issues": f"MAP(VARCHAR, {_STATE})",
    "origin": "VARCHAR",
    "written": 'STRUCT("at" VARCHAR, run_id VARCHAR, issue_number BIGINT, field VARCHAR, "before" VARCHAR, '
    '"after" VARCHAR, rule VARCHAR, undone BOOLEAN)[]',
}

_TYPES = ", ".join(f"'{name}'" for name in get_args(EventType))


def _bucket(name: str, begun: str) -> str:
    """The bucket of a duration as `tassist.telemetry.counted` names it; NULL where there is none."""
    spent = f"(epoch_ms(TRY_CAST(left(timing.finished, 23) AS TIMESTAMP)) - epoch_ms(TRY_CAST(left({begun}, 23) AS TIMESTAMP)))"
    steps = " ".join(f"WHEN {spent} <= {limit} THEN '{name}.le_{limit}'" for limit in LIMITS_MS)
    return f"CASE WHEN {spent} IS NULL THEN NULL {steps} ELSE '{name}.more' END"


READ = f"""
CREATE TABLE raw AS SELECT
  filename AS file, event_id, run_id, event_type AS type, "timestamp" AS ts, TRY_CAST(left("timestamp", 10) AS DATE) AS day,
  repo, issue_number AS issue, outcome, reason, decisions, changes_made AS changes,
  CASE WHEN "trigger" IS NULL THEN NULL WHEN coalesce("trigger".event, '') <> '' THEN "trigger".event
    ELSE "trigger".kind END AS cause,
  coalesce(len("trigger".delivery_ids), 0) AS deliveries,
  CASE WHEN "state"."state" IN ('open', 'closed') THEN "state" END AS seen,
  timing, subject, counts, issues, coalesce(origin, '') AS origin, written,
  coalesce(event_id <> '' AND schema_version LIKE '1.%' AND event_type IN ({_TYPES})
    AND "timestamp" LIKE '____-__-__T__:__:__%Z' AND length("timestamp") <= 30
    AND TRY_CAST(left("timestamp", 10) AS DATE) IS NOT NULL
    AND repo LIKE '_%/_%' AND length(repo) <= 255 AND outcome IN ('success', 'partial', 'blocked', 'failed'), false) AS good
FROM read_json(?, format = 'newline_delimited', ignore_errors = true, filename = true,
  columns = {{{", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())}}})
"""  # noqa: S608 – our own words; values are passed beside the query
FLAWED = "SELECT file, count(*) FROM raw WHERE NOT good GROUP BY file ORDER BY file"
DROP_FLAWED = "DELETE FROM raw WHERE NOT good"
LAST = "SELECT max(ts) FROM raw"
DROP_LATER = "DELETE FROM raw WHERE left(ts, 10) > ?"
REPEATED = "CREATE TABLE repeated AS SELECT hash(event_id) AS h FROM raw GROUP BY h HAVING count(*) > 1"
COUNT_REPEATED = "SELECT count(*) FROM repeated"
# Which copy counts must not depend on the order of files: the one whose text sorts first.
DROP_REPEATED = """
DELETE FROM raw WHERE rowid IN (SELECT rid FROM (
  SELECT rowid AS rid, row_number() OVER (PARTITION BY event_id ORDER BY ts, CAST(struct_pack(
    type, repo, issue, outcome, reason, decisions, changes, cause, deliveries, seen, timing, subject, counts, issues,
    origin, written, run_id) AS VARCHAR)) AS place
  FROM raw WHERE hash(event_id) IN (SELECT h FROM repeated)) WHERE place > 1)
"""
TOTALS = """
SELECT count(*) FILTER (type <> 'day_aggregate'), coalesce(sum(counts['records']) FILTER (type = 'day_aggregate'), 0),
  min(ts), max(ts) FROM raw
"""
IMPORTED = """
SELECT repo, origin, sum(CASE WHEN type = 'day_aggregate' THEN coalesce(counts['records'], 0) ELSE 1 END)
FROM raw WHERE origin <> '' GROUP BY ALL ORDER BY ALL
"""
REPOS = "SELECT DISTINCT repo FROM raw WHERE repo <> '-/-' ORDER BY repo"
# What legacy automation did is no run of ours: imported records tell how issues were, and nothing else.
COUNTED = f"""
WITH own AS (SELECT * FROM raw WHERE origin = '' AND type <> 'day_aggregate'),
heads AS (
  SELECT repo, day, type, outcome, cause, count(*) AS n, sum(deliveries) AS deliveries,
    sum(timing.reads) AS reads, sum(timing.writes) AS writes FROM own GROUP BY ALL),
decided AS (
  SELECT repo, day, decisions, count(*) AS n FROM own WHERE len(decisions) > 0 GROUP BY ALL),
changed AS (SELECT repo, day, changes, count(*) AS n FROM own WHERE len(changes) > 0 GROUP BY ALL),
spent AS (
  SELECT repo, day, {_bucket("duration_ms", "timing.started")} AS duration, {_bucket("latency_ms", "timing.received")} AS latency,
    count(*) AS n FROM own WHERE timing.finished IS NOT NULL GROUP BY ALL),
own_counts AS (SELECT repo, day, type, unnest(map_entries(counts)) AS item FROM own WHERE cardinality(counts) > 0),
folded AS (SELECT repo, day, unnest(map_entries(counts)) AS item FROM raw WHERE origin = '' AND type = 'day_aggregate'),
everything(repo, day, name, n) AS (
  SELECT repo, day, 'records', n FROM heads
  UNION ALL SELECT repo, day, type, n FROM heads
  UNION ALL SELECT repo, day, type || '.' || outcome, n FROM heads
  UNION ALL SELECT repo, day, 'trigger.' || cause, n FROM heads WHERE cause IS NOT NULL
  UNION ALL SELECT repo, day, 'deliveries', deliveries FROM heads
  UNION ALL SELECT repo, day, 'reads', reads FROM heads
  UNION ALL SELECT repo, day, 'writes', writes FROM heads
  UNION ALL SELECT repo, day, 'rule.' || d.rule || '.' || d.outcome, n FROM (
    SELECT repo, day, unnest(decisions) AS d, n FROM decided) WHERE d.rule IS NOT NULL AND d.outcome IS NOT NULL
  UNION ALL SELECT repo, day, 'change.' || c.field, n FROM (SELECT repo, day, unnest(changes) AS c, n FROM changed)
    WHERE c.field IS NOT NULL
  UNION ALL SELECT repo, day, duration, n FROM spent WHERE duration IS NOT NULL
  UNION ALL SELECT repo, day, latency, n FROM spent WHERE latency IS NOT NULL
  UNION ALL SELECT repo, day, 'sum.' || type || '.' || item.key, item.value FROM own_counts
  UNION ALL SELECT repo, day, 'sink.' || coalesce(subject, '') || '.sink_failure', 1 FROM own WHERE type = 'sink_failure'
  UNION ALL SELECT repo, day, item.key, item.value FROM folded)
SELECT repo, day, name, CAST(sum(n) AS BIGINT) AS n FROM everything GROUP BY repo, day, name HAVING n <> 0
ORDER BY repo, day, name
"""  # noqa: S608 – the same
STATES = """
CREATE TABLE states AS
WITH every AS (
  SELECT repo, issue, day, ts, event_id, seen FROM raw WHERE seen IS NOT NULL AND issue > 0
  UNION ALL
  SELECT repo, TRY_CAST(item.key AS BIGINT) AS issue, day, coalesce(item.value.seen_at, ts), event_id, item.value FROM (
    SELECT repo, day, ts, event_id, unnest(map_entries(issues)) AS item FROM raw WHERE cardinality(issues) > 0)
  WHERE issue > 0 AND item.value."state" IN ('open', 'closed'))
SELECT repo, issue, day, max(ts) AS ts, arg_max(seen, struct_pack(ts, event_id)) AS seen FROM every GROUP BY repo, issue, day
"""
TURNS = """
SELECT repo, issue, day, seen."state" = 'open' AS open, coalesce(seen.track, '') AS track,
  coalesce(seen.milestone, '') AS milestone, TRY_CAST(left(seen.created_at, 10) AS DATE),
  TRY_CAST(left(seen.closed_at, 10) AS DATE)
FROM states WHERE NOT coalesce(seen.is_pull_request, false)
WINDOW w AS (PARTITION BY repo, issue ORDER BY day)
QUALIFY row_number() OVER w = 1 OR open <> lag(open) OVER w OR track <> lag(track) OVER w OR milestone <> lag(milestone) OVER w
ORDER BY repo, issue, day
"""
NEWEST = """
CREATE TABLE newest AS SELECT repo, issue, max(ts) AS ts, arg_max(seen, day) AS seen FROM states GROUP BY repo, issue
"""
LATEST = """
SELECT repo, issue, ts, seen."state" = 'open', coalesce(seen.track, ''), coalesce(seen.milestone, ''),
  coalesce(seen."labels", []), coalesce(seen.title, ''), coalesce(seen.created_at, ''), coalesce(seen.updated_at, ''),
  coalesce(seen.closed_at, ''), coalesce(seen.milestone_due_on, ''), coalesce(seen.milestone_state, 'open') = 'open',
  coalesce(seen.is_pull_request, false)
FROM newest ORDER BY repo, issue
"""
# A value is one label, or the milestone, or the state. What became of it: the next write of the same value, else the
# issue as it was seen last.
WRITES = """
CREATE TABLE writes AS
WITH every AS (
  SELECT repo, issue, ts AS "at", run_id, event_id, place, c.field AS field, c."before" AS "before", c."after" AS "after",
    coalesce(c.rule, '') AS rule, type = 'run_undone' AS undone
  FROM (SELECT repo, issue, ts, run_id, event_id, type, unnest(changes) AS c, generate_subscripts(changes, 1) AS place
    FROM raw WHERE len(changes) > 0 AND type IN ('run', 'run_undone') AND origin = '')
  UNION ALL
  SELECT repo, c.issue_number, c."at", c.run_id, event_id, place, c.field, c."before", c."after", coalesce(c.rule, ''),
    coalesce(c.undone, false)
  FROM (SELECT repo, event_id, unnest(written) AS c, generate_subscripts(written, 1) AS place FROM raw
    WHERE len(written) > 0 AND origin = '')),
named AS (
  SELECT *, CASE field WHEN 'labels' THEN coalesce("after", "before") ELSE '' END AS value FROM every
  WHERE field IS NOT NULL AND "at" IS NOT NULL AND issue > 0),
followed AS (
  SELECT *, lead("at") OVER w AS next_at, lead("before") OVER w AS next_before, lead("after") OVER w AS next_after,
    lead(undone) OVER w AS next_undone
  FROM named WINDOW w AS (PARTITION BY repo, issue, field, value ORDER BY "at", run_id, place)),
judged AS (
  SELECT f.*, field IN ('labels', 'milestone', 'state') AND NOT undone AND CASE
      WHEN next_at IS NOT NULL THEN next_undone OR (next_after IS NOT DISTINCT FROM f."after")
      WHEN n.seen IS NULL THEN false
      WHEN field = 'labels' THEN list_contains(coalesce(n.seen."labels", []), value) <> (f."after" IS NOT NULL)
      WHEN field = 'milestone' THEN n.seen.milestone IS DISTINCT FROM f."after"
      ELSE n.seen."state" IS DISTINCT FROM f."after" END AS reverted,
    field IN ('labels', 'milestone', 'state') AND NOT undone AND coalesce(NOT next_undone
      AND next_after IS NOT DISTINCT FROM f."before" AND next_before IS NOT DISTINCT FROM f."after"
      AND epoch_ms(TRY_CAST(left(next_at, 19) AS TIMESTAMP)) - epoch_ms(TRY_CAST(left(f."at", 19) AS TIMESTAMP)) <= 86400000,
      false) AS flapped
  FROM followed f LEFT JOIN newest n USING (repo, issue))
SELECT repo, issue, "at", run_id, place, field, coalesce("before", '') AS "before", coalesce("after", '') AS "after", rule,
  undone, coalesce(reverted, false) AS reverted, flapped FROM judged
"""
RULE_DAYS = """
SELECT repo, one AS rule, TRY_CAST(left("at", 10) AS DATE) AS day, count(*), count(*) FILTER (reverted), count(*) FILTER (flapped)
FROM (SELECT *, unnest(string_split(rule, ', ')) AS one FROM writes WHERE NOT undone AND rule <> '')  -- rules may agree
WHERE day IS NOT NULL GROUP BY ALL ORDER BY repo, rule, day
"""
RECENT_WRITES = """
SELECT repo, issue, "at", run_id, field, "before", "after", rule, undone, reverted, flapped FROM writes
QUALIFY row_number() OVER (PARTITION BY repo, issue ORDER BY "at" DESC, run_id DESC, place DESC) <= ?
ORDER BY repo, issue, "at", run_id, place
"""
STUCK = """
WITH runs AS (
  SELECT repo, issue, max(ts) AS ts FROM raw WHERE type = 'run' AND origin = '' AND issue > 0 GROUP BY repo, issue),
bad AS (
  SELECT repo, issue, max(struct_pack(ts, event_id, outcome, reason)) AS found FROM raw
  WHERE type = 'run' AND origin = '' AND outcome <> 'success' AND issue > 0 GROUP BY repo, issue)
SELECT repo, issue, found.ts, found.outcome, coalesce(found.reason, ''), found.event_id
FROM bad JOIN runs USING (repo, issue) LEFT JOIN newest n USING (repo, issue)
WHERE found.ts >= runs.ts AND found.ts >= coalesce(n.ts, '') ORDER BY found.ts DESC, repo, issue
"""
NEWS = """
SELECT repo, type, ts, coalesce(subject, ''), outcome, coalesce(reason, ''), coalesce(run_id, ''), event_id,
  coalesce(counts, MAP {}) FROM raw
WHERE type IN ('migration_compared', 'migration_step', 'setup_step', 'records_lost')
  OR (type = 'config_validated' AND (ts, event_id) IN (
    SELECT max((ts, event_id)) FROM raw WHERE type = 'config_validated' GROUP BY repo))
  OR (type IN ('sink_failure', 'sweep_finished', 'catch_up_finished') AND (ts, event_id) IN (
    SELECT max((ts, event_id)) FROM raw GROUP BY repo, type, subject))
ORDER BY ts, event_id
"""
SEEN = """
WITH chosen AS (
  SELECT repo, type || '.' || outcome AS name, ts, issue, reason, event_id FROM raw
  WHERE origin = '' AND type <> 'day_aggregate' AND (type <> 'run' OR outcome <> 'success')
  UNION ALL
  SELECT repo, 'rule.' || d.rule || '.' || d.outcome, ts, issue, reason, event_id FROM (
    SELECT repo, ts, issue, reason, event_id, unnest(list_filter(decisions, lambda d: d.outcome IN
      ('applied', 'warned', 'blocked', 'failed'))) AS d FROM raw WHERE origin = '' AND len(decisions) > 0)),
best AS (
  SELECT repo, name, unnest(max(struct_pack(ts, event_id, issue, reason), ?)) AS r FROM chosen WHERE name IS NOT NULL
  GROUP BY repo, name)
SELECT repo, name, r.ts, coalesce(r.issue, 0), coalesce(r.reason, ''), r.event_id FROM best
ORDER BY repo, name, r.ts DESC, r.event_id DESC
"""
