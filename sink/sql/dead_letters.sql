-- name: list
-- A page of dead letters, newest first, below an id; each filter is left out when NULL.
SELECT id, stream, entry_id, event, reason, octet_length(raw) AS raw_bytes, entry_ts, received_at
FROM dead_letters
WHERE (%(event)s::text IS NULL OR event = %(event)s)
  AND (%(reason)s::text IS NULL OR position(%(reason)s IN reason) > 0)
  AND (%(since)s::timestamptz IS NULL OR entry_ts >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR entry_ts < %(until)s)
  AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s))
  AND (%(below)s::bigint IS NULL OR id < %(below)s)
ORDER BY id DESC
LIMIT %(limit)s

-- name: count
-- How many match in all.
SELECT count(*)
FROM dead_letters
WHERE (%(event)s::text IS NULL OR event = %(event)s)
  AND (%(reason)s::text IS NULL OR position(%(reason)s IN reason) > 0)
  AND (%(since)s::timestamptz IS NULL OR entry_ts >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR entry_ts < %(until)s)
  AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s))

-- name: count_by_reason
-- How many for which reason; values in the reason are blanked so that alike ones count together.
SELECT event, regexp_replace(reason, ', got .*$', '') AS reason, count(*) AS letters,
       min(entry_ts) AS first, max(entry_ts) AS last
FROM dead_letters
WHERE (%(event)s::text IS NULL OR event = %(event)s)
  AND (%(reason)s::text IS NULL OR position(%(reason)s IN reason) > 0)
  AND (%(since)s::timestamptz IS NULL OR entry_ts >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR entry_ts < %(until)s)
  AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s))
GROUP BY 1, 2
ORDER BY letters DESC, 2

-- name: whole
-- One dead letter with its bytes.
SELECT id, stream, entry_id, event, reason, raw, fields, entry_ts, received_at FROM dead_letters WHERE id = %(id)s

-- name: take
-- Lock a few of the letters that match, so that nobody else requeues or drops them meanwhile. Without a filter none
-- match, unless all of them are meant.
SELECT id, stream, entry_id, raw, fields, entry_ts
FROM dead_letters
WHERE (%(event)s::text IS NULL OR event = %(event)s)
  AND (%(reason)s::text IS NULL OR position(%(reason)s IN reason) > 0)
  AND (%(since)s::timestamptz IS NULL OR entry_ts >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR entry_ts < %(until)s)
  AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s))
  AND (%(everything)s OR num_nonnulls(
        %(event)s::text, %(reason)s::text, %(since)s::timestamptz, %(until)s::timestamptz, %(ids)s::bigint[]) > 0)
  AND id > %(after)s AND id <= %(up_to)s
ORDER BY id
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED

-- name: newest
-- Letters that come later are not touched by a run that has begun.
SELECT coalesce(max(id), 0) FROM dead_letters

-- name: delete
-- Remove letters.
DELETE FROM dead_letters WHERE id = ANY(%(ids)s)
