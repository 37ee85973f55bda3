-- name: dead_letters
-- Entries that were put aside within the last hour; of more than a thousand nobody needs the number.
SELECT count(*)::float8
FROM (SELECT received_at FROM dead_letters ORDER BY id DESC LIMIT 1000) AS newest
WHERE received_at > now() - interval '1 hour'

-- name: outbox
-- Messages of the last day of which nobody knows whether they came, and how long the oldest waits that could have been
-- sent. What replies to another waits for that; what the guard itself says is not counted: it would keep itself ringing.
SELECT (SELECT count(*) FROM outbox
        WHERE state = 'uncertain' AND updated_at > now() - interval '1 day'
          AND message_key NOT LIKE 'guard:%%')::float8,
       coalesce((SELECT extract(epoch FROM now() - min(created_at)) FROM outbox
                 WHERE state IN ('queued', 'sending') AND not_after > now() AND reply_to IS NULL
                   AND message_key NOT LIKE 'guard:%%'), 0)::float8

-- name: failed
-- Messages that were refused: for as long as they are of use, but an hour at least and a day at most. One that is sent again
-- is in another state. A reply that ended with its message is no failure beside that one's, nor is what the group's
-- supergroup has under a key of its own, unless that ended unsent; and the guard's own would keep itself ringing.
SELECT count(*)::float8 FROM outbox o
WHERE state = 'failed' AND updated_at > now() - interval '1 day'
  AND (not_after > now() OR updated_at > now() - interval '1 hour')
  AND message_key NOT LIKE 'guard:%%'
  AND (reply_to IS NULL OR EXISTS (SELECT FROM outbox r WHERE r.message_key = o.reply_to AND r.stands))
  AND NOT EXISTS (SELECT FROM telegram_chats t
                  JOIN outbox own ON own.message_key = left(o.message_key, -length(t.chat_id)) || t.moved_to
                  WHERE right(o.message_key, length(t.chat_id) + 1) = ':' || t.chat_id
                    AND (own.state <> 'expired' OR own.filled > 0))

-- name: delivery
-- From an alert to where it stands in its chats, 95 of 100 of the last ten minutes; one that waits still counts as long as
-- it has. NULL: there were none.
SELECT percentile_disc(0.95) WITHIN GROUP (ORDER BY greatest(extract(epoch FROM coalesce(o.sent_at, now()) - a.ts), 0))::float8
FROM alerts a JOIN alert_chats c USING (ref_id) JOIN outbox o USING (message_key)
WHERE a.decision = 'sent' AND a.decided_at > now() - interval '10 minutes'
  AND (o.sent_at IS NOT NULL OR o.state IN ('queued', 'sending'))

-- name: clock
-- Postgres' clock, in seconds since 1970.
SELECT extract(epoch FROM clock_timestamp())::float8

-- name: backup
-- Hours since a backup succeeded; where none ever did, since there was something to back up.
SELECT extract(epoch FROM now() - coalesce((SELECT at FROM guard_stamps WHERE what = 'backup'),
                                           (SELECT min(applied_at) FROM schema_migrations)))::float8 / 3600

-- name: stamp
-- A backup, or a trial of restoring one, succeeded.
INSERT INTO guard_stamps (what, at, says) VALUES (%(what)s, %(at)s, %(says)s)
ON CONFLICT (what) DO UPDATE SET at = excluded.at, says = excluded.says
