-- name: one
-- A record as it was sent, with its times; JSON as text, so that no number passes through a float.
SELECT record_id::text, event, class, symbol, event_type, payload::text AS payload, ts, stream, entry_id, received_at
FROM records WHERE record_id = %(record_id)s::uuid LIMIT 1

-- name: before
-- What happened just before it, the latest first, within a minute, of its class.
SELECT record_id::text, event, symbol, event_type, ts FROM records
WHERE class = %(class)s AND ts >= %(ts)s - interval '1 minute' AND ts <= %(ts)s
  AND (ts, record_id) < (%(ts)s, %(record_id)s::uuid)
ORDER BY ts DESC, record_id DESC LIMIT 5

-- name: behind
-- What happened just behind it.
SELECT record_id::text, event, symbol, event_type, ts FROM records
WHERE class = %(class)s AND ts >= %(ts)s AND ts <= %(ts)s + interval '1 minute'
  AND (ts, record_id) > (%(ts)s, %(record_id)s::uuid)
ORDER BY ts, record_id LIMIT 5
