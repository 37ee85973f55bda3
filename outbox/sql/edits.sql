-- name: edit
-- What a message is to become, unless it ended without being sent: for one that may stand in its chat it waits until more
-- is known. The last one wins; the same again is none.
INSERT INTO outbox_edits AS e (message_key, body, entities, keyboard, not_after)
SELECT message_key, %(body)s, %(entities)s::jsonb, %(keyboard)s::jsonb, %(not_after)s
FROM outbox WHERE message_key = %(message_key)s AND (stands OR state IN ('queued', 'sending', 'uncertain'))
ON CONFLICT (message_key) DO UPDATE
SET revision = e.revision + ((e.body, e.entities, e.keyboard)
                             IS DISTINCT FROM (excluded.body, excluded.entities, excluded.keyboard))::int,
    state = CASE WHEN e.state = 'sending' THEN 'sending'
                 WHEN e.state = 'sent' AND (e.body, e.entities, e.keyboard)
                      IS NOT DISTINCT FROM (excluded.body, excluded.entities, excluded.keyboard) THEN 'sent'
                 ELSE 'queued' END,
    places = CASE WHEN (e.body, e.entities, e.keyboard)
                       IS DISTINCT FROM (excluded.body, excluded.entities, excluded.keyboard) THEN 0 ELSE e.places END,
    body = excluded.body, entities = excluded.entities, keyboard = excluded.keyboard, not_after = excluded.not_after,
    failures = 0, next_try_at = least(e.next_try_at, now()), last_error = NULL,
    updated_at = greatest(e.updated_at, now())
RETURNING revision

-- name: edit_state
-- Where the edit of a message stands.
SELECT state, last_error FROM outbox_edits WHERE message_key = %(message_key)s

-- name: end
-- What can never be edited, or comes too late. A chat that became a supergroup has other numbers. An edit that has stood
-- there, and was to be said once more because an older one may come behind it, is uncertain.
UPDATE outbox_edits
SET state = CASE WHEN o.stands AND (o.left_behind > 0 OR t.moved_to IS NOT NULL) THEN 'failed'
                 WHEN NOT o.stands AND o.state NOT IN ('queued', 'sending', 'uncertain') THEN 'failed'
                 WHEN sent_revision = revision THEN 'uncertain' ELSE 'expired' END,
    last_error = CASE WHEN o.stands AND (o.left_behind > 0 OR t.moved_to IS NOT NULL)
                      THEN 'the group became a supergroup, where the message has no number'
                      WHEN NOT o.stands AND o.state NOT IN ('queued', 'sending', 'uncertain')
                      THEN 'the message itself was not sent: ' || o.state
                      WHEN sent_revision = revision THEN 'an older edit without an answer may have come behind it'
                      ELSE outbox_edits.last_error END,
    leased_until = NULL, updated_at = now()
FROM outbox o LEFT JOIN telegram_chats t USING (chat_id)
WHERE o.message_key = outbox_edits.message_key AND outbox_edits.state IN ('queued', 'sending')
  AND (outbox_edits.leased_until IS NULL OR outbox_edits.leased_until < now()
       OR outbox_edits.updated_at > now() + interval '1 minute')
  AND (outbox_edits.not_after <= now() OR o.state NOT IN ('queued', 'sending', 'uncertain') AND NOT o.stands
       OR o.stands AND (o.left_behind > 0 OR t.moved_to IS NOT NULL))

-- name: lease
-- Take one edit that is due, of a message that stands; nobody else gets it until the lease ends. What is in doubt from
-- before is given with it: in how many seconds nothing older can arrive any more, by a clock that may have been set back.
UPDATE outbox_edits
SET state = 'sending', fencing_token = outbox_edits.fencing_token + 1,
    leased_until = now() + make_interval(secs => %(lease_s)s),
    next_try_at = least(outbox_edits.next_try_at, now()), updated_at = now()
FROM outbox o
WHERE o.message_key = outbox_edits.message_key AND outbox_edits.message_key = (
    SELECT e.message_key FROM outbox_edits e JOIN outbox m USING (message_key)
    WHERE e.state IN ('queued', 'sending') AND e.not_after > now() AND m.stands AND m.kind = ANY(%(kinds)s::text[])
      AND (e.next_try_at <= now() AND (e.leased_until IS NULL OR e.leased_until < now())
           OR e.updated_at > now() + interval '1 minute')
    ORDER BY e.next_try_at, e.message_key
    LIMIT 1
    FOR UPDATE OF e SKIP LOCKED
)
RETURNING o.message_key, o.id, o.chat_id, outbox_edits.body, outbox_edits.entities, outbox_edits.keyboard,
          outbox_edits.revision, outbox_edits.fencing_token, outbox_edits.failures, outbox_edits.places,
          o.message_ids, o.kind, o.ref, o.marks,
          CASE WHEN outbox_edits.in_doubt_until > now()
               THEN least(extract(epoch FROM outbox_edits.in_doubt_until - now())::float8, %(late_s)s::float8) END,
          CASE WHEN outbox_edits.in_doubt_until > now() THEN outbox_edits.doubtful_revision END

-- name: begun
-- Written before each call of an edit: for so long it may arrive, if nobody lives to write what came of it. Not if a
-- newer edit took its place, or another sender, or it is too late.
UPDATE outbox_edits
SET in_doubt_until = clock_timestamp() + make_interval(secs => %(late_s)s),
    doubtful_revision = least(%(doubtful)s::bigint, revision),
    leased_until = now() + make_interval(secs => %(lease_s)s), updated_at = now()
WHERE message_key = %(message_key)s AND fencing_token = %(fencing_token)s AND state = 'sending'
  AND revision = %(revision)s AND not_after > clock_timestamp()
RETURNING message_key

-- name: answered
-- A call of an edit had its answer, so that it cannot arrive any more; what was in doubt before still is. So many
-- messages of a long text hold the revision by then.
UPDATE outbox_edits
SET in_doubt_until = now() + make_interval(secs => %(doubt_s)s), doubtful_revision = %(doubtful)s,
    places = CASE WHEN revision = %(revision)s THEN %(places)s ELSE places END
WHERE message_key = %(message_key)s AND fencing_token = %(fencing_token)s AND state = 'sending'

-- name: without_buttons
-- Telegram takes no edit with such buttons: it goes without them.
UPDATE outbox_edits SET keyboard = NULL
WHERE message_key = %(message_key)s AND fencing_token = %(fencing_token)s AND state = 'sending'
  AND revision = %(revision)s

-- name: done
-- The message is as this revision wants it. If an older one may still arrive, it is said once more after that; and if
-- something newer is wanted meanwhile, that is next.
UPDATE outbox_edits
SET sent_revision = greatest(sent_revision, %(revision)s), places = 0,
    state = CASE WHEN revision > %(revision)s OR %(again_s)s::float8 IS NOT NULL THEN 'queued' ELSE 'sent' END,
    next_try_at = now() + make_interval(secs => CASE WHEN revision > %(revision)s THEN 0 ELSE coalesce(%(again_s)s, 0) END),
    failures = 0, last_error = NULL, leased_until = NULL, updated_at = now()
WHERE message_key = %(message_key)s AND fencing_token = %(fencing_token)s AND state = 'sending'

-- name: postpone
-- Not its turn yet: the chat's pace, or a newer edit.
UPDATE outbox_edits
SET state = 'queued', leased_until = NULL, next_try_at = now() + make_interval(secs => %(wait_s)s), updated_at = now()
WHERE message_key = %(message_key)s AND fencing_token = %(fencing_token)s AND state = 'sending'

-- name: postpone_chat
-- Nor is it the turn of the other edits that wait for the chat.
UPDATE outbox_edits SET next_try_at = now() + make_interval(secs => %(wait_s)s), updated_at = now()
WHERE message_key IN (SELECT e.message_key FROM outbox_edits e JOIN outbox o USING (message_key)
                      WHERE o.chat_id = %(chat_id)s AND e.state = 'queued' AND e.next_try_at <= now()
                      ORDER BY e.message_key FOR UPDATE OF e SKIP LOCKED)

-- name: retry
-- Try again later.
UPDATE outbox_edits
SET state = 'queued', leased_until = NULL, next_try_at = now() + make_interval(secs => %(wait_s)s),
    failures = failures + 1, last_error = %(error)s, updated_at = now()
WHERE message_key = %(message_key)s AND fencing_token = %(fencing_token)s AND state = 'sending'

-- name: fail
-- It was refused, and would be again; a newer edit that came meanwhile has its own answer.
UPDATE outbox_edits
SET state = CASE WHEN revision > %(revision)s THEN 'queued' ELSE 'failed' END, leased_until = NULL,
    next_try_at = now(), last_error = %(error)s, updated_at = now()
WHERE message_key = %(message_key)s AND fencing_token = %(fencing_token)s AND state = 'sending'
