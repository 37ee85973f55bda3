-- name: stage
-- Session-private copies of the target tables, for batches that may hold keys which are already there.
CREATE TEMP TABLE IF NOT EXISTS stage_events
    (position INTEGER, LIKE signal_events INCLUDING DEFAULTS) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_signals
    (position INTEGER, LIKE signals INCLUDING DEFAULTS) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_signal_triggers
    (position INTEGER, LIKE signal_triggers INCLUDING DEFAULTS) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_signal_invalidations
    (position INTEGER, LIKE signal_invalidations INCLUDING DEFAULTS) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_signal_closures
    (position INTEGER, LIKE signal_closures INCLUDING DEFAULTS) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_ghost_triggers
    (position INTEGER, LIKE ghost_triggers INCLUDING DEFAULTS) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_ghost_invalidations
    (position INTEGER, LIKE ghost_invalidations INCLUDING DEFAULTS) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_ghost_closures
    (position INTEGER, LIKE ghost_closures INCLUDING DEFAULTS) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_signal_layers
    (position INTEGER, LIKE signal_layers INCLUDING DEFAULTS) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_fresh
    (signal_id UUID, event TEXT, PRIMARY KEY (signal_id, event)) ON COMMIT DELETE ROWS;
TRUNCATE stage_events, stage_signals, stage_signal_triggers, stage_signal_invalidations,
    stage_signal_closures, stage_ghost_triggers, stage_ghost_invalidations, stage_ghost_closures, stage_signal_layers,
    stage_fresh

-- name: merge_events
-- The first of each new event goes in; in order of its key, so that two workers cannot lock each other out.
WITH fresh AS (
    INSERT INTO signal_events
        (event_id, signal_id, event, schema_version, symbol, payload, ts, stream, entry_id)
    SELECT DISTINCT ON (signal_id, event)
        event_id, signal_id, event, schema_version, symbol, payload, ts, stream, entry_id
    FROM stage_events
    ORDER BY signal_id, event, position
    ON CONFLICT (signal_id, event) DO NOTHING
    RETURNING signal_id, event
)
INSERT INTO stage_fresh SELECT signal_id, event FROM fresh

-- name: merge_details
-- Of each signal the first one goes in; one that is already there stays as it is, as in signal_events.
-- {table}, {stage} and {columns} are names of our own declarations.
INSERT INTO {table} ({columns})
SELECT DISTINCT ON (signal_id) {columns} FROM {stage}
ORDER BY signal_id, position
ON CONFLICT (signal_id) DO NOTHING

-- name: merge_layers
-- The layers of the events that went in just now, and of no later version of the same event.
INSERT INTO signal_layers (signal_id, layer, matched, weight, value)
SELECT l.signal_id, l.layer, l.matched, l.weight, l.value
FROM stage_signal_layers l
JOIN (
    SELECT DISTINCT ON (signal_id, event) event, position FROM stage_events ORDER BY signal_id, event, position
) first USING (position)
JOIN stage_fresh f ON f.signal_id = l.signal_id AND f.event = first.event
ORDER BY l.signal_id, l.layer
ON CONFLICT (signal_id, layer) DO NOTHING

-- name: keep_conflicts
-- An event that is there with other content is kept, once per content.
-- Here and below events are looked up one by one, by their key: see `filter_existing`.
INSERT INTO event_conflicts (event_id, signal_id, event, payload, ts, stream, entry_id)
SELECT s.event_id, s.signal_id, s.event, s.payload, s.ts, s.stream, s.entry_id
FROM stage_events s
CROSS JOIN LATERAL (
    SELECT payload, ts FROM signal_events WHERE signal_id = s.signal_id AND event = s.event LIMIT 1
) AS e
WHERE s.payload IS DISTINCT FROM e.payload
ORDER BY s.signal_id, s.event, s.position
ON CONFLICT (event_id, payload_hash) DO NOTHING

-- name: tally
-- What became of the staged events: new, dropped as duplicates, contradicting.
SELECT
    (SELECT count(*) FROM stage_fresh),
    count(*) FILTER (WHERE s.payload IS NOT DISTINCT FROM e.payload) - (SELECT count(*) FROM stage_fresh),
    count(*) FILTER (WHERE s.payload IS DISTINCT FROM e.payload)
FROM stage_events s
CROSS JOIN LATERAL (
    SELECT payload, ts FROM signal_events WHERE signal_id = s.signal_id AND event = s.event LIMIT 1
) AS e

-- name: duplicates
-- How many were dropped as duplicates, by the WIB day of the event.
SELECT (e.ts AT TIME ZONE 'Asia/Jakarta')::date AS day, count(*) - count(DISTINCT (f.signal_id, f.event)) FILTER (WHERE f.event IS NOT NULL) AS dropped
FROM stage_events s
CROSS JOIN LATERAL (
    SELECT payload, ts FROM signal_events WHERE signal_id = s.signal_id AND event = s.event LIMIT 1
) AS e
LEFT JOIN stage_fresh f USING (signal_id, event)
WHERE s.payload IS NOT DISTINCT FROM e.payload
GROUP BY day
HAVING count(*) > count(DISTINCT (f.signal_id, f.event)) FILTER (WHERE f.event IS NOT NULL)

-- name: dead_letter
-- Keep one entry that cannot become an event; again is harmless.
INSERT INTO dead_letters (stream, entry_id, event, raw, fields, reason, entry_ts)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (stream, entry_id, md5(raw), md5(fields), coalesce(event, '')) DO NOTHING
