-- name: enqueue
-- Put a message in, once per key. One that was not begun yet takes the newer text.
INSERT INTO outbox (message_key, chat_id, body, entities, not_after)
VALUES (%(message_key)s, %(chat_id)s, %(body)s, %(entities)s::jsonb, %(not_after)s)
ON CONFLICT (message_key) DO UPDATE
SET body = excluded.body, entities = excluded.entities, not_after = excluded.not_after, updated_at = now()
WHERE outbox.state = 'queued' AND outbox.message_ids = '{}'
RETURNING id

-- name: state
-- Where a message stands.
SELECT state, last_error FROM outbox WHERE message_key = %(message_key)s

-- name: expire
-- What is past its time is never sent.
UPDATE outbox SET state = 'expired', leased_until = NULL, updated_at = now()
WHERE state IN ('queued', 'sending') AND not_after <= now()
  AND (leased_until IS NULL OR leased_until < now())

-- name: lease
-- Take one message that is due; nobody else gets it until the lease ends.
UPDATE outbox
SET state = 'sending', attempts = attempts + 1, leased_until = now() + make_interval(secs => %(lease_s)s),
    updated_at = now()
WHERE id = (
    SELECT id FROM outbox
    WHERE state IN ('queued', 'sending') AND next_try_at <= now() AND not_after > now()
      AND (leased_until IS NULL OR leased_until < now())
    ORDER BY next_try_at, id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING id, message_key, chat_id, body, entities, message_ids, filled, lost_stubs, attempts

-- name: next_due_s
-- Seconds until the next message is due; NULL if none waits.
SELECT extract(epoch FROM min(greatest(next_try_at, coalesce(leased_until, next_try_at))) - now())::float8
FROM outbox WHERE state IN ('queued', 'sending')

-- name: stub_sent
-- A stub stands in the chat: remember its id before anything else happens.
UPDATE outbox SET message_ids = message_ids || %(message_id)s::bigint, updated_at = now() WHERE id = %(id)s

-- name: stub_lost
-- A stub was sent without an answer: it may or may not stand in the chat.
UPDATE outbox SET lost_stubs = lost_stubs + 1, updated_at = now() WHERE id = %(id)s

-- name: filled
-- One more stub holds its part of the text.
UPDATE outbox SET filled = filled + 1, updated_at = now() WHERE id = %(id)s

-- name: retry
-- Try again later.
UPDATE outbox
SET state = 'queued', leased_until = NULL, next_try_at = now() + make_interval(secs => %(wait_s)s),
    last_error = %(error)s, updated_at = now()
WHERE id = %(id)s

-- name: finish
-- Its last state.
UPDATE outbox SET state = %(state)s, leased_until = NULL, last_error = %(error)s, updated_at = now()
WHERE id = %(id)s

-- name: list
-- Messages, newest first.
SELECT id, message_key, chat_id, state, attempts, lost_stubs, message_ids, not_after, last_error, created_at, updated_at
FROM outbox ORDER BY id DESC LIMIT %(limit)s

-- name: resend
-- Give a message that ended without being sent another chance; one that was sent is never sent again.
UPDATE outbox
SET state = 'queued', lost_stubs = 0, attempts = 0, leased_until = NULL, next_try_at = now(), last_error = NULL,
    not_after = greatest(not_after, %(not_after)s), updated_at = now()
WHERE id = %(id)s AND state IN ('uncertain', 'failed', 'expired')
RETURNING id

-- name: move
-- The group became a supergroup: everything that waits for it goes to its new id. Stubs stayed in the old chat.
UPDATE outbox
SET chat_id = %(new_chat_id)s, message_ids = '{}', filled = 0, state = 'queued', leased_until = NULL,
    next_try_at = now(), updated_at = now()
WHERE chat_id = %(chat_id)s AND state IN ('queued', 'sending')
