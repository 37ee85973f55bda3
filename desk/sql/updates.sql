-- name: known
-- Everybody who is entered, whatever they may.
SELECT user_id FROM desk_users;

-- name: store
-- One update, once: whatever is redelivered is here already. Telegram keeps updates for a day, and may begin to count anew
-- after a quiet week: what has the number of one of days ago and says something else is another update. It is kept, answered
-- and recorded by the next number that no other has, beyond all of Telegram's.
WITH numbers AS (
    SELECT %(update_id)s::bigint + place * (1::bigint << 40) AS number FROM generate_series(0, 9) AS place
),
found AS (
    SELECT number FROM numbers LEFT JOIN desk_updates u ON u.update_id = number
    WHERE CASE WHEN u.update_id IS NULL
               THEN NOT EXISTS (SELECT FROM outbox WHERE message_key = 'answer:' || number)
                    AND NOT EXISTS (SELECT FROM feedback f WHERE f.update_id = number)
               ELSE u.received_at > %(received_at)s::timestamptz - interval '2 days'
                    OR u.update - 'update_id' = %(update)s::jsonb - 'update_id' END
    ORDER BY number LIMIT 1
)
INSERT INTO desk_updates (update_id, update, acts, received_at)
SELECT number, %(update)s::jsonb || jsonb_build_object('update_id', number), %(acts)s, %(received_at)s FROM found
ON CONFLICT (update_id) DO NOTHING
RETURNING update_id;

-- name: refused
-- One more of those that nothing is done about: a row a day and reason.
INSERT INTO desk_refused AS already (day, reason, n)
VALUES (%(day)s, %(reason)s, %(n)s)
ON CONFLICT (day, reason) DO UPDATE SET n = already.n + excluded.n;

-- name: turn
-- Whether this session may act now: no two of them at once, for the order counts. Held until the transaction ends.
SELECT pg_try_advisory_xact_lock(hashtext('signaltape desk'), 0);

-- name: next
-- The oldest that waits. What another desk works on is left to it.
SELECT update_id, update, received_at
FROM desk_updates
WHERE state = 'waiting' AND acts = %(acts)s
ORDER BY update_id
LIMIT 1
FOR UPDATE SKIP LOCKED;

-- name: done
-- What came of it.
UPDATE desk_updates
SET state = %(state)s, result = %(result)s, done_at = %(at)s
WHERE update_id = %(update_id)s AND state = 'waiting';

-- name: given_up
-- Updates that were given up since a moment, and have no answer.
SELECT update_id, update, received_at FROM desk_updates
WHERE state = 'ignored' AND starts_with(result, %(begins)s) AND acts = %(acts)s AND done_at > %(since)s
  AND NOT EXISTS (SELECT FROM outbox WHERE message_key = 'answer:' || update_id)
ORDER BY update_id LIMIT 100;

-- name: asked
-- The word that an update began with: null for a press.
SELECT update->'words'->>0 FROM desk_updates WHERE update_id = %(update_id)s;

-- name: waiting
-- How many wait.
SELECT count(*) FROM desk_updates WHERE state = 'waiting';

-- name: prune_updates
-- Old updates that were worked on.
DELETE FROM desk_updates WHERE received_at < %(before)s AND state <> 'waiting';

-- name: prune_confirmations
-- Old questions.
DELETE FROM desk_confirmations WHERE made_at < %(before)s;

-- name: prune_refused
-- Old counts.
DELETE FROM desk_refused WHERE day < (%(before)s)::date;

-- name: prune_ghosts
-- What was asked of ghosts, and is over: by who asked, as the ghost told or stored it, or by its time. Nothing that the
-- ghost still follows, so that its end is told; nothing that may be asked for again, for that is counted by these.
DELETE FROM desk_ghosts d
WHERE coalesce(d.expires_at, d.asked_at) < %(before)s
  AND (d.cancelled_at < %(before)s OR d.ended_at < %(before)s OR d.expires_at < %(before)s
       OR EXISTS (SELECT FROM ghost_lines g WHERE g.line_id = d.id AND g.ended_at < %(before)s))
  AND NOT EXISTS (SELECT FROM ghost_orders g WHERE g.order_id = d.id AND g.status IN ('waiting', 'open'));
