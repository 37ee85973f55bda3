-- name: known
-- Everybody who is entered, whatever they may.
SELECT user_id FROM desk_users;

-- name: store
-- One update, once: whatever is redelivered is here already.
INSERT INTO desk_updates (update_id, update, acts, received_at)
VALUES (%(update_id)s, %(update)s, %(acts)s, %(received_at)s)
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
