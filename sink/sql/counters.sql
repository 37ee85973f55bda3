-- name: add
-- Count what a transaction does, within it: in the row of this server process, so that nobody waits for anybody.
-- What stands in braces, here and below, is written out for each counter that is declared in sink/counters.py.
INSERT INTO sink_counters AS c (backend, {columns})
VALUES (pg_backend_pid(), {given})
ON CONFLICT (backend) DO UPDATE SET {added}

-- name: read
-- All that was ever counted.
SELECT {sums} FROM sink_counters

-- name: tables
-- What the counters must come to, counted in the tables. Reads all of them.
SELECT
    (SELECT count(*) FROM signal_events) AS events,
    (SELECT count(*) FROM records) AS records,
    (SELECT coalesce(sum(duplicates), 0)::bigint FROM duplicate_counts) AS event_duplicates,
    (SELECT count(*) FROM event_conflicts) AS conflicts,
    (SELECT count(*) FROM dead_letters) AS dead_letters

-- name: lock
-- Whoever counts does so last: what is not counted yet is not committed either, and waits here until the end.
LOCK TABLE sink_counters IN SHARE ROW EXCLUSIVE MODE

-- name: fold
-- All rows into one, but for those of transactions that are open: whoever waited for one of these, which may stand still,
-- would have all others wait for the rows that are gone already.
WITH idle AS MATERIALIZED (SELECT backend FROM sink_counters WHERE backend <> 0 FOR UPDATE SKIP LOCKED),
     gone AS (DELETE FROM sink_counters WHERE backend IN (SELECT backend FROM idle) RETURNING *)
INSERT INTO sink_counters AS c (backend, {columns})
SELECT 0, {sums} FROM gone HAVING count(*) > 0
ON CONFLICT (backend) DO UPDATE SET {added}

-- name: recount
-- What is there now and what was removed make what was ever stored. Behind `lock` and `fold`.
INSERT INTO sink_counters AS c (backend, events_stored, records_stored, event_duplicates, conflicts_kept, dead_letters_kept)
SELECT 0, t.events, t.records, t.event_duplicates, t.conflicts, t.dead_letters
FROM (
    SELECT
        (SELECT count(*) FROM signal_events) AS events,
        (SELECT count(*) FROM records) AS records,
        (SELECT coalesce(sum(duplicates), 0)::bigint FROM duplicate_counts) AS event_duplicates,
        (SELECT count(*) FROM event_conflicts) AS conflicts,
        (SELECT count(*) FROM dead_letters) AS dead_letters
) t
ON CONFLICT (backend) DO UPDATE SET
    events_stored = excluded.events_stored + c.events_purged,
    records_stored = excluded.records_stored + c.records_expired,
    event_duplicates = excluded.event_duplicates,
    conflicts_kept = excluded.conflicts_kept + c.conflicts_purged,
    dead_letters_kept = excluded.dead_letters_kept + c.dead_letters_removed
