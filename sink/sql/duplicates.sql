-- name: filter_existing
-- Which events of a batch are there already, whether their content is the same, and the WIB day of each.
-- One array of all payloads: they are JSON, so that joining them costs the sender next to nothing.
-- LIMIT says that there is one at most, and keeps the planner to looking it up: with some 100,000 events stored it would
-- rather read the whole event store for every batch.
SELECT (given.ordinality - 1)::integer, there.payload = given.payload, (there.ts AT TIME ZONE 'Asia/Jakarta')::date
FROM ROWS FROM (unnest(%(signals)s::uuid[]), unnest(%(events)s::text[]), jsonb_array_elements(%(payloads)s::jsonb))
    WITH ORDINALITY AS given (signal_id, event, payload, ordinality)
CROSS JOIN LATERAL (
    SELECT payload, ts FROM signal_events WHERE signal_id = given.signal_id AND event = given.event LIMIT 1
) AS there

-- name: keep_conflict
-- An event that is there with other content is kept, once per content.
INSERT INTO event_conflicts (event_id, signal_id, event, payload, ts, stream, entry_id)
VALUES (%(event_id)s, %(signal_id)s, %(event)s, %(payload)s, %(ts)s, %(stream)s, %(entry_id)s)
ON CONFLICT (event_id, payload_hash) DO NOTHING

-- name: count
-- Duplicates leave only their number, by the WIB day of the event.
INSERT INTO duplicate_counts (day, duplicates)
SELECT * FROM unnest(%(days)s::date[], %(numbers)s::bigint[])
ON CONFLICT (day) DO UPDATE SET duplicates = duplicate_counts.duplicates + excluded.duplicates
