-- name: ask
-- A question that waits for its answer.
INSERT INTO desk_confirmations (id, act, user_id, chat_id, update_id, made_at, expires_at, detail)
VALUES (%(id)s, %(act)s, %(user_id)s, %(chat_id)s, %(update_id)s, %(made_at)s, %(expires_at)s, %(detail)s);

-- name: find
-- A question, held until what comes of it is committed.
SELECT act, user_id, chat_id, update_id, made_at, expires_at, used_at, detail
FROM desk_confirmations
WHERE id = %(id)s
FOR UPDATE;

-- name: use
-- It is answered: once.
UPDATE desk_confirmations SET used_at = %(at)s WHERE id = %(id)s AND used_at IS NULL RETURNING id;
