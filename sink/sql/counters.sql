-- name: add
-- Count what a transaction does, within it: in the row of this server process, so that nobody waits for anybody.
INSERT INTO sink_counters AS c (
    backend, events_stored, events_purged, records_stored, records_expired, event_duplicates, record_duplicates,
    conflicts_kept, conflicts_purged, dead_letters_kept, dead_letters_removed
) VALUES (
    pg_backend_pid(), %(events_stored)s, %(events_purged)s, %(records_stored)s, %(records_expired)s,
    %(event_duplicates)s, %(record_duplicates)s, %(conflicts_kept)s, %(conflicts_purged)s, %(dead_letters_kept)s,
    %(dead_letters_removed)s
)
ON CONFLICT (backend) DO UPDATE SET
    events_stored = c.events_stored + excluded.events_stored,
    events_purged = c.events_purged + excluded.events_purged,
    records_stored = c.records_stored + excluded.records_stored,
    records_expired = c.records_expired + excluded.records_expired,
    event_duplicates = c.event_duplicates + excluded.event_duplicates,
    record_duplicates = c.record_duplicates + excluded.record_duplicates,
    conflicts_kept = c.conflicts_kept + excluded.conflicts_kept,
    conflicts_purged = c.conflicts_purged + excluded.conflicts_purged,
    dead_letters_kept = c.dead_letters_kept + excluded.dead_letters_kept,
    dead_letters_removed = c.dead_letters_removed + excluded.dead_letters_removed

-- name: read
-- All that was ever counted.
SELECT
    coalesce(sum(events_stored), 0)::bigint AS events_stored,
    coalesce(sum(events_purged), 0)::bigint AS events_purged,
    coalesce(sum(records_stored), 0)::bigint AS records_stored,
    coalesce(sum(records_expired), 0)::bigint AS records_expired,
    coalesce(sum(event_duplicates), 0)::bigint AS event_duplicates,
    coalesce(sum(record_duplicates), 0)::bigint AS record_duplicates,
    coalesce(sum(conflicts_kept), 0)::bigint AS conflicts_kept,
    coalesce(sum(conflicts_purged), 0)::bigint AS conflicts_purged,
    coalesce(sum(dead_letters_kept), 0)::bigint AS dead_letters_kept,
    coalesce(sum(dead_letters_removed), 0)::bigint AS dead_letters_removed
FROM sink_counters

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
INSERT INTO sink_counters AS c
SELECT 0,
    sum(events_stored), sum(events_purged), sum(records_stored), sum(records_expired), sum(event_duplicates),
    sum(record_duplicates), sum(conflicts_kept), sum(conflicts_purged), sum(dead_letters_kept),
    sum(dead_letters_removed)
FROM gone HAVING count(*) > 0
ON CONFLICT (backend) DO UPDATE SET
    events_stored = c.events_stored + excluded.events_stored,
    events_purged = c.events_purged + excluded.events_purged,
    records_stored = c.records_stored + excluded.records_stored,
    records_expired = c.records_expired + excluded.records_expired,
    event_duplicates = c.event_duplicates + excluded.event_duplicates,
    record_duplicates = c.record_duplicates + excluded.record_duplicates,
    conflicts_kept = c.conflicts_kept + excluded.conflicts_kept,
    conflicts_purged = c.conflicts_purged + excluded.conflicts_purged,
    dead_letters_kept = c.dead_letters_kept + excluded.dead_letters_kept,
    dead_letters_removed = c.dead_letters_removed + excluded.dead_letters_removed

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
