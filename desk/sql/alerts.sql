-- name: of_ref
-- An alert that stands in this chat: when its time ends, what it is of.
SELECT alerts.ref_id, alerts.category, alerts.expires_at
FROM alerts JOIN alert_chats USING (ref_id)
WHERE alerts.ref_id = %(ref_id)s AND alert_chats.chat_id = ANY(%(chat_ids)s) AND alert_chats.message_key IS NOT NULL
LIMIT 1;
