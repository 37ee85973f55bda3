-- name: lock
-- One process at a time; the same lock as that of the migrations. Held until the end of the transaction.
SELECT pg_advisory_xact_lock(7305817261514715237)

-- name: there
-- Whether the table of before is still there.
SELECT to_regclass('records_by_time') IS NOT NULL

-- name: oldest
-- Its oldest partition that is left.
SELECT c.relname
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent IN (to_regclass('records_market_by_time'), to_regclass('records_engine_by_time'))
ORDER BY c.relname
LIMIT 1

-- name: copy
-- Its records, the first of each id.
INSERT INTO records (record_id, event, class, symbol, event_type, payload, ts, stream, entry_id, received_at)
SELECT DISTINCT ON (record_id)
    record_id, event, class, symbol, event_type, payload, ts, stream, entry_id, received_at
FROM {partition}
ORDER BY record_id, received_at
ON CONFLICT DO NOTHING

-- name: keep_conflicts
-- Those that have the id of another record and another content.
INSERT INTO event_conflicts (event_id, event, payload, ts, stream, entry_id, received_at)
SELECT o.record_id, o.event, o.payload, o.ts, o.stream, o.entry_id, o.received_at
FROM {partition} o
JOIN records r ON
    r.record_id = o.record_id AND (r.class = 'market') = (o.class = 'market') AND r.class <> 'desk'
WHERE (o.event, o.payload) IS DISTINCT FROM (r.event, r.payload)
ORDER BY o.record_id, o.received_at
ON CONFLICT (event_id, payload_hash) DO NOTHING

-- name: drop
-- It is empty now, in effect.
DROP TABLE {partition}

-- name: finish
-- Nothing is left.
DROP TABLE records_by_time
