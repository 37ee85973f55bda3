-- name: enqueue
-- Put a message in, once per key. One that was not begun yet takes the newer text. That it was written in the future
-- is still to be seen then, as after each fact that is noted: see lease.
INSERT INTO outbox (message_key, kind, chat_id, body, entities, parts, not_after, told_week, told,
                    keyboard, silent, reply_to, thread_id, ref)
VALUES (%(message_key)s, %(kind)s, %(chat_id)s, %(body)s, %(entities)s::jsonb, %(parts)s, %(not_after)s,
        %(told_week)s, %(told)s::jsonb, %(keyboard)s::jsonb, %(silent)s, %(reply_to)s, %(thread_id)s, %(ref)s)
ON CONFLICT (message_key) DO UPDATE
SET body = excluded.body, entities = excluded.entities, parts = excluded.parts, not_after = excluded.not_after,
    kind = excluded.kind, told_week = excluded.told_week, told = excluded.told, keyboard = excluded.keyboard,
    silent = excluded.silent, reply_to = excluded.reply_to, thread_id = excluded.thread_id, ref = excluded.ref,
    updated_at = greatest(outbox.updated_at, now())
WHERE outbox.state = 'queued' AND outbox.message_ids = '{}' AND outbox.lost_stubs = 0 AND outbox.filling = 0
RETURNING id

-- name: hold_moves
-- Until the transaction ends no chat moves. So what is put in is there before a move, which then finds it, or after it,
-- and then under the chat's right key. Who freezes meanwhile does not hold up senders without end.
SELECT set_config('idle_in_transaction_session_timeout', '60s', true), pg_advisory_xact_lock(7305817261514715239)

-- name: clear_files
-- The files of a message whose text is replaced.
DELETE FROM outbox_files WHERE outbox_id = %(id)s

-- name: add_file
-- One file that follows a message.
INSERT INTO outbox_files (outbox_id, position, kind, name, content)
VALUES (%(id)s, %(position)s, %(kind)s, %(name)s, %(content)s)

-- name: notify
-- Said when the transaction commits, to senders that listen: there is something to do.
SELECT pg_notify('signaltape_outbox', '')

-- name: listen
-- A sender wants to be told. Behind a pooler that lends a connection for a transaction only, it never is.
LISTEN signaltape_outbox

-- name: state
-- Where a message stands.
SELECT state, last_error FROM outbox WHERE message_key = %(message_key)s

-- name: message_of
-- The key of the message that has this number in a chat. Numbers of the group that the chat was are others.
SELECT message_key FROM outbox
WHERE message_ids @> ARRAY[%(message_id)s::bigint] AND message_ids <> '{}' AND chat_id = %(chat_id)s
  AND array_position(message_ids, %(message_id)s::bigint) > left_behind
ORDER BY id DESC LIMIT 1

-- name: sent_at
-- When a message was known to stand in its chat.
SELECT sent_at FROM outbox WHERE message_key = %(message_key)s

-- name: expire
-- What is past its time is never sent. Where the text stands in the chat already, only files that wait come too late;
-- where it may stand there, a person should look. A lease that was written in the future holds nothing up: see lease.
-- And what replies to a message that was never sent would stand alone, and say nothing: it ends with it. So does a reply
-- to what may stand in the chat, for nobody knows its number.
WITH expired AS (
    UPDATE outbox
    SET state = CASE WHEN filled >= parts THEN 'sent' WHEN filling > filled THEN 'uncertain' ELSE 'expired' END,
        last_error = CASE WHEN filled >= parts THEN (
                              SELECT 'its files were not sent in time' FROM outbox_files f
                              WHERE f.outbox_id = outbox.id AND f.state = 'queued' LIMIT 1)
                          WHEN filling > filled THEN %(in_doubt)s ELSE last_error END,
        leased_until = NULL, updated_at = now()
    WHERE state IN ('queued', 'sending') AND not_after <= now()
      AND (leased_until IS NULL OR leased_until < now() OR updated_at > now() + interval '1 minute')
    RETURNING id
),
replies AS (
    UPDATE outbox
    SET state = CASE WHEN replied.state = 'expired' THEN 'expired' ELSE 'failed' END,
        last_error = 'the message that it replies to was not sent: ' || coalesce(replied.state, 'there is none'),
        leased_until = NULL, updated_at = now()
    FROM outbox o LEFT JOIN outbox replied ON replied.message_key = o.reply_to
    WHERE o.id = outbox.id AND o.reply_to IS NOT NULL AND o.state IN ('queued', 'sending') AND o.not_after > now()
      AND o.filling = 0 AND o.lost_stubs = 0
      AND (o.leased_until IS NULL OR o.leased_until < now() OR o.updated_at > now() + interval '1 minute')
      AND (replied.id IS NULL OR replied.state NOT IN ('queued', 'sending') AND NOT replied.stands)
    RETURNING o.id
)
SELECT id FROM expired UNION ALL SELECT id FROM replies

-- name: lease
-- Take one message that is due; nobody else gets it until the lease ends. fencing_token is the number of the lease. A row
-- that was written in the future is due: the clock was set back, and its times would be waited for as long again.
-- Rings go before answers, these before alerts and reports, what sounds before what is silent; a reply waits for its message.
UPDATE outbox
SET state = 'sending', fencing_token = fencing_token + 1, leased_until = now() + make_interval(secs => %(lease_s)s),
    next_try_at = least(next_try_at, now()), updated_at = now()
WHERE id = (
    SELECT id FROM outbox o
    WHERE state IN ('queued', 'sending') AND not_after > now() AND kind = ANY(%(kinds)s::text[])
      AND (next_try_at <= now() AND (leased_until IS NULL OR leased_until < now())
           OR updated_at > now() + interval '1 minute')
      AND (reply_to IS NULL OR EXISTS (SELECT FROM outbox r WHERE r.message_key = o.reply_to AND r.stands))
    ORDER BY kind = 'report', kind <> 'ring', kind <> 'answer', silent, next_try_at, id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING id, message_key, chat_id, body, entities, message_ids, filled, filling, lost_stubs, fencing_token,
          failures, kind, left_behind, ref, keyboard, silent, thread_id,
          (SELECT r.message_ids[r.left_behind + 1] FROM outbox r
           WHERE r.message_key = outbox.reply_to AND r.chat_id = outbox.chat_id)

-- name: renew_lease
-- Before every call: is it still this sender's, and still of use? Then for a whole lease more. By the clock, here and
-- where a call begins: a statement that waits for a lock began when the message still had time.
UPDATE outbox
SET leased_until = now() + make_interval(secs => %(lease_s)s), next_try_at = least(next_try_at, now()), updated_at = now()
WHERE id = %(id)s AND state = 'sending' AND fencing_token = %(fencing_token)s AND not_after > clock_timestamp()
RETURNING id

-- name: next_due_s
-- Seconds until the next message or edit is due; NULL if none waits. What waits for another message is due with that.
SELECT extract(epoch FROM min(greatest(next_try_at, coalesce(leased_until, next_try_at))) - now())::float8
FROM (
    SELECT next_try_at, leased_until FROM outbox o
    WHERE state IN ('queued', 'sending') AND kind = ANY(%(kinds)s::text[])
      AND (reply_to IS NULL OR NOT EXISTS (SELECT FROM outbox r WHERE r.message_key = o.reply_to
                                           AND r.state IN ('queued', 'sending') AND NOT r.stands))
    UNION ALL
    SELECT e.next_try_at, e.leased_until FROM outbox_edits e JOIN outbox o USING (message_key)
    WHERE e.state IN ('queued', 'sending') AND o.kind = ANY(%(kinds)s::text[])
      AND (o.stands OR o.state NOT IN ('queued', 'sending', 'uncertain'))
) waiting

-- name: stub_begun
-- Written before a stub is sent: if nobody lives to write what came of it, it may stand in the chat.
UPDATE outbox SET lost_stubs = lost_stubs + 1, updated_at = greatest(updated_at, now())
WHERE id = %(id)s AND fencing_token = %(fencing_token)s AND state = 'sending' AND not_after > clock_timestamp()
RETURNING id

-- name: stub_sent
-- A stub stands in the chat, for the part at this place: a fact, whoever holds the message by now. Where another sender
-- was quicker, its stub keeps the place, and this one stays in the chat as one too many.
UPDATE outbox
SET message_ids = CASE WHEN cardinality(message_ids) = %(place)s
                       THEN message_ids || %(message_id)s::bigint ELSE message_ids END,
    lost_stubs = greatest(lost_stubs - (cardinality(message_ids) = %(place)s)::int, 0),
    updated_at = greatest(updated_at, now())
WHERE id = %(id)s AND chat_id = %(chat_id)s
RETURNING message_ids[%(place)s + 1], fencing_token = %(fencing_token)s AND state = 'sending'

-- name: stub_not_sent
-- The stub certainly does not stand in the chat.
UPDATE outbox SET lost_stubs = lost_stubs - 1, updated_at = greatest(updated_at, now())
WHERE id = %(id)s AND fencing_token = %(fencing_token)s AND state = 'sending' AND lost_stubs > 0

-- name: stub_gone
-- A stub was deleted from the chat before it held its text: it counts as one that was lost. One that another sender
-- filled before has its place for good.
UPDATE outbox
SET message_ids = message_ids[:%(place)s], filling = %(place)s, lost_stubs = lost_stubs + 1, updated_at = greatest(updated_at, now())
WHERE id = %(id)s AND fencing_token = %(fencing_token)s AND state = 'sending' AND filled <= %(place)s

-- name: text_begun
-- Written before a text is sent into its stub: if nobody lives to write what came of it, it may stand in the chat.
UPDATE outbox SET filling = greatest(filling, %(place)s + 1), updated_at = greatest(updated_at, now())
WHERE id = %(id)s AND fencing_token = %(fencing_token)s AND state = 'sending' AND not_after > clock_timestamp()
RETURNING id

-- name: text_not_sent
-- The text at this place certainly does not stand in the chat.
UPDATE outbox SET filling = %(place)s, updated_at = greatest(updated_at, now())
WHERE id = %(id)s AND fencing_token = %(fencing_token)s AND state = 'sending'

-- name: whole_begun
-- Written before a part is sent as a message of its own: if nobody lives to write what came of it, it may stand in the
-- chat. Not if it stands already: then it was another sender's call that had its answer late.
UPDATE outbox
SET filling = %(place)s + 1, lost_stubs = %(lost)s + 1, updated_at = greatest(updated_at, now())
WHERE id = %(id)s AND fencing_token = %(fencing_token)s AND state = 'sending' AND filled <= %(place)s
  AND not_after > clock_timestamp()
RETURNING id

-- name: whole_not_sent
-- This call certainly did not send the part at this place; what may stand of it from before may stand there still.
UPDATE outbox
SET filling = %(place)s + (%(in_doubt)s)::int, lost_stubs = %(lost)s, updated_at = greatest(updated_at, now())
WHERE id = %(id)s AND fencing_token = %(fencing_token)s AND state = 'sending' AND filled <= %(place)s

-- name: without_buttons
-- Telegram takes no message with such buttons: it goes without them.
UPDATE outbox SET keyboard = NULL, updated_at = greatest(updated_at, now())
WHERE id = %(id)s AND fencing_token = %(fencing_token)s AND state = 'sending'

-- name: without_topic
-- The topic was deleted or closed: it goes to the group.
UPDATE outbox SET thread_id = NULL, updated_at = greatest(updated_at, now())
WHERE id = %(id)s AND fencing_token = %(fencing_token)s AND state = 'sending'

-- name: filled
-- The stub at this place holds its part of the text: a fact, whoever holds the message by now. What the text tells is
-- reported with that; the first report of a week counts.
WITH holds AS (
    UPDATE outbox
    SET filled = greatest(filled, %(place)s + 1), updated_at = greatest(updated_at, now()),
        sent_at = CASE WHEN %(place)s + 1 >= parts THEN coalesce(sent_at, now()) ELSE sent_at END
    WHERE id = %(id)s AND message_ids[%(place)s + 1] = %(message_id)s
    RETURNING told_week, told
)
UPDATE weekly_scorecard SET reported = holds.told
FROM holds
WHERE week_start = holds.told_week AND holds.told IS NOT NULL AND reported IS NULL

-- name: sent_whole
-- A part stands in the chat as a message of its own: a fact, whoever holds the whole by now.
UPDATE outbox
SET message_ids = message_ids || %(message_id)s::bigint, filled = %(place)s + 1, filling = greatest(filling, %(place)s + 1),
    lost_stubs = greatest(lost_stubs - 1, 0), marks = CASE WHEN %(marked)s THEN marks || %(place)s ELSE marks END,
    sent_at = CASE WHEN %(place)s + 1 >= parts THEN coalesce(sent_at, now()) ELSE sent_at END,
    updated_at = greatest(updated_at, now())
WHERE id = %(id)s AND chat_id = %(chat_id)s AND filled = %(place)s AND cardinality(message_ids) = %(place)s
RETURNING fencing_token = %(fencing_token)s AND state = 'sending'

-- name: files
-- The files of a message that still are to be sent.
SELECT position, kind, name, content FROM outbox_files
WHERE outbox_id = %(id)s AND state = 'queued' ORDER BY position

-- name: file_state
-- What became of a file, as the sender that holds its message says. Its call begins as uncertain: only in time.
UPDATE outbox_files SET state = %(state)s
FROM outbox
WHERE outbox_id = %(id)s AND position = %(position)s
  AND outbox.id = outbox_id AND outbox.fencing_token = %(fencing_token)s AND outbox.state = 'sending'
  AND (%(state)s <> 'uncertain' OR not_after > clock_timestamp())
RETURNING position

-- name: file_sent
-- A file stands in the chat: a fact, whoever holds its message by now. Its content is not needed any more.
UPDATE outbox_files SET state = 'sent', message_id = %(message_id)s, content = ''
WHERE outbox_id = %(id)s AND position = %(position)s

-- name: postpone
-- Not its turn yet: the chat's pace.
UPDATE outbox
SET state = 'queued', leased_until = NULL, next_try_at = now() + make_interval(secs => %(wait_s)s), updated_at = now()
WHERE id = %(id)s AND fencing_token = %(fencing_token)s AND state = 'sending'

-- name: postpone_chat
-- Nor is it the turn of what else waits for the chat: who would ask for each of a hundred messages came to no other chat.
UPDATE outbox SET next_try_at = now() + make_interval(secs => %(wait_s)s), updated_at = now()
WHERE id IN (SELECT id FROM outbox WHERE chat_id = %(chat_id)s AND state = 'queued' AND next_try_at <= now()
             ORDER BY id FOR UPDATE SKIP LOCKED)

-- name: retry
-- Try again later.
UPDATE outbox
SET state = 'queued', leased_until = NULL, next_try_at = now() + make_interval(secs => %(wait_s)s),
    failures = failures + 1, last_error = %(error)s, updated_at = now()
WHERE id = %(id)s AND fencing_token = %(fencing_token)s AND state = 'sending'

-- name: finish
-- Its last state.
UPDATE outbox SET state = %(state)s, leased_until = NULL, last_error = %(error)s, updated_at = now()
WHERE id = %(id)s AND fencing_token = %(fencing_token)s AND state = 'sending'

-- name: list
-- Messages, newest first, below an id and in a state if one is given, with how many of their files are in which state.
SELECT o.id, o.message_key, o.kind, o.chat_id, o.state, o.failures, o.lost_stubs, o.message_ids, o.not_after, o.last_error,
       o.created_at, o.updated_at,
       (SELECT coalesce(jsonb_object_agg(state, n), '{}') FROM
            (SELECT state, count(*) AS n FROM outbox_files WHERE outbox_id = o.id GROUP BY state) f) AS files
FROM outbox o
WHERE (%(below)s::bigint IS NULL OR o.id < %(below)s) AND (%(state)s::text IS NULL OR o.state = %(state)s)
ORDER BY o.id DESC LIMIT %(limit)s

-- name: states
-- How many messages are in which state.
SELECT state, count(*) FROM outbox GROUP BY state

-- name: whole
-- One message with its text.
SELECT id, message_key, kind, chat_id, state, failures, lost_stubs, message_ids, not_after, last_error, created_at,
       updated_at, body, entities, parts, filled, filling, next_try_at
FROM outbox WHERE id = %(id)s

-- name: all_files
-- The files of a message without their content, which is gone once they were sent.
SELECT position, kind, name, octet_length(content) AS bytes, state, message_id
FROM outbox_files WHERE outbox_id = %(id)s ORDER BY position

-- name: resend
-- Give a message that ended without being sent another chance, or the files of one that was sent without them. A text
-- that was sent is never sent again; one that may have been counts as not sent, for a person has looked.
WITH message AS (
    SELECT id FROM outbox WHERE id = %(id)s AND (
        state IN ('uncertain', 'failed', 'expired')
        OR state = 'sent' AND EXISTS (SELECT FROM outbox_files f WHERE f.outbox_id = %(id)s
                                       AND f.state <> 'sent')
    )
    FOR UPDATE
),
files AS (
    UPDATE outbox_files SET state = 'queued'
    WHERE outbox_id IN (SELECT id FROM message) AND state IN ('uncertain', 'failed')
)
UPDATE outbox
SET state = 'queued', lost_stubs = 0, filling = filled, failures = 0, leased_until = NULL, next_try_at = now(), last_error = NULL,
    not_after = greatest(not_after, %(not_after)s), updated_at = now()
WHERE id IN (SELECT id FROM message)
RETURNING id

-- name: move
-- The group became a supergroup: everything that waits for it goes to its new id. Parts that hold their text are not
-- sent again, for members see them there, and neither is what a report may hold; empty stubs stay behind. What another
-- sender holds is left to it, and what was enqueued under another of the chat's ids as well is sent under that one only,
-- unless that one ended with nothing of it in the chat.
WITH waiting AS (
    SELECT o.id, (
        SELECT t.message_key FROM outbox t
        JOIN unnest(%(ids)s::text[]) a ON right(o.message_key, length(a) + 1) = ':' || a
        JOIN unnest(%(ids)s::text[]) b ON t.message_key = left(o.message_key, -length(a)) || b
        WHERE t.id <> o.id AND (t.filled > 0 OR t.state NOT IN ('expired', 'failed')) LIMIT 1
    ) AS twin
    FROM outbox o
    WHERE chat_id = %(chat_id)s AND state IN ('queued', 'sending')
      AND (id = %(id)s AND fencing_token = %(fencing_token)s OR leased_until IS NULL OR leased_until < now())
    FOR UPDATE
)
UPDATE outbox
SET chat_id = %(new_chat_id)s, message_ids = message_ids[:filled], left_behind = filled,
    lost_stubs = CASE WHEN kind = 'report' THEN 0 ELSE lost_stubs END,
    state = CASE WHEN filling > filled AND (kind = 'report' OR twin IS NOT NULL) THEN 'uncertain'
                 WHEN twin IS NOT NULL THEN 'failed' ELSE 'queued' END,
    last_error = CASE WHEN filling > filled AND (kind = 'report' OR twin IS NOT NULL) THEN %(in_doubt)s
                      WHEN twin IS NOT NULL THEN 'the chat''s new id has this message of its own: ' || twin
                      ELSE last_error END,
    leased_until = NULL, next_try_at = now(), updated_at = now()
FROM waiting
WHERE outbox.id = waiting.id

-- name: ids
-- All ids of a chat: those of groups that became this supergroup first, or the group's and then its supergroup's.
SELECT chat_id FROM (
    SELECT chat_id, 0 AS step FROM telegram_chats WHERE moved_to = %(chat_id)s
    UNION SELECT %(chat_id)s::text, 1
    UNION SELECT moved_to, 2 FROM telegram_chats WHERE chat_id = %(chat_id)s
) ids ORDER BY step, chat_id

-- name: note_move
-- A group has become a supergroup; the first word stands: reports were sent by it. Which one that is.
INSERT INTO telegram_chats (chat_id, moved_to) VALUES (%(chat_id)s, %(new_chat_id)s)
ON CONFLICT (chat_id) DO UPDATE SET moved_to = telegram_chats.moved_to
RETURNING moved_to

-- name: groups_given
-- Groups that may have become this supergroup and were given a message of such a key: a few, for each of them is asked.
SELECT given.chat_id FROM (
    SELECT substr(message_key, length(%(key_begins)s) + 1) AS chat_id, max(id) AS id
    FROM outbox WHERE starts_with(message_key, %(key_begins)s) GROUP BY 1
) given
WHERE %(chat_id)s ~ '^-[1-9][0-9]{12,}$' AND given.chat_id ~ '^-[1-9][0-9]{0,11}$'
  AND NOT EXISTS (SELECT FROM telegram_chats t WHERE t.chat_id = given.chat_id)
ORDER BY given.id DESC LIMIT 3

-- name: shown
-- A message as it is to stand in its chat: edited, if it was, with the beginning of what it replies to.
SELECT coalesce(e.body, o.body) AS text, coalesce(e.entities, o.entities) AS entities,
       CASE WHEN e.message_key IS NULL THEN o.keyboard ELSE e.keyboard END AS keyboard, o.silent,
       left(r.body, 200) AS reply_to, 'topic ' || o.thread_id AS topic, e.message_key IS NOT NULL AS edited,
       o.message_key AS name, o.state
FROM outbox o LEFT JOIN outbox_edits e USING (message_key) LEFT JOIN outbox r ON r.message_key = o.reply_to
WHERE o.id = %(id)s
