-- name: of_signal
-- Messages whose key names a signal by its id or ref, and the reports of its week, which counted it.
SELECT id, kind, message_key, state, created_at, split_part(body, E'\n', 1) AS headline,
       told_week IS NOT DISTINCT FROM %(week)s::date AS of_week
FROM outbox
WHERE told_week = %(week)s::date OR created_at >= %(since)s
  AND (%(signal_id)s = ANY (string_to_array(message_key, ':')) OR %(ref)s::text = ANY (string_to_array(message_key, ':')))
ORDER BY id
LIMIT 50
