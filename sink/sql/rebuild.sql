-- name: lock
-- Nobody writes while the detail tables are made anew; readers see the old ones until the end.
LOCK TABLE signal_events, signals, signal_triggers, signal_invalidations, signal_closures,
    ghost_triggers, ghost_invalidations, ghost_closures, signal_layers
    IN SHARE ROW EXCLUSIVE MODE

-- name: clear
-- Empty the detail tables, within the transaction. Not by TRUNCATE: a report that began before it and reads on after it
-- would find them empty.
DELETE FROM signals;
DELETE FROM signal_triggers;
DELETE FROM signal_invalidations;
DELETE FROM signal_closures;
DELETE FROM ghost_triggers;
DELETE FROM ghost_invalidations;
DELETE FROM ghost_closures;
DELETE FROM signal_layers

-- name: count
-- How many events there are to go through.
SELECT count(*) FROM signal_events

-- name: events
-- Every event, as it was accepted.
SELECT event_id::text, event, schema_version, payload::text, ts, received_at FROM signal_events
