-- name: ensure
-- A row for every scope, so that there is something to lock.
INSERT INTO telegram_pace (scope, calls) SELECT unnest(%(scopes)s::text[]), '{}' ORDER BY 1
ON CONFLICT (scope) DO NOTHING

-- name: lock
-- The calls of these scopes; other senders wait. In one order, so that two cannot lock each other out.
SELECT scope, calls, clock_timestamp() FROM telegram_pace WHERE scope = ANY(%(scopes)s) ORDER BY scope FOR UPDATE

-- name: note
-- The calls of a scope, the new one among them.
UPDATE telegram_pace SET calls = %(calls)s WHERE scope = %(scope)s

-- name: hold
-- A chat is to be left alone: since when, and until when. The latest such moment counts, unless it was said in the
-- future: the clock was set back.
INSERT INTO telegram_pace (scope, calls)
VALUES (%(scope)s, ARRAY[clock_timestamp(), clock_timestamp() + make_interval(secs => %(wait_s)s)])
ON CONFLICT (scope) DO UPDATE SET calls =
    CASE WHEN telegram_pace.calls[1] <= excluded.calls[1] AND telegram_pace.calls[2] > excluded.calls[2]
         THEN telegram_pace.calls ELSE excluded.calls END
