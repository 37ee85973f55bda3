-- name: alert
-- An alert that stands in one of these chats (all ids of one) with what its plan is made of; until the transaction ends
-- nobody else asks anything of it.
SELECT a.ref_id, a.alert::text AS alert, a.sizing::text AS sizing, a.marks, a.life, a.expires_at
FROM alerts a JOIN alert_chats c USING (ref_id)
WHERE a.ref_id = %(ref_id)s AND a.decision = 'sent' AND c.chat_id = ANY(%(chat_ids)s::text[]) AND c.message_key IS NOT NULL
ORDER BY c.chat_id LIMIT 1
FOR UPDATE OF a

-- name: orders_of
-- What a person asked for of a plan, the newest first, with where the ghost stands.
SELECT d.*, g.status FROM desk_ghosts d LEFT JOIN ghost_orders g ON g.order_id = d.id
WHERE d.ref_id = %(ref_id)s AND d.user_id = %(user_id)s AND d.kind = 'order' ORDER BY d.number DESC

-- name: lines_of
-- The lines of a plan: of a chat, by any of its ids, or of a person; oldest first.
SELECT d.*, g.status FROM desk_ghosts d LEFT JOIN ghost_lines g ON g.line_id = d.id
WHERE d.ref_id = %(ref_id)s AND d.kind = 'line'
  AND (d.chat_id = ANY(%(chat_ids)s::text[]) OR d.user_id = %(user_id)s::bigint)
ORDER BY d.number

-- name: lines_in
-- Lines of a chat that may still ring: as the ghost stores them, else as far as it was told of them.
SELECT d.*, g.status FROM desk_ghosts d LEFT JOIN ghost_lines g ON g.line_id = d.id
WHERE d.chat_id = ANY(%(chat_ids)s::text[]) AND d.kind = 'line' AND d.cancelled_at IS NULL
  AND (d.expires_at IS NULL OR d.expires_at > %(now)s)
  AND CASE WHEN g.status IS NULL THEN d.ended_at IS NULL ELSE g.status = 'set' END
ORDER BY d.number DESC LIMIT %(most)s

-- name: ask
-- Keep what is asked for; the same again is nothing.
INSERT INTO desk_ghosts (id, kind, ref_id, user_id, by_user, chat_id, thread_id, symbol, side, label, price, direction,
                         update_id, asked_at, expires_at)
VALUES (%(id)s, %(kind)s, %(ref_id)s, %(user_id)s, %(by_user)s, %(chat_id)s, %(thread_id)s, %(symbol)s, %(side)s, %(label)s,
        %(price)s, %(direction)s, %(update_id)s, %(asked_at)s, %(expires_at)s)
ON CONFLICT (id) DO NOTHING

-- name: cancel
-- These are wanted no longer. Taken in the order in which others take them.
WITH held AS (SELECT id FROM desk_ghosts WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE)
UPDATE desk_ghosts SET cancelled_at = %(at)s FROM held WHERE desk_ghosts.id = held.id AND cancelled_at IS NULL

-- name: whose
-- Who asked for these; nobody changes them meanwhile.
SELECT id, kind, ref_id, user_id, by_user, chat_id, thread_id, symbol, side, label, cancelled_at
FROM desk_ghosts WHERE id = ANY(%(ids)s)
ORDER BY id FOR UPDATE

-- name: became
-- What the ghost said of one last; what ended stays as it ended.
UPDATE desk_ghosts SET became = %(became)s, ended_at = %(at)s WHERE id = %(id)s AND ended_at IS NULL

-- name: message
-- The message of an alert that stands in a chat, by any of its ids.
SELECT c.message_key FROM alert_chats c JOIN outbox o USING (message_key)
WHERE c.ref_id = %(ref_id)s AND c.chat_id = ANY(%(chat_ids)s::text[]) AND o.state = 'sent' ORDER BY c.chat_id LIMIT 1
