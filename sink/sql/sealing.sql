-- name: turn
-- One at a time seals, and nobody purges meanwhile: until the end of the transaction. Asked again and again in new ones, not
-- waited for: a transaction that waited would see what was before, and others would wait for its view.
SELECT pg_try_advisory_xact_lock(7305817261514715243)

-- name: turn_to_purge
-- The same, waited for: what is read behind it is new.
SELECT pg_advisory_xact_lock(7305817261514715243)

-- name: as_of_one_moment
-- For the first statement of a transaction: it sees one moment, and may write.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ

-- name: newest
-- The newest seal; no row if there is none.
SELECT day, n, late, rows_digest, names_digest, purges, purges_digest, purged_through, prev_digest, digest, unaccounted
FROM signal_event_days ORDER BY day DESC LIMIT 1

-- name: all
-- Every seal, in order.
SELECT day, n, late, rows_digest, names_digest, purges, purges_digest, purged_through, prev_digest, digest, unaccounted
FROM signal_event_days ORDER BY day

-- name: over
-- The last day (WIB) that is over by the server's clock, which says received_at too. A transaction may have begun before
-- midnight and still write: a quarter of an hour is enough for nearly all; what comes later yet is late.
SELECT ((now() - interval '15 minutes') AT TIME ZONE 'Asia/Jakarta')::date - 1

-- name: first_day
-- The day of the first row that arrived; NULL without rows. A time before all others (by hand) is of that day, too.
SELECT CASE WHEN count(*) > 0 THEN (greatest(min(received_at), '2020-01-01 UTC') AT TIME ZONE 'Asia/Jakarta')::date END
FROM signal_events WHERE isfinite(received_at)

-- name: count_by_day
-- How many rows arrived on each day (WIB), from the first day on that is not sealed.
-- Times of before (by hand) may lie before all dates of Python: they are of one day.
SELECT (greatest(received_at, '2020-01-01 UTC') AT TIME ZONE 'Asia/Jakarta')::date, count(*) FROM signal_events
WHERE received_at >= %(since)s::timestamptz AND received_at < %(until)s::timestamptz AND isfinite(received_at)
GROUP BY 1

-- name: late
-- How many rows of days that are sealed came later, by the counters, which are kept in the transaction of each batch: all that
-- was stored and not purged, less what is sealed and there, less what is not sealed yet, less what was looked for in vain.
SELECT (SELECT coalesce(sum(events_stored - events_purged), 0) FROM sink_counters)::bigint
     - (SELECT coalesce(sum(n), 0) FROM signal_event_days)::bigint
     + (SELECT count(*) FROM signal_event_purges WHERE sealed)
     - (SELECT count(*) FROM signal_events WHERE received_at >= %(since)s::timestamptz)
     - %(unaccounted)s

-- name: rows
-- What arrived within a span, in order of arrival: those of one transaction by signal and event.
SELECT event_id::text, signal_id::text, event, schema_version, symbol, payload::text,
       epoch_us(ts), stream, entry_id, epoch_us(received_at)
FROM signal_events
WHERE received_at >= %(since)s::timestamptz AND received_at < %(until)s::timestamptz
ORDER BY received_at, signal_id, event COLLATE "C"

-- name: rows_of
-- Some rows by their keys, in order of arrival.
SELECT event_id::text, signal_id::text, event, schema_version, symbol, payload::text,
       epoch_us(ts), stream, entry_id, epoch_us(received_at)
FROM signal_events
WHERE (signal_id, event) IN (SELECT * FROM unnest(%(signals)s::uuid[], %(events)s::text[]))
ORDER BY received_at, signal_id, event COLLATE "C"

-- name: tombstones_of
-- The digests of what was purged under a key, which may be several.
SELECT digest FROM signal_event_purges WHERE signal_id = %(signal_id)s::uuid AND event = %(event)s ORDER BY id

-- name: purges
-- Tombstones behind one and up to another, in order.
SELECT id, signal_id::text, event, digest, received_us, epoch_us(purged_at)
FROM signal_event_purges WHERE id > %(after)s AND id <= %(through)s ORDER BY id

-- name: last_purge
-- The id of the newest tombstone.
SELECT coalesce(max(id), 0) FROM signal_event_purges

-- name: keep_names
-- Some names of a seal.
INSERT INTO signal_event_names (day, chunk, late, first_us, last_us, events, names)
VALUES (%s, %s, %s, %s, %s, %s, %s)

-- name: keep
-- A seal.
INSERT INTO signal_event_days
    (day, n, late, rows_digest, names_digest, purges, purges_digest, purged_through, prev_digest, digest, unaccounted)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)

-- name: names
-- The names of a seal, in order.
SELECT late, first_us, last_us, events, names FROM signal_event_names WHERE day = %(day)s ORDER BY chunk

-- name: late_names
-- Chunks of later seals that may hold rows which arrived within a span.
SELECT late, first_us, last_us, events, names FROM signal_event_names
WHERE late AND day > %(day)s AND last_us >= %(first_us)s AND first_us < %(end_us)s ORDER BY day, chunk

-- name: names_with
-- Chunks that may hold a row of a signal, by when it arrived.
SELECT late, first_us, last_us, events, names FROM signal_event_names
WHERE first_us <= %(received_us)s AND last_us >= %(received_us)s AND position(%(signal_id)s::bytea IN names) > 0

-- name: purge
-- A tombstone; sealed, if a seal holds what was there.
INSERT INTO signal_event_purges (signal_id, event, digest, received_us, sealed) VALUES (%s, %s, %s, %s, %s)

-- name: remove
-- Remove the events of a signal, and say what they were.
DELETE FROM signal_events WHERE signal_id = %(signal_id)s::uuid
RETURNING event_id::text, signal_id::text, event, schema_version, symbol, payload::text,
          epoch_us(ts), stream, entry_id, epoch_us(received_at)
