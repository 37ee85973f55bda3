-- name: partitions
-- Make the partitions of some WIB days where they are missing.
SELECT ensure_record_partitions(%(days)s)

-- name: stage
-- A session-private copy of the table, for batches that may hold ids which are already there.
CREATE TEMP TABLE IF NOT EXISTS stage_records
    (position INTEGER, LIKE records INCLUDING DEFAULTS) ON COMMIT DELETE ROWS;
TRUNCATE stage_records

-- name: merge
-- The first of each new record goes in, in order of its id, so that two workers cannot lock each other out.
-- An id is one record of the market, one of the desk, and one of the rest.
INSERT INTO records (record_id, event, class, symbol, event_type, payload, ts, stream, entry_id)
SELECT DISTINCT ON (CASE WHEN class IN ('market', 'desk') THEN class END, record_id)
    record_id, event, class, symbol, event_type, payload, ts, stream, entry_id
FROM stage_records
ORDER BY CASE WHEN class IN ('market', 'desk') THEN class END, record_id, position
ON CONFLICT DO NOTHING

-- name: contradicting
-- How many of the staged records are there with other content.
-- Here and below records are looked up one by one, by their id: LIMIT keeps the planner to it.
SELECT count(*)
FROM stage_records s
CROSS JOIN LATERAL (
    (SELECT event, payload FROM records_market WHERE s.class = 'market' AND record_id = s.record_id LIMIT 1)
    UNION ALL
    (SELECT event, payload FROM records WHERE s.class = 'desk' AND class = 'desk' AND record_id = s.record_id LIMIT 1)
    UNION ALL
    (
        SELECT event, payload FROM records_engine
        WHERE s.class NOT IN ('market', 'desk') AND record_id = s.record_id LIMIT 1
    )
) AS r
WHERE (s.event, s.payload) IS DISTINCT FROM (r.event, r.payload)

-- name: keep_conflicts
-- A record that is there with other content is kept, once per content.
INSERT INTO event_conflicts (event_id, event, payload, ts, stream, entry_id)
SELECT s.record_id, s.event, s.payload, s.ts, s.stream, s.entry_id
FROM stage_records s
CROSS JOIN LATERAL (
    (SELECT event, payload FROM records_market WHERE s.class = 'market' AND record_id = s.record_id LIMIT 1)
    UNION ALL
    (SELECT event, payload FROM records WHERE s.class = 'desk' AND class = 'desk' AND record_id = s.record_id LIMIT 1)
    UNION ALL
    (
        SELECT event, payload FROM records_engine
        WHERE s.class NOT IN ('market', 'desk') AND record_id = s.record_id LIMIT 1
    )
) AS r
WHERE (s.event, s.payload) IS DISTINCT FROM (r.event, r.payload)
ORDER BY s.record_id, s.position
ON CONFLICT (event_id, payload_hash) DO NOTHING
