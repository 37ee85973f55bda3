-- name: set
-- Let a chat be quiet for a while; what was set before is replaced.
INSERT INTO snoozes AS already (chat_id, category, until, by_user, set_at)
VALUES (%(chat_id)s, %(category)s, %(until)s, %(by_user)s, %(at)s)
ON CONFLICT (chat_id, category) DO UPDATE
SET until = excluded.until, by_user = excluded.by_user, set_at = excluded.set_at;

-- name: holding
-- What a chat does not want now.
SELECT category, until FROM snoozes WHERE chat_id = %(chat_id)s AND until > %(now)s ORDER BY category;

-- name: end
-- Let a chat hear again.
DELETE FROM snoozes
WHERE chat_id = %(chat_id)s AND (%(category)s = '' OR category = %(category)s)
RETURNING category;
