-- name: alone
-- One desk decides at a time: budgets are for all desks together. The database's clock, once it is our turn.
SELECT pg_advisory_xact_lock(7305817261514715241), clock_timestamp()

-- name: known_sources
-- Which of these signals and records were decided on before.
SELECT source_id FROM alerts WHERE source_id = ANY(%(source_ids)s)

-- name: decided
-- What was decided on the alerts of these sources, as it is told.
SELECT source_id, decision, reason, ref_id, signal_id::text, category, symbol, to_json(ts) #>> '{}' AS timestamp
FROM alerts WHERE source_id = ANY(%(source_ids)s) ORDER BY decided_at, ts, ref_id

-- name: taken_refs
-- Which of these references belong to an alert, or to the message of one that was purged.
SELECT ref_id FROM alerts WHERE ref_id = ANY(%(refs)s)
UNION SELECT ref FROM outbox WHERE kind = 'alert' AND ref = ANY(%(refs)s)

-- name: sent_since
-- What was sent of late, for the budgets.
SELECT category, symbol, decided_at FROM alerts WHERE decision = 'sent' AND decided_at > %(since)s ORDER BY decided_at

-- name: snoozes
-- Chats that are snoozed now, by every id that they had and have.
WITH asleep AS (SELECT chat_id, category, until FROM snoozes WHERE until > %(now)s)
SELECT chat_id, category, until FROM asleep
UNION SELECT t.chat_id, a.category, a.until FROM asleep a JOIN telegram_chats t ON t.moved_to = a.chat_id
UNION SELECT t.moved_to, a.category, a.until FROM asleep a JOIN telegram_chats t ON t.chat_id = a.chat_id

-- name: moved
-- Groups that became supergroups, with their new ids.
SELECT chat_id, moved_to FROM telegram_chats

-- name: add_alert
-- What was decided of an alert.
INSERT INTO alerts (ref_id, source_id, signal_id, category, symbol, side, decision, reason, detail, marks, ts, decided_at,
                    expires_at, alert, sizing, life)
VALUES (%(ref_id)s, %(source_id)s, %(signal_id)s, %(category)s, %(symbol)s, %(side)s, %(decision)s, %(reason)s, %(detail)s,
        %(marks)s, %(ts)s, %(decided_at)s, %(expires_at)s, %(alert)s, %(sizing)s, %(life)s)

-- name: add_chat
-- A chat that an alert is meant for: its message, or why it was held there.
INSERT INTO alert_chats (ref_id, chat_id, thread_id, message_key, reason, held_at)
VALUES (%(ref_id)s, %(chat_id)s, %(thread_id)s, %(message_key)s, %(reason)s, %(held_at)s)

-- name: add_held
-- Alerts that were held, and the chats that they were meant for: however many there are, each in one statement.
INSERT INTO alerts (ref_id, source_id, signal_id, category, symbol, side, decision, reason, detail, ts, decided_at, expires_at,
                    alert, life)
SELECT ref_id, source_id, signal_id, category, symbol, side, decision, reason, detail, ts, decided_at, expires_at, alert, life
FROM jsonb_populate_recordset(NULL::alerts, %(rows)s::jsonb)

-- name: add_held_chats
-- The chats of alerts that were held.
INSERT INTO alert_chats (ref_id, chat_id, thread_id, reason, held_at)
SELECT ref_id, chat_id, thread_id, reason, held_at FROM jsonb_populate_recordset(NULL::alert_chats, %(rows)s::jsonb)

-- name: add_happened
-- What became of signals that have an alert in some chat, or have none yet: they may get one. The first word stands. The
-- signals of which it was new.
INSERT INTO alert_lives (signal_id, event, ts, fields)
SELECT DISTINCT ON (h.signal_id, h.event) h.signal_id, h.event, h.ts, h.fields
FROM unnest(%(signal_ids)s::uuid[], %(events)s::text[], %(times)s::timestamptz[], %(fields)s::jsonb[])
     WITH ORDINALITY AS h (signal_id, event, ts, fields, place)
WHERE EXISTS (SELECT FROM alerts a WHERE a.signal_id = h.signal_id AND a.decision = 'sent')
   OR NOT EXISTS (SELECT FROM alerts a WHERE a.signal_id = h.signal_id)
ORDER BY h.signal_id, h.event, h.place
ON CONFLICT DO NOTHING
RETURNING signal_id::text

-- name: learn_lives
-- What the worker has stored of these signals, and the desk has not heard: it came before the desk was there, or while it
-- was away. Which of them there was anything new of.
WITH told AS (
    SELECT signal_id, 'signal_triggered' AS event, ts_triggered AS ts,
           jsonb_build_object('entry_fill', entry_fill::text, 'time_to_trigger_ms', time_to_trigger_ms) AS fields
    FROM signal_triggers WHERE signal_id = ANY(%(signal_ids)s::uuid[])
    UNION ALL
    SELECT signal_id, 'signal_invalidated', ts_invalidated, jsonb_build_object('reason', reason)
    FROM signal_invalidations WHERE signal_id = ANY(%(signal_ids)s::uuid[])
    UNION ALL
    SELECT signal_id, 'signal_closed', ts_closed,
           jsonb_build_object('rr_realized', rr_realized::text, 'time_in_trade_ms', time_in_trade_ms,
                              'exit_reason', exit_reason)
    FROM signal_closures WHERE signal_id = ANY(%(signal_ids)s::uuid[])
    UNION ALL
    SELECT signal_id, 'ghost_triggered', ts_triggered,
           jsonb_build_object('entry_fill', entry_fill::text, 'time_to_trigger_ms', time_to_trigger_ms)
    FROM ghost_triggers WHERE signal_id = ANY(%(signal_ids)s::uuid[])
    UNION ALL
    SELECT signal_id, 'ghost_invalidated', ts_invalidated, jsonb_build_object('reason', reason)
    FROM ghost_invalidations WHERE signal_id = ANY(%(signal_ids)s::uuid[])
    UNION ALL
    SELECT signal_id, 'ghost_closed', ts_closed,
           jsonb_build_object('rr_realized', rr_realized::text, 'time_in_trade_ms', time_in_trade_ms,
                              'exit_reason', exit_reason)
    FROM ghost_closures WHERE signal_id = ANY(%(signal_ids)s::uuid[])
),
heard AS (
    INSERT INTO alert_lives (signal_id, event, ts, fields) SELECT signal_id, event, ts, fields FROM told
    ON CONFLICT DO NOTHING RETURNING signal_id
)
SELECT DISTINCT signal_id::text FROM heard

-- name: followed
-- Signals whose alerts of the last days stand in a chat.
SELECT DISTINCT signal_id::text FROM alerts
WHERE decision = 'sent' AND signal_id IS NOT NULL AND decided_at > %(since)s

-- name: alerts_of
-- The alerts of these signals that stand in a chat.
SELECT ref_id FROM alerts WHERE signal_id = ANY(%(signal_ids)s::uuid[]) AND decision = 'sent' ORDER BY ref_id

-- name: row
-- All that the messages of an alert are made of; nobody else changes them meanwhile.
SELECT alert::text, sizing::text, marks, life, over, signal_id::text, clock_timestamp() FROM alerts
WHERE ref_id = %(ref_id)s AND decision = 'sent' FOR UPDATE

-- name: happened
-- What became of signals.
SELECT signal_id::text, event, ts, fields FROM alert_lives WHERE signal_id = ANY(%(signal_ids)s::uuid[])

-- name: messages
-- The messages of an alert, by chat.
SELECT chat_id, message_key FROM alert_chats WHERE ref_id = %(ref_id)s AND reason IS NULL ORDER BY chat_id

-- name: set_life
-- What the messages of an alert say of its life.
UPDATE alerts SET life = %(life)s WHERE ref_id = %(ref_id)s

-- name: ended
-- Alerts that stand in a chat and whose time is over; each is looked at once.
UPDATE alerts SET over = TRUE
WHERE ref_id IN (SELECT ref_id FROM alerts WHERE decision = 'sent' AND NOT over AND expires_at <= %(now)s
                 ORDER BY expires_at LIMIT %(limit)s FOR UPDATE)
RETURNING ref_id

-- name: end_unsent
-- Messages of alerts whose time is over before anybody began to send them end here, so that none of which it is said that
-- it was not sent is sent after that, whatever the clocks do.
UPDATE outbox o SET state = 'expired', leased_until = NULL, updated_at = now()
FROM alerts a, alert_chats c
WHERE a.decision = 'sent' AND a.decided_at > %(since)s AND c.ref_id = a.ref_id AND c.reason IS NULL
  AND o.message_key = c.message_key
  AND o.state = 'queued' AND o.not_after <= %(now)s AND o.filling = 0 AND o.lost_stubs = 0

-- name: unsent
-- Chats whose message ended without being sent: they are told so like of what was held. One that may stand in the chat is
-- not among them.
WITH ended AS (
    UPDATE alert_chats c SET reason = 'not_sent', held_at = %(now)s, doubted_at = NULL, digested_at = NULL
    FROM alerts a, outbox o
    WHERE a.decision = 'sent' AND a.decided_at > %(since)s AND c.ref_id = a.ref_id AND c.reason IS NULL
      AND o.message_key = c.message_key AND o.state IN ('expired', 'failed') AND NOT o.stands
    RETURNING c.ref_id, coalesce(o.last_error, 'Telegram was away') AS error
)
SELECT ref_id, min(error) FROM ended GROUP BY ref_id ORDER BY ref_id

-- name: sent_nowhere
-- An alert that stands in no chat was not sent.
UPDATE alerts a SET decision = 'held', reason = 'not_sent', detail = %(detail)s
WHERE ref_id = %(ref_id)s AND decision = 'sent'
  AND NOT EXISTS (SELECT FROM alert_chats c WHERE c.ref_id = a.ref_id AND c.reason IS NULL)
RETURNING source_id

-- name: not_sent
-- Alerts of late that stand in no chat.
SELECT source_id FROM alerts WHERE decided_at > %(since)s AND reason = 'not_sent' ORDER BY decided_at

-- name: doubt
-- Chats in which an alert may not stand: it was sent without an answer, and is not sent again. They are told so; it is
-- followed all the same, for it may have come.
UPDATE alert_chats c SET doubted_at = %(now)s
FROM alerts a, outbox o
WHERE a.decision = 'sent' AND a.decided_at > %(since)s AND c.ref_id = a.ref_id AND c.reason IS NULL
  AND c.doubted_at IS NULL AND o.message_key = c.message_key AND o.state = 'uncertain' AND NOT o.stands

-- name: doubt_no_more
-- Of a message that stands after all, or is sent again, there is no doubt, or a new one later.
UPDATE alert_chats c SET doubted_at = NULL, digested_at = NULL
FROM alerts a, outbox o
WHERE a.decided_at > %(since)s AND c.ref_id = a.ref_id AND c.doubted_at IS NOT NULL
  AND o.message_key = c.message_key AND (o.stands OR o.state IN ('queued', 'sending'))

-- name: stand_after_all
-- Chats in which a message stands that had ended without being sent: a person had it sent again. Their alerts, each with
-- its signal.
WITH stands AS (
    UPDATE alert_chats c SET reason = NULL, held_at = NULL, digested_at = NULL
    FROM alerts a, outbox o
    WHERE a.decided_at > %(since)s AND c.ref_id = a.ref_id AND c.reason = 'not_sent'
      AND o.message_key = c.message_key AND o.stands
    RETURNING c.ref_id, a.signal_id
)
SELECT DISTINCT ref_id, signal_id::text FROM stands ORDER BY ref_id

-- name: sent_after_all
-- Those of these alerts that had counted as sent nowhere were sent.
UPDATE alerts SET decision = 'sent', reason = NULL, detail = NULL
WHERE ref_id = ANY(%(ref_ids)s) AND decision = 'held' AND reason = 'not_sent'
RETURNING source_id

-- name: to_tell
-- Chats that were not told yet of what was held back there, and got no digest within the last while. One that was told in
-- the future was told before the clock was set back.
SELECT DISTINCT chat_id FROM alert_chats c
WHERE (reason IS NOT NULL OR doubted_at IS NOT NULL) AND digested_at IS NULL
  AND NOT EXISTS (SELECT FROM alert_chats t WHERE t.chat_id = c.chat_id AND t.digested_at > %(last)s AND t.digested_at <= %(now)s)
ORDER BY chat_id

-- name: tell
-- What was held back in a chat, or may not have come there, since the last digest, counted by reason; from now on it was
-- told.
WITH told AS (
    UPDATE alert_chats SET digested_at = %(now)s
    WHERE chat_id = %(chat_id)s AND (reason IS NOT NULL OR doubted_at IS NOT NULL) AND digested_at IS NULL
    RETURNING coalesce(reason, 'in_doubt') AS reason, coalesce(held_at, doubted_at) AS held_at, thread_id
)
SELECT reason, count(*)::int, min(held_at), min(thread_id) FROM told GROUP BY reason ORDER BY 2 DESC, 1

-- name: untold
-- What digests named that ended without being sent is named by another: of those between two keys, none of the last while.
UPDATE alert_chats c SET digested_at = NULL
FROM outbox o
WHERE o.message_key BETWEEN %(first)s AND %(last)s AND o.state IN ('expired', 'failed') AND NOT o.stands
  AND c.chat_id = split_part(o.message_key, ':', 3) AND c.digested_at > %(since)s
  AND coalesce(c.held_at, c.doubted_at) > %(since)s
  AND floor(extract(epoch FROM c.digested_at) * 1000)::bigint::text = split_part(o.message_key, ':', 2)

-- name: forget
-- What became of signals long ago is not asked for any more.
DELETE FROM alert_lives WHERE received_at < %(before)s
