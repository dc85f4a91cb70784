/**
 * The tables of a store. `seq` orders by time of creation where seconds are equal. Statements name the indexes `pending` and `done`:
 * left alone, the planner reads past every result.
 */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS files (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, object TEXT, purpose TEXT, expires_at INTEGER,
  results_of TEXT, results_ok INTEGER, hidden INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS expiring ON files (expires_at) WHERE hidden = 0;
CREATE INDEX IF NOT EXISTS hidden ON files (id) WHERE hidden = 1;
CREATE TABLE IF NOT EXISTS pieces (file TEXT NOT NULL, n INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (file, n)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, key TEXT UNIQUE, request TEXT NOT NULL, object TEXT NOT NULL,
  status TEXT NOT NULL, input TEXT NOT NULL, completed INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
  input_tokens INTEGER NOT NULL DEFAULT 0, cached_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0, reasoning_tokens INTEGER NOT NULL DEFAULT 0,
  cost_usd REAL
);
CREATE INDEX IF NOT EXISTS unfinished ON batches (status) WHERE status IN ('validating', 'in_progress', 'finalizing', 'cancelling');
CREATE TABLE IF NOT EXISTS lines (
  batch TEXT NOT NULL, number INTEGER NOT NULL, custom_id TEXT NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL,
  ok INTEGER, result TEXT, place INTEGER, PRIMARY KEY (batch, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pending ON lines (batch, number) WHERE ok IS NULL;
CREATE INDEX IF NOT EXISTS done ON lines (batch, ok, number) WHERE ok IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS places ON lines (batch, place) WHERE place IS NOT NULL;
PRAGMA user_version = 1;
`;
