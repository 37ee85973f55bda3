-- name: turn
-- One process builds at a time. Asked again and again, not waited for: a building waits for every statement that is older,
-- and one that waits here would be such a one.
SELECT pg_try_advisory_lock(7305817261514715244)

-- name: done
-- Let the next one have its turn.
SELECT pg_advisory_unlock(7305817261514715244)

-- name: there
-- The indexes that are there, and whether each is whole: a building that was broken off leaves one that is not.
SELECT c.relname, x.indisvalid
FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
WHERE x.indrelid IN (to_regclass('signals'), to_regclass('signal_events'))

-- name: signals_symbol
-- Signals of a symbol, newest first.
CREATE INDEX CONCURRENTLY signals_symbol ON signals (symbol, ts_published)

-- name: signals_rules
-- Signals of a rules version, newest first; and when it was used last.
CREATE INDEX CONCURRENTLY signals_rules ON signals (rules_version, ts_published)

-- name: signals_setup
-- Signals of a setup, newest first. Signals without one cost nothing here.
CREATE INDEX CONCURRENTLY signals_setup ON signals (setup, ts_published) WHERE setup IS NOT NULL

-- name: signals_ref
-- The signal with a ref. Signals without one cost nothing here.
CREATE INDEX CONCURRENTLY signals_ref ON signals (ref_id) WHERE ref_id IS NOT NULL

-- name: signal_events_entry
-- The event of an entry of the stream. Entries are stored about in their order, so it is enough to know the first and
-- the last of every few pages: an index of some kilobytes that costs the worker next to nothing. What came since the last
-- VACUUM is read whole; migration 0021 makes it come often enough.
CREATE INDEX CONCURRENTLY signal_events_entry ON signal_events USING brin (entry_id)

-- name: signal_events_times
-- Events of a span of time, and what arrived within one. As above; both times in one index, see migration 0060.
CREATE INDEX CONCURRENTLY signal_events_times ON signal_events USING brin (ts, received_at)
