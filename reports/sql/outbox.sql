-- name: enqueue
-- Put a message in, once per key. One that was not begun yet takes the newer text.
INSERT INTO outbox (message_key, chat_id, body, entities, not_after)
VALUES (%(message_key)s, %(chat_id)s, %(body)s, %(entities)s::jsonb, %(not_after)s)
ON CONFLICT (message_key) DO UPDATE
SET body = excluded.body, entities = excluded.entities, not_after = excluded.not_after, updated_at = now()
WHERE outbox.state = 'queued' AND outbox.message_ids = '{}' AND outbox.lost_stubs = 0
RETURNING id

-- name: clear_files
-- The files of a message whose text is replaced.
DELETE FROM outbox_files WHERE outbox_id = %(id)s

-- name: add_file
-- One file that follows a message.
INSERT INTO outbox_files (outbox_id, position, kind, name, content)
VALUES (%(id)s, %(position)s, %(kind)s, %(name)s, %(content)s)

-- name: state
-- Where a message stands.
SELECT state, last_error FROM outbox WHERE message_key = %(message_key)s

-- name: expire
-- What is past its time is never sent.
UPDATE outbox SET state = 'expired', leased_until = NULL, updated_at = now()
WHERE state IN ('queued', 'sending') AND not_after <= now()
  AND (leased_until IS NULL OR leased_until < now())

-- name: lease
-- Take one message that is due; nobody else gets it until the lease ends. attempts is the number of the lease.
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
RETURNING id, message_key, chat_id, body, entities, message_ids, filled, lost_stubs, attempts, failures

-- name: hold
-- Before every call: is it still this sender's, and still of use? Then for a whole lease more.
UPDATE outbox SET leased_until = now() + make_interval(secs => %(lease_s)s), updated_at = now()
WHERE id = %(id)s AND state = 'sending' AND attempts = %(attempts)s AND not_after > now()
RETURNING id

-- name: next_due_s
-- Seconds until the next message is due; NULL if none waits.
SELECT extract(epoch FROM min(greatest(next_try_at, coalesce(leased_until, next_try_at))) - now())::float8
FROM outbox WHERE state IN ('queued', 'sending')

-- name: stub_begun
-- Written before a stub is sent: if nobody lives to write what came of it, it may stand in the chat.
UPDATE outbox SET lost_stubs = lost_stubs + 1, updated_at = now() WHERE id = %(id)s

-- name: stub_sent
-- A stub stands in the chat: remember its id before anything else happens.
UPDATE outbox SET message_ids = message_ids || %(message_id)s::bigint, lost_stubs = lost_stubs - 1, updated_at = now()
WHERE id = %(id)s

-- name: stub_not_sent
-- The stub certainly does not stand in the chat.
UPDATE outbox SET lost_stubs = lost_stubs - 1, updated_at = now() WHERE id = %(id)s

-- name: filled
-- One more stub holds its part of the text.
UPDATE outbox SET filled = filled + 1, updated_at = now() WHERE id = %(id)s

-- name: files
-- The files of a message that still are to be sent.
SELECT position, kind, name, content FROM outbox_files
WHERE outbox_id = %(id)s AND state = 'queued' ORDER BY position

-- name: file_state
-- What became of a file; once it was sent, its content is not needed any more.
UPDATE outbox_files
SET state = %(state)s, message_id = %(message_id)s, content = CASE WHEN %(state)s = 'sent' THEN '' ELSE content END
WHERE outbox_id = %(id)s AND position = %(position)s

-- name: postpone
-- Not its turn yet: the chat's pace.
UPDATE outbox
SET state = 'queued', leased_until = NULL, next_try_at = now() + make_interval(secs => %(wait_s)s), updated_at = now()
WHERE id = %(id)s AND attempts = %(attempts)s AND state = 'sending'

-- name: retry
-- Try again later.
UPDATE outbox
SET state = 'queued', leased_until = NULL, next_try_at = now() + make_interval(secs => %(wait_s)s),
    failures = failures + 1, last_error = %(error)s, updated_at = now()
WHERE id = %(id)s AND attempts = %(attempts)s AND state = 'sending'

-- name: finish
-- Its last state.
UPDATE outbox SET state = %(state)s, leased_until = NULL, last_error = %(error)s, updated_at = now()
WHERE id = %(id)s AND attempts = %(attempts)s AND state = 'sending'

-- name: list
-- Messages, newest first, with how many of their files are in which state.
SELECT o.id, o.message_key, o.chat_id, o.state, o.failures, o.lost_stubs, o.message_ids, o.not_after, o.last_error,
       o.created_at, o.updated_at,
       (SELECT coalesce(jsonb_object_agg(state, n), '{}') FROM
            (SELECT state, count(*) AS n FROM outbox_files WHERE outbox_id = o.id GROUP BY state) f) AS files
FROM outbox o ORDER BY o.id DESC LIMIT %(limit)s

-- name: resend
-- Give a message that ended without being sent another chance, or the files of one that was sent without them. A text
-- that was sent is never sent again.
WITH message AS (
    SELECT id FROM outbox WHERE id = %(id)s AND (
        state IN ('uncertain', 'failed', 'expired')
        OR state = 'sent' AND EXISTS (SELECT FROM outbox_files f WHERE f.outbox_id = %(id)s
                                       AND f.state IN ('uncertain', 'failed'))
    )
    FOR UPDATE
),
files AS (
    UPDATE outbox_files SET state = 'queued'
    WHERE outbox_id IN (SELECT id FROM message) AND state IN ('uncertain', 'failed')
)
UPDATE outbox
SET state = 'queued', lost_stubs = 0, failures = 0, leased_until = NULL, next_try_at = now(), last_error = NULL,
    not_after = greatest(not_after, %(not_after)s), updated_at = now()
WHERE id IN (SELECT id FROM message)
RETURNING id

-- name: move
-- The group became a supergroup: everything that waits for it goes to its new id. Stubs stayed in the old chat.
UPDATE outbox
SET chat_id = %(new_chat_id)s, message_ids = '{}', filled = 0, lost_stubs = 0, state = 'queued', leased_until = NULL,
    next_try_at = now(), updated_at = now()
WHERE chat_id = %(chat_id)s AND state IN ('queued', 'sending')
