-- name: conflicts
-- What came again with other content, newest first, below an id, beside what is stored; JSON as text, so that no number
-- passes through a float. A record's first is among the records, while they are kept.
SELECT c.id, c.event, c.signal_id::text, c.event_id::text, c.ts, c.stream, c.entry_id, c.received_at,
       c.payload::text AS again,
       CASE WHEN c.signal_id IS NULL THEN (SELECT r.payload::text FROM records r WHERE r.record_id = c.event_id LIMIT 1)
            ELSE e.payload::text END AS first,
       e.ts AS first_ts, e.received_at AS first_received_at, e.stream AS first_stream, e.entry_id AS first_entry_id
FROM event_conflicts c
LEFT JOIN signal_events e ON e.signal_id = c.signal_id AND e.event = c.event
WHERE (%(below)s::bigint IS NULL OR c.id < %(below)s)
  AND (%(event)s::text IS NULL OR c.event = %(event)s)
ORDER BY c.id DESC
LIMIT %(limit)s

-- name: conflicts_by_event
-- How many conflicts of which event.
SELECT event, count(*) AS conflicts FROM event_conflicts GROUP BY event ORDER BY 2 DESC, 1

-- name: orphans
-- Events of a span whose signal was not published (yet), newest first, behind a place in that order.
SELECT o.signal_id::text, o.symbol, o.event, o.ts, o.said
FROM (
    SELECT signal_id, symbol, 'triggered' AS event, ts_triggered AS ts, NULL AS said FROM signal_triggers
    WHERE ts_triggered >= %(since)s AND ts_triggered < %(until)s
    UNION ALL
    SELECT signal_id, symbol, 'invalidated', ts_invalidated, reason FROM signal_invalidations
    WHERE ts_invalidated >= %(since)s AND ts_invalidated < %(until)s
    UNION ALL
    SELECT signal_id, symbol, 'closed', ts_closed, exit_reason FROM signal_closures
    WHERE ts_closed >= %(since)s AND ts_closed < %(until)s
    UNION ALL
    SELECT signal_id, symbol, 'ghost triggered', ts_triggered, NULL FROM ghost_triggers
    WHERE ts_triggered >= %(since)s AND ts_triggered < %(until)s
    UNION ALL
    SELECT signal_id, symbol, 'ghost invalidated', ts_invalidated, reason FROM ghost_invalidations
    WHERE ts_invalidated >= %(since)s AND ts_invalidated < %(until)s
    UNION ALL
    SELECT signal_id, symbol, 'ghost closed', ts_closed, exit_reason FROM ghost_closures
    WHERE ts_closed >= %(since)s AND ts_closed < %(until)s
) o
WHERE NOT EXISTS (SELECT FROM signals s WHERE s.signal_id = o.signal_id)
  AND (%(after_ts)s::timestamptz IS NULL
       OR (o.ts, o.signal_id, o.event) < (%(after_ts)s, %(after_id)s::uuid, %(after_event)s::text))
ORDER BY o.ts DESC, o.signal_id DESC, o.event DESC
LIMIT %(limit)s

-- name: duplicates
-- Duplicates that were dropped, by WIB day of their event, newest first, before a day.
SELECT day, duplicates FROM duplicate_counts
WHERE %(before)s::date IS NULL OR day < %(before)s
ORDER BY day DESC
LIMIT %(limit)s
