-- name: lock
-- One process migrates at a time; the others wait here. Held until the end of the transaction.
SELECT pg_advisory_xact_lock(7305817261514715237)

-- name: create_ledger
-- The list of migrations that were applied.
CREATE TABLE IF NOT EXISTS schema_migrations (
    number     INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    checksum   TEXT NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
)

-- name: applied
-- What was applied so far.
SELECT number, name, checksum FROM schema_migrations ORDER BY number

-- name: ledger_exists
-- Whether any migration ran here.
SELECT to_regclass('schema_migrations') IS NOT NULL

-- name: record
-- Note one migration.
INSERT INTO schema_migrations (number, name, checksum) VALUES (%s, %s, %s)
