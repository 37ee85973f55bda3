-- name: one_moment
-- For the first statement of a transaction: it sees one moment, and may make tables of its own.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ

-- name: made_anew
-- A table beside another one, to be filled from the events.
CREATE TEMPORARY TABLE {made_anew} (LIKE {table})

-- name: differing
-- Signals whose rows are not those that their events make, with the day (WIB) on which the event arrived: NULL without one.
WITH stored AS (SELECT {columns} FROM {table}), should AS (SELECT {columns} FROM {made_anew}),
     differing AS ((TABLE stored EXCEPT ALL TABLE should) UNION ALL (TABLE should EXCEPT ALL TABLE stored))
SELECT DISTINCT (e.received_at AT TIME ZONE 'Asia/Jakarta')::date, d.signal_id
FROM differing d LEFT JOIN signal_events e ON e.signal_id = d.signal_id AND e.event = %(event)s AND isfinite(e.received_at)
    AND e.received_at BETWEEN '2000-01-01 UTC' AND '3000-01-01 UTC'
ORDER BY 1 NULLS FIRST, 2 LIMIT 100
