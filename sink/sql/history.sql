-- name: stored
-- Events and records of a span, in no order.
SELECT event, event_id::text, ts, payload::text FROM signal_events WHERE ts >= %(since)s AND ts < %(until)s
UNION ALL
SELECT event, record_id::text, ts, payload::text FROM records WHERE ts >= %(since)s AND ts < %(until)s
