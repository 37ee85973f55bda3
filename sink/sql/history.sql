-- name: stored
-- Events and records of a span, in no order.
SELECT event, event_id::text, ts, payload::text FROM signal_events WHERE ts >= %(since)s AND ts < %(until)s
UNION ALL
SELECT event, record_id::text, ts, payload::text FROM records WHERE ts >= %(since)s AND ts < %(until)s

-- name: counted
-- How many events and records of a span there are by class; symbols and types: all of them if empty.
SELECT 'signals', count(*) FROM signal_events
WHERE ts >= %(since)s AND ts < %(until)s
  AND (cardinality(%(symbols)s::text[]) = 0 OR symbol = ANY(%(symbols)s::text[]))
  AND (cardinality(%(types)s::text[]) = 0 OR event = ANY(%(types)s::text[]) OR upper(event) = ANY(%(types)s::text[]))
UNION ALL
SELECT class, count(*) FROM records
WHERE ts >= %(since)s AND ts < %(until)s
  AND (cardinality(%(symbols)s::text[]) = 0 OR symbol = ANY(%(symbols)s::text[]))
  AND (cardinality(%(types)s::text[]) = 0 OR event = ANY(%(types)s::text[]) OR event_type = ANY(%(types)s::text[]))
GROUP BY class
