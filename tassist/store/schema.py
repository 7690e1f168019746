"""The tables of the journal, their version, and the steps that bring an older file forward.

A file of a newer version is refused: what an older program would do to it is not known.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from engine.problems import Problem, ProblemError

APPLICATION_ID = 0x74617373
"""Marks the file as ours ("tass"), so that another program's database is never taken for the journal."""

_STEP_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- One row for each delivery. Bodies live apart, so that lists and scans do not read them.
CREATE TABLE deliveries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  delivery_id TEXT NOT NULL UNIQUE,
  event TEXT NOT NULL,
  action TEXT NOT NULL DEFAULT '',
  installation_id INTEGER NOT NULL DEFAULT 0,
  repo_id INTEGER NOT NULL DEFAULT 0,
  repo TEXT NOT NULL DEFAULT '',
  sender TEXT NOT NULL DEFAULT '',
  sender_id INTEGER NOT NULL DEFAULT 0,
  received_at INTEGER NOT NULL,             -- microseconds since 1970, UTC
  headers TEXT NOT NULL DEFAULT '{}',
  size INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'stored'
    CHECK (state IN ('stored', 'waiting', 'done', 'ignored', 'dead', 'quarantined')),
  reason TEXT,
  run_id TEXT,
  handled_at INTEGER,
  duplicates INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX deliveries_unsorted ON deliveries (seq) WHERE state = 'stored';
CREATE INDEX deliveries_repo ON deliveries (repo_id, seq);
CREATE TABLE bodies (seq INTEGER PRIMARY KEY REFERENCES deliveries (seq), body BLOB NOT NULL);

-- Which issues a delivery asks to look at, and which run did.
CREATE TABLE looks (
  seq INTEGER NOT NULL REFERENCES deliveries (seq),
  repo_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'dead', 'dropped')),
  run_id TEXT,
  PRIMARY KEY (seq, repo_id, number)
) WITHOUT ROWID;
CREATE INDEX looks_waiting ON looks (repo_id, number, seq) WHERE state = 'waiting';
CREATE INDEX looks_issue ON looks (repo_id, number, seq);

-- The queue: one row for each issue that waits for a look.
CREATE TABLE lanes (
  repo_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  repo TEXT NOT NULL,
  installation_id INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,      -- looks that ended in an error worth a retry
  starts INTEGER NOT NULL DEFAULT 0,        -- looks that began; far more than attempts means the process died in them
  not_before INTEGER NOT NULL DEFAULT 0,    -- microseconds since 1970; 0: at once
  reason TEXT,
  PRIMARY KEY (repo_id, number)
) WITHOUT ROWID;
CREATE INDEX lanes_ready ON lanes (repo_id, not_before, first_seq);

-- Runs, and the ledger of what they wrote: the intent before each write, what became of it after.
CREATE TABLE runs (
  run_id TEXT PRIMARY KEY,
  repo_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  repo TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'finished')),
  trigger TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  outcome TEXT,
  reason TEXT,
  result TEXT
) WITHOUT ROWID;
CREATE INDEX runs_issue ON runs (repo_id, number, started_at);
CREATE INDEX runs_running ON runs (repo_id, number) WHERE state = 'running';
CREATE TABLE effects (
  run_id TEXT NOT NULL REFERENCES runs (run_id),
  ordinal INTEGER NOT NULL,
  effect TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('intended', 'applied', 'already', 'failed')),
  inverse TEXT,
  before TEXT,
  after TEXT,
  writes INTEGER NOT NULL DEFAULT 0,
  problem TEXT,
  at INTEGER NOT NULL,
  PRIMARY KEY (run_id, ordinal)
) WITHOUT ROWID;

-- Telemetry on its way to the sinks.
CREATE TABLE records (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id TEXT NOT NULL UNIQUE,
  run_id TEXT,
  line BLOB NOT NULL
);
CREATE TABLE cursors (sink TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
"""

_STEP_2 = """
-- What GitHub last said about an installation: its lanes wait while it is suspended.
CREATE TABLE installations (
  installation_id INTEGER PRIMARY KEY,
  account TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL CHECK (state IN ('active', 'suspended', 'deleted')),
  changed_at INTEGER NOT NULL
);
CREATE INDEX lanes_installation ON lanes (installation_id);
"""

_STEP_3 = """
-- Sweeps: looks at every open issue of many repositories, a few repositories at a time, so that a killed one goes on.
ALTER TABLE lanes ADD COLUMN sweep TEXT NOT NULL DEFAULT '';
ALTER TABLE lanes ADD COLUMN asked_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX lanes_sweep ON lanes (sweep, repo_id) WHERE sweep <> '';
CREATE TABLE sweeps (
  sweep_id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('asked', 'nightly', 'gap', 'installed')),
  scope TEXT NOT NULL,                      -- JSON: which repositories
  state TEXT NOT NULL CHECK (state IN ('listing', 'open', 'finished')),
  begun_at INTEGER NOT NULL,
  ended_at INTEGER
) WITHOUT ROWID;
CREATE TABLE sweep_repos (
  sweep_id TEXT NOT NULL REFERENCES sweeps (sweep_id),
  repo_id INTEGER NOT NULL,
  repo TEXT NOT NULL,
  installation_id INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'open', 'done', 'dropped')),
  begun_at INTEGER,
  issues INTEGER NOT NULL DEFAULT 0,
  looked INTEGER NOT NULL DEFAULT 0,
  changed INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (sweep_id, repo_id)
) WITHOUT ROWID;
CREATE INDEX sweep_repos_left ON sweep_repos (repo_id) WHERE state IN ('waiting', 'open');
"""

_STEP_4 = """
-- What retention looks for, by age; none of these is touched on the way of a delivery to its answer.
CREATE INDEX deliveries_handled ON deliveries (handled_at, seq) WHERE state IN ('done', 'ignored');
CREATE INDEX deliveries_given_up ON deliveries (received_at, seq) WHERE state IN ('dead', 'quarantined');
CREATE INDEX runs_started ON runs (started_at);
CREATE INDEX sweeps_ended ON sweeps (ended_at) WHERE state = 'finished';
"""

_STEP_5 = """
-- What the console looks for: the deliveries of one event, page by page, and the runs that want attention.
CREATE INDEX deliveries_event ON deliveries (event, seq);
CREATE INDEX runs_trouble ON runs (started_at) WHERE outcome IN ('partial', 'blocked', 'failed');
"""

_STEP_6 = """
-- What GitHub is to be asked about an installation or a repository: deliveries about them are only a reason to ask.
CREATE TABLE doubts (
  subject TEXT NOT NULL CHECK (subject IN ('installation', 'repository')),
  id INTEGER NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  claim TEXT NOT NULL DEFAULT '',           -- what a delivery said
  answer TEXT NOT NULL DEFAULT '',          -- what GitHub answered, where that is not believed yet
  asked INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,                  -- 0: settled
  noted_at INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (subject, id)
) WITHOUT ROWID;
CREATE INDEX doubts_due ON doubts (due_at) WHERE due_at > 0;

-- Issues somebody beside the service works on: no look begins until then.
CREATE TABLE holds (
  repo_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  owner TEXT NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (repo_id, number)
) WITHOUT ROWID;

-- Sub-issues, and what each saw of its parent when it was looked at last.
CREATE TABLE children (
  repo_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  repo TEXT NOT NULL,
  installation_id INTEGER NOT NULL,
  parent_repo_id INTEGER NOT NULL,
  parent_number INTEGER NOT NULL,
  seen TEXT NOT NULL,
  PRIMARY KEY (repo_id, number)
) WITHOUT ROWID;
CREATE INDEX children_parent ON children (parent_repo_id, parent_number);

-- Which issues wait longest, however many wait.
CREATE INDEX lanes_first ON lanes (first_seq);
"""

STEPS: tuple[str, ...] = (_STEP_1, _STEP_2, _STEP_3, _STEP_4, _STEP_5, _STEP_6)
"""Step n brings a file of version n to version n + 1; never edited once released."""
VERSION = len(STEPS)


def bring_forward(connection: sqlite3.Connection, path: Path) -> None:
    """Create the tables, or bring an older file to this version in one transaction.

    Raises:
        ProblemError: the file is another program's, or of a newer version.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION_ID and (tables or version or application):
        raise ProblemError(
            Problem(
                code="store-not-ours",
                what=f"{path} is a database of another program",
                fix="choose another folder with --home",
            )
        )
    if version > VERSION:
        raise ProblemError(
            Problem(
                code="store-newer",
                what=f"{path} was written by a newer tassist (schema version {version}, this one knows {VERSION})",
                why="an older program cannot know what it would break",
                fix="run the newer tassist, or choose another folder with --home",
            )
        )
    if version == VERSION:
        return
    script = "".join(STEPS[version:])
    connection.executescript(
        f"BEGIN IMMEDIATE;\n{script}\nPRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {VERSION};\nCOMMIT;"
    )
