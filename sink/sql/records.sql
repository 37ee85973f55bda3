-- name: partitions
-- Make the partitions of some WIB days where they are missing.
SELECT ensure_record_partitions(%(days)s)

-- name: stage
-- A session-private copy of the table, for batches that may hold keys which are already there.
CREATE TEMP TABLE IF NOT EXISTS stage_records
    (position INTEGER, LIKE records INCLUDING DEFAULTS) ON COMMIT DELETE ROWS;
TRUNCATE stage_records

-- name: merge
-- The first of each new record goes in, in order of its id, so that two workers cannot lock each other out.
INSERT INTO records (record_id, event, class, symbol, event_type, payload, ts, stream, entry_id)
SELECT DISTINCT ON (record_id, class, ts) record_id, event, class, symbol, event_type, payload, ts, stream, entry_id
FROM stage_records
ORDER BY record_id, class, ts, position
ON CONFLICT DO NOTHING

-- name: days
-- The WIB days that have partitions, oldest first.
SELECT DISTINCT to_date(right(c.relname, 8), 'YYYYMMDD')
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent IN ('records_market'::regclass, 'records_engine'::regclass)
ORDER BY 1
