-- name: list
-- A page of dead letters, newest first, below an id; each filter is left out when NULL.
SELECT id, stream, entry_id, event, reason, octet_length(raw) AS raw_bytes, entry_ts, received_at
FROM dead_letters d
WHERE dead_letter_is(d, %(event)s::text, %(reason)s::text, %(since)s::timestamptz, %(until)s::timestamptz,
                     %(ids)s::bigint[], %(stream)s::text, %(text)s::text)
  AND (%(below)s::bigint IS NULL OR id < %(below)s)
ORDER BY id DESC
LIMIT %(limit)s

-- name: count
-- How many match in all, the highest id among them (those that come later are above it), and a sum that says which.
SELECT count(*) AS letters, coalesce(max(id), 0) AS up_to, mod(coalesce(sum(id), 0), 1000000007)::bigint AS ids_sum
FROM dead_letters d
WHERE dead_letter_is(d, %(event)s::text, %(reason)s::text, %(since)s::timestamptz, %(until)s::timestamptz,
                     %(ids)s::bigint[], %(stream)s::text, %(text)s::text)

-- name: count_by_reason
-- How many for which reason; values in the reason are blanked so that alike ones count together.
SELECT event, regexp_replace(reason, ', got .*$', '') AS reason, count(*) AS letters,
       min(entry_ts) AS first, max(entry_ts) AS last
FROM dead_letters d
WHERE dead_letter_is(d, %(event)s::text, %(reason)s::text, %(since)s::timestamptz, %(until)s::timestamptz,
                     %(ids)s::bigint[], %(stream)s::text, %(text)s::text)
GROUP BY 1, 2
ORDER BY letters DESC, 2

-- name: whole
-- One dead letter with its bytes.
SELECT id, stream, entry_id, event, reason, raw, fields, entry_ts, received_at FROM dead_letters WHERE id = %(id)s

-- name: choose
-- The letters that somebody saw the number of, up to the highest that he saw: no row if they are others by now.
-- Without a filter none match, unless all of them are meant.
SELECT array_agg(id ORDER BY id) AS ids
FROM dead_letters d
WHERE dead_letter_is(d, %(event)s::text, %(reason)s::text, %(since)s::timestamptz, %(until)s::timestamptz,
                     %(ids)s::bigint[], %(stream)s::text, %(text)s::text)
  AND (%(everything)s OR num_nonnulls(
        %(event)s::text, %(reason)s::text, %(since)s::timestamptz, %(until)s::timestamptz, %(ids)s::bigint[],
        %(stream)s::text, %(text)s::text) > 0)
  AND id <= %(up_to)s
HAVING count(*) = %(letters)s
   AND (%(ids_sum)s::bigint IS NULL OR mod(coalesce(sum(id), 0), 1000000007) = %(ids_sum)s)

-- name: take
-- Lock a few of the letters that match, so that nobody else requeues or drops them meanwhile. Without a filter none
-- match, unless all of them are meant.
SELECT id, stream, entry_id, raw, fields, entry_ts
FROM dead_letters d
WHERE dead_letter_is(d, %(event)s::text, %(reason)s::text, %(since)s::timestamptz, %(until)s::timestamptz,
                     %(ids)s::bigint[], %(stream)s::text, %(text)s::text)
  AND (%(everything)s OR num_nonnulls(
        %(event)s::text, %(reason)s::text, %(since)s::timestamptz, %(until)s::timestamptz, %(ids)s::bigint[],
        %(stream)s::text, %(text)s::text) > 0)
  AND id > %(after)s AND id <= %(up_to)s
ORDER BY id
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED

-- name: take_these
-- Lock letters that were chosen: what a letter is never changes, so they still match, or are gone.
SELECT id, stream, entry_id, raw, fields, entry_ts
FROM dead_letters
WHERE id = ANY(%(ids)s::bigint[])
ORDER BY id
FOR UPDATE SKIP LOCKED

-- name: newest
-- Letters that come later are not touched by a run that has begun.
SELECT coalesce(max(id), 0) FROM dead_letters

-- name: delete
-- Remove letters.
DELETE FROM dead_letters WHERE id = ANY(%(ids)s)

-- name: stands
-- Whether an event is stored already, and with the same content.
SELECT payload = %(payload)s::jsonb AS same FROM signal_events WHERE signal_id = %(signal_id)s AND event = %(event)s
