-- name: of_ref
-- An alert that stands in one of these chats (all ids of one), until the transaction ends for this click alone: what is
-- shown of it afterwards is of the newest clicks.
SELECT a.ref_id, a.signal_id::text, a.side, (a.alert ->> 'confidence')::numeric AS confidence, c.message_key
FROM alerts a
JOIN alert_chats c USING (ref_id)
WHERE a.ref_id = %(ref_id)s AND c.chat_id = ANY(%(chat_ids)s::text[]) AND c.message_key IS NOT NULL
ORDER BY c.chat_id
LIMIT 1
FOR UPDATE OF a

-- name: of_message
-- The same, of a message.
SELECT a.ref_id, a.signal_id::text, a.side, (a.alert ->> 'confidence')::numeric AS confidence, c.message_key
FROM alerts a
JOIN alert_chats c USING (ref_id)
WHERE c.message_key = %(message_key)s
FOR UPDATE OF a

-- name: latest
-- What a person said last in answer to a question of an alert, by which update and when, and whether this very update has
-- said it.
SELECT l.value, l.update_id, l.ts,
       EXISTS (SELECT FROM feedback WHERE update_id = %(update_id)s AND kind = %(kind)s) AS known
FROM (VALUES (1)) one LEFT JOIN feedback_latest l ON ref_id = %(ref_id)s AND user_id = %(user_id)s AND kind = %(kind)s

-- name: add
-- Keep a click; the same update again is the same click.
INSERT INTO feedback (ref_id, signal_id, chat_id, user_id, kind, value, via, bias, confidence, latency_to_click_ms,
                      update_id, ts)
VALUES (%(ref_id)s, %(signal_id)s::uuid, %(chat_id)s, %(user_id)s, %(kind)s, %(value)s, %(via)s, %(bias)s, %(confidence)s,
        %(latency_to_click_ms)s, %(update_id)s, %(ts)s)
ON CONFLICT (update_id, kind) DO NOTHING

-- name: of_update
-- The click of an update, as it is told.
SELECT update_id, to_json(ts) #>> '{}' AS timestamp, ref_id, signal_id::text, chat_id, user_id,
       CASE via WHEN 'reaction' THEN via ELSE kind END AS kind, value, latency_to_click_ms
FROM feedback WHERE update_id = %(update_id)s

-- name: newest
-- The newest clicks, likewise.
SELECT update_id, to_json(ts) #>> '{}' AS timestamp, ref_id, signal_id::text, chat_id, user_id,
       CASE via WHEN 'reaction' THEN via ELSE kind END AS kind, value, latency_to_click_ms
FROM (SELECT * FROM feedback ORDER BY id DESC LIMIT %(most)s) newest ORDER BY id

-- name: standing
-- How many people, wherever they clicked, say what of an alert now or have an entry of it; how many set its lines in a
-- chat, by any of its ids, and until when that wants no alerts of its category. To want none at all is not meant of health.
SELECT count(*) FILTER (WHERE value = 'up') AS up, count(*) FILTER (WHERE value = 'down') AS down,
       count(*) FILTER (WHERE value = 'took') AS took, count(*) FILTER (WHERE value = 'skipped') AS skipped,
       (SELECT count(DISTINCT user_id) FROM desk_ghosts
        WHERE ref_id = %(ref_id)s AND kind = 'order' AND cancelled_at IS NULL
          AND became IS DISTINCT FROM 'refused') AS entries,
       (SELECT count(DISTINCT user_id) FROM desk_ghosts
        WHERE ref_id = %(ref_id)s AND kind = 'line' AND cancelled_at IS NULL
          AND (chat_id = %(chat_id)s OR chat_id IN (
               SELECT chat_id FROM telegram_chats WHERE moved_to = %(chat_id)s
               UNION ALL SELECT moved_to FROM telegram_chats WHERE chat_id = %(chat_id)s))) AS lines,
       (SELECT max(s.until) FROM snoozes s
        JOIN alerts a ON s.category = a.category OR s.category = '' AND a.category <> 'health'
        WHERE a.ref_id = %(ref_id)s AND s.until > now()
          AND (s.chat_id = %(chat_id)s OR s.chat_id IN (
               SELECT chat_id FROM telegram_chats WHERE moved_to = %(chat_id)s
               UNION ALL SELECT moved_to FROM telegram_chats WHERE chat_id = %(chat_id)s))) AS snoozed_until
FROM feedback_latest WHERE ref_id = %(ref_id)s

-- name: coverage
-- Alerts of a span that were sent, and those of them of which somebody says something.
SELECT count(*) AS sent,
       count(*) FILTER (WHERE EXISTS (
           SELECT FROM feedback_latest f WHERE f.ref_id = alerts.ref_id AND f.value <> 'none')) AS clicked
FROM alerts
WHERE decision = 'sent' AND ts >= %(since)s AND ts < %(until)s
