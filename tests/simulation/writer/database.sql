-- name: refuse
-- Tables that refuse some rows: by a rule that lies in the row, and by one that does not.
ALTER TABLE signals ADD CONSTRAINT not_refused CHECK (symbol <> 'REFUSED');
ALTER TABLE signal_triggers ADD CONSTRAINT not_refused CHECK (symbol <> 'REFUSED');
ALTER TABLE signal_invalidations ADD CONSTRAINT not_refused CHECK (symbol <> 'REFUSED');
ALTER TABLE signal_closures ADD CONSTRAINT not_refused CHECK (symbol <> 'REFUSED');
ALTER TABLE ghost_triggers ADD CONSTRAINT not_refused CHECK (symbol <> 'REFUSED');
ALTER TABLE ghost_invalidations ADD CONSTRAINT not_refused CHECK (symbol <> 'REFUSED');
ALTER TABLE ghost_closures ADD CONSTRAINT not_refused CHECK (symbol <> 'REFUSED');
ALTER TABLE records ADD CONSTRAINT not_refused CHECK (symbol <> 'REFUSED');
CREATE FUNCTION deny() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE insufficient_privilege USING MESSAGE = 'this symbol is denied';
END $$;
CREATE TRIGGER denied BEFORE INSERT ON signals
    FOR EACH ROW WHEN (NEW.symbol = 'DENIED') EXECUTE FUNCTION deny();
CREATE TRIGGER denied BEFORE INSERT ON signal_triggers
    FOR EACH ROW WHEN (NEW.symbol = 'DENIED') EXECUTE FUNCTION deny();
CREATE TRIGGER denied BEFORE INSERT ON signal_invalidations
    FOR EACH ROW WHEN (NEW.symbol = 'DENIED') EXECUTE FUNCTION deny();
CREATE TRIGGER denied BEFORE INSERT ON signal_closures
    FOR EACH ROW WHEN (NEW.symbol = 'DENIED') EXECUTE FUNCTION deny();
CREATE TRIGGER denied BEFORE INSERT ON ghost_triggers
    FOR EACH ROW WHEN (NEW.symbol = 'DENIED') EXECUTE FUNCTION deny();
CREATE TRIGGER denied BEFORE INSERT ON ghost_invalidations
    FOR EACH ROW WHEN (NEW.symbol = 'DENIED') EXECUTE FUNCTION deny();
CREATE TRIGGER denied BEFORE INSERT ON ghost_closures
    FOR EACH ROW WHEN (NEW.symbol = 'DENIED') EXECUTE FUNCTION deny();
CREATE TRIGGER denied BEFORE INSERT ON records
    FOR EACH ROW WHEN (NEW.symbol = 'DENIED') EXECUTE FUNCTION deny();
CREATE FUNCTION deny_partitions() RETURNS EVENT_TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF current_query() LIKE '%ensure_record_partitions%' THEN
        RAISE insufficient_privilege USING MESSAGE = 'partitions are denied';
    END IF;
END $$;
CREATE EVENT TRIGGER partitions_denied ON ddl_command_start WHEN TAG IN ('CREATE TABLE')
    EXECUTE FUNCTION deny_partitions();
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = ''10ms''', current_database());
END $$

-- name: deny_partitions
-- Nobody can make a partition.
ALTER EVENT TRIGGER partitions_denied ENABLE

-- name: allow_partitions
-- As usual.
ALTER EVENT TRIGGER partitions_denied DISABLE

-- name: foreign
-- Whether anything is here that is not of a simulation.
SELECT EXISTS (SELECT FROM signal_events WHERE stream NOT LIKE 'sim:%')
    OR EXISTS (SELECT FROM records WHERE stream NOT LIKE 'sim:%')

-- name: refuses
-- Whether `refuse` was done before.
SELECT EXISTS (SELECT FROM pg_constraint WHERE conname = 'not_refused')

-- name: empty
-- As new.
TRUNCATE signal_events, signals, signal_triggers, signal_invalidations, signal_closures, signal_layers,
    ghost_triggers, ghost_invalidations, ghost_closures,
    event_conflicts, dead_letters, duplicate_counts, records, sink_counters

-- name: days
-- Partitions of days, made by an earlier run.
SELECT c.relname FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid WHERE c.relname ~ '_day_[0-9]{8}$'
ORDER BY 1

-- name: today
-- The server's day.
SELECT (now() AT TIME ZONE 'Asia/Jakarta')::date

-- name: blocked
-- Whether a session waits for one of those, and has looked for a deadlock since.
SELECT pg_blocking_pids(%(pid)s) && %(others)s::integer[] AND EXISTS (
    SELECT FROM pg_locks
    WHERE pid = %(pid)s AND NOT granted AND waitstart < clock_timestamp() - interval '30 ms'
)

-- name: end
-- End a session.
SELECT pg_terminate_backend(%(pid)s)

-- name: alive
-- Whether a session is still there.
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %(pid)s)

-- name: events
-- All events.
SELECT signal_id::text, event, payload::text, (ts AT TIME ZONE 'Asia/Jakarta')::date FROM signal_events

-- name: records
-- All records.
SELECT CASE WHEN class IN ('market', 'desk') THEN class ELSE 'engine' END, record_id::text, event, payload::text FROM records

-- name: conflicts
-- All contradictions.
SELECT event_id::text, payload::text FROM event_conflicts

-- name: dead_letters
-- All dead letters.
SELECT stream, entry_id, reason FROM dead_letters

-- name: duplicate_counts
-- All numbers of duplicates.
SELECT day, duplicates FROM duplicate_counts

-- name: isolated
-- Events without their row of details, and the other way round.
SELECT coalesce(e.signal_id, d.signal_id)::text, coalesce(e.event, d.event)
FROM signal_events e
FULL JOIN (
    SELECT signal_id, 'signal_published' AS event FROM signals
    UNION ALL SELECT signal_id, 'signal_triggered' FROM signal_triggers
    UNION ALL SELECT signal_id, 'signal_invalidated' FROM signal_invalidations
    UNION ALL SELECT signal_id, 'signal_closed' FROM signal_closures
    UNION ALL SELECT signal_id, 'ghost_triggered' FROM ghost_triggers
    UNION ALL SELECT signal_id, 'ghost_invalidated' FROM ghost_invalidations
    UNION ALL SELECT signal_id, 'ghost_closed' FROM ghost_closures
) d ON d.signal_id = e.signal_id AND d.event = e.event
WHERE e.signal_id IS NULL OR d.signal_id IS NULL
