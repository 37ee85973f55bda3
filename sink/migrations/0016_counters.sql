-- How many events, records, duplicates, conflicts and dead letters there ever were: kept in the transaction of the batch
-- that changes them, so that the numbers are exact over all workers and restarts, and asking reads a few rows.
--
-- A server process has a row of its own: no two transactions at the same time are of one process, so no worker ever waits
-- for another one's row. `sink migrate`, `sink rebuild` and the retention of records fold the rows into one.
--
-- What was ever stored less what was removed is what is there now.
CREATE TABLE sink_counters (
    backend              INTEGER PRIMARY KEY,
    events_stored        BIGINT NOT NULL DEFAULT 0,
    events_purged        BIGINT NOT NULL DEFAULT 0,
    records_stored       BIGINT NOT NULL DEFAULT 0,
    records_expired      BIGINT NOT NULL DEFAULT 0,
    event_duplicates     BIGINT NOT NULL DEFAULT 0,
    record_duplicates    BIGINT NOT NULL DEFAULT 0,
    conflicts_kept       BIGINT NOT NULL DEFAULT 0,
    conflicts_purged     BIGINT NOT NULL DEFAULT 0,
    dead_letters_kept    BIGINT NOT NULL DEFAULT 0,
    dead_letters_removed BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
COMMENT ON TABLE sink_counters IS 'What was ever stored, dropped and removed; sum the rows.';
COMMENT ON COLUMN sink_counters.backend IS 'pg_backend_pid() of who counted; 0: folded.';
COMMENT ON COLUMN sink_counters.records_expired IS 'Removed by retention.';
COMMENT ON COLUMN sink_counters.event_duplicates IS 'Events dropped because the same one is there: the sum of duplicate_counts.';
COMMENT ON COLUMN sink_counters.dead_letters_removed IS 'Requeued or dropped by hand.';

-- Filled once from what is there.
INSERT INTO sink_counters
    (backend, events_stored, records_stored, event_duplicates, conflicts_kept, dead_letters_kept)
SELECT 0,
    (SELECT count(*) FROM signal_events),
    (SELECT count(*) FROM records),
    (SELECT coalesce(sum(duplicates), 0) FROM duplicate_counts),
    (SELECT count(*) FROM event_conflicts),
    (SELECT count(*) FROM dead_letters);
