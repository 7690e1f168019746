"""The questions put to the folds of all pieces; every answer is ordered, and made of whole numbers and text."""

from __future__ import annotations

TOTALS = "SELECT coalesce(sum(records), 0), coalesce(sum(folded), 0), min(first), max(last) FROM totals"
IMPORTED = """
SELECT repo, origin, CAST(sum(records + folded) AS BIGINT) FROM totals WHERE origin <> '' GROUP BY ALL ORDER BY ALL
"""
REPOS = "SELECT DISTINCT repo FROM totals WHERE repo <> '-/-' ORDER BY repo"
COUNTED = """
SELECT repo, day, name, CAST(sum(n) AS BIGINT) AS n FROM counted GROUP BY repo, day, name HAVING sum(n) <> 0
ORDER BY repo, day, name
"""
# What is needed of a state is taken first: whole states would be sorted along.
TURNS = """
SELECT repo, issue, day, open, track, milestone, TRY_CAST(left(created_at, 10) AS DATE), TRY_CAST(left(closed_at, 10) AS DATE)
FROM (SELECT repo, issue, day, seen."state" = 'open' AS open, coalesce(seen.track, '') AS track,
    coalesce(seen.milestone, '') AS milestone, seen.created_at AS created_at, seen.closed_at AS closed_at
  FROM states WHERE NOT coalesce(seen.is_pull_request, false))
WINDOW w AS (PARTITION BY repo, issue ORDER BY day)
QUALIFY row_number() OVER w = 1 OR open <> lag(open) OVER w OR track <> lag(track) OVER w OR milestone <> lag(milestone) OVER w
ORDER BY repo, issue, day
"""
NEWEST = """
CREATE TEMP TABLE newest AS SELECT repo, issue, max(newest) AS ts, arg_max(seen, day) AS seen FROM states GROUP BY repo, issue
"""
LATEST = """
SELECT repo, issue, ts, seen."state" = 'open', coalesce(seen.track, ''), coalesce(seen.milestone, ''),
  coalesce(seen."labels", []), coalesce(seen.title, ''), coalesce(seen.created_at, ''), coalesce(seen.updated_at, ''),
  coalesce(seen.closed_at, ''), coalesce(seen.milestone_due_on, ''), coalesce(seen.milestone_state, 'open') = 'open',
  coalesce(seen.is_pull_request, false)
FROM newest ORDER BY repo, issue
"""
WRITTEN = "SELECT repo, count(*) FROM made GROUP BY repo ORDER BY repo"
# A value is one label, or the milestone, or the state. What became of it: the next write of the same value, else the
# issue as it was seen last.
WRITES = """
CREATE OR REPLACE TEMP TABLE writes AS
WITH named AS (
  SELECT *, CASE field WHEN 'labels' THEN coalesce("after", "before") ELSE '' END AS value FROM made WHERE repo BETWEEN $1 AND $2),
seen_last AS (SELECT * FROM newest WHERE repo BETWEEN $1 AND $2),
followed AS (
  SELECT *, lead("at") OVER w AS next_at, lead("before") OVER w AS next_before, lead("after") OVER w AS next_after,
    lead(undone) OVER w AS next_undone
  FROM named WINDOW w AS (PARTITION BY repo, issue, field, value ORDER BY "at", run_id, place, event_id)),
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
  FROM followed f LEFT JOIN seen_last n USING (repo, issue))
SELECT repo, issue, "at", run_id, event_id, place, field, coalesce("before", '') AS "before", coalesce("after", '') AS "after", rule,
  undone, coalesce(reverted, false) AS reverted, flapped FROM judged
"""
RULE_DAYS = """
SELECT repo, one AS rule, TRY_CAST(left("at", 10) AS DATE) AS day, count(*), count(*) FILTER (reverted), count(*) FILTER (flapped)
FROM (SELECT *, unnest(string_split(rule, ', ')) AS one FROM writes WHERE NOT undone AND rule <> '')  -- rules may agree
WHERE day IS NOT NULL GROUP BY ALL ORDER BY repo, rule, day
"""
WRITTEN_IN = """
SELECT DISTINCT event_id FROM (SELECT *, unnest(string_split(rule, ', ')) AS one FROM writes WHERE NOT undone AND rule <> '')
WHERE TRY_CAST(left("at", 10) AS DATE) IS NOT NULL AND ? IN ('', one)
  AND CASE ? WHEN 'reverted' THEN reverted WHEN 'flapped' THEN flapped ELSE true END
"""
RECENT_WRITES = """
SELECT repo, issue, "at", run_id, field, "before", "after", rule, CASE WHEN undone THEN 'undone' ELSE 'written' END, reverted, flapped
FROM writes QUALIFY row_number() OVER (PARTITION BY repo, issue ORDER BY "at" DESC, run_id DESC, place DESC, event_id DESC) <= ?
ORDER BY repo, issue, "at", run_id, place, event_id
"""
STUCK = """
WITH known AS (SELECT repo, issue, max(ts) AS ts, max(bad) AS found FROM runs GROUP BY repo, issue)
SELECT repo, issue, found.ts, found.outcome, coalesce(found.reason, ''), found.event_id
FROM known LEFT JOIN newest n USING (repo, issue)
WHERE found.ts >= known.ts AND found.ts >= coalesce(n.ts, '') ORDER BY found.ts DESC, repo, issue
"""
NEWS = """
SELECT repo, type, ts, coalesce(subject, ''), outcome, coalesce(reason, ''), coalesce(run_id, ''), event_id,
  coalesce(counts, MAP {}) FROM news
WHERE type IN ('migration_compared', 'migration_step', 'setup_step', 'records_lost')
  OR (type = 'config_validated' AND (ts, event_id) IN (
    SELECT max((ts, event_id)) FROM news WHERE type = 'config_validated' GROUP BY repo))
  OR (type IN ('sink_failure', 'sweep_finished', 'catch_up_finished') AND (ts, event_id) IN (
    SELECT max((ts, event_id)) FROM news GROUP BY repo, type, subject))
ORDER BY ts, event_id
"""
SEEN = """
WITH best AS (SELECT repo, name, unnest(max(r, ?)) AS r FROM seen GROUP BY repo, name)
SELECT repo, name, r.ts, coalesce(r.issue, 0), coalesce(r.reason, ''), r.event_id FROM best
ORDER BY repo, name, r.ts DESC, r.event_id DESC
"""
DOUBTED = "SELECT count(*) FROM ids WHERE piece IN (SELECT piece FROM doubtful)"
# Three questions and not one: put together, they are answered from all events instead of from these few.
SOME = """
CREATE OR REPLACE TEMP TABLE few AS
SELECT h FROM ids WHERE piece IN (SELECT piece FROM doubtful) AND h % ?::UBIGINT = ?::UBIGINT
"""
LIKE_SOME = """
CREATE OR REPLACE TEMP TABLE alike AS
SELECT piece, h FROM ids WHERE h % ?::UBIGINT = ?::UBIGINT AND h IN (SELECT h FROM few)
"""
SHARED = (
    "SELECT DISTINCT piece FROM alike WHERE h IN (SELECT h FROM alike GROUP BY h HAVING count(*) > 1) ORDER BY piece"
)
"""Pieces in which an event stands that stands elsewhere, too (or twice in the piece), one of them being doubtful."""
INTERLEAVED = """
WITH spans AS (SELECT piece, repo, min(first_day) AS first, max(last_day) AS last FROM totals GROUP BY piece, repo)
SELECT DISTINCT a.piece FROM spans a JOIN spans b ON a.repo = b.repo AND a.piece <> b.piece
  AND a.first <= b.last AND b.first <= a.last ORDER BY a.piece
"""
"""Pieces with records of a repository on days between another's."""
