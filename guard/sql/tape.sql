-- name: lead
-- Be the one guard of this database, for as long as this session lives.
SELECT pg_try_advisory_lock(hashtextextended('signaltape guard', 0))

-- name: positions
-- How far each partition was folded.
SELECT stream, entry_id FROM guard_position

-- name: begin_position
-- A partition that is read for the first time.
INSERT INTO guard_position (stream, entry_id) VALUES (%(stream)s, '0-0') ON CONFLICT DO NOTHING

-- name: move_positions
-- Further on, where they still are where this process left them. Which were moved.
UPDATE guard_position p SET entry_id = moved.entry_id
FROM unnest(%(streams)s::text[], %(was)s::text[], %(now)s::text[]) AS moved (stream, was, entry_id)
WHERE p.stream = moved.stream AND p.entry_id = moved.was

-- name: rows
-- What stands of these minutes already, with the records that it is made of.
SELECT g.minute, g.kind, g.figure, g.name, g.engine, n, sum, worst, last, last_at, n2xx, n3xx, n4xx, n429, n5xx,
       bucket, bucket_n, examples, ids
FROM unnest(%(minutes)s::timestamptz[], %(kinds)s::text[], %(figures)s::text[], %(names)s::text[], %(engines)s::text[])
         AS asked (minute, kind, figure, name, engine)
JOIN guard_minutes g USING (minute, kind, figure, name, engine)

-- name: put_row
-- A minute as it stands now, with the records that were added to it.
INSERT INTO guard_minutes AS g
    (minute, kind, figure, name, engine, n, sum, worst, last, last_at, n2xx, n3xx, n4xx, n429, n5xx,
     bucket, bucket_n, examples, ids)
VALUES (%(at)s, %(kind)s, %(figure)s, %(name)s, %(engine)s, %(n)s, %(sum)s, %(worst)s, %(last)s, %(last_at)s,
        %(n2xx)s, %(n3xx)s, %(n4xx)s, %(n429)s, %(n5xx)s, %(bucket)s::int[], %(bucket_n)s::bigint[], %(examples)s,
        %(ids)s::uuid[])
ON CONFLICT (minute, kind, figure, name, engine) DO UPDATE
SET n = excluded.n, sum = excluded.sum, worst = excluded.worst, last = excluded.last, last_at = excluded.last_at,
    n2xx = excluded.n2xx, n3xx = excluded.n3xx, n4xx = excluded.n4xx, n429 = excluded.n429, n5xx = excluded.n5xx,
    bucket = excluded.bucket, bucket_n = excluded.bucket_n, examples = excluded.examples, ids = g.ids || excluded.ids

-- name: put_slot
-- A record as it came, for a guard that is begun anew.
INSERT INTO guard_slots (id, slot, kind, figure, name, engine, n, sum, worst, last, last_at, n2xx, n3xx, n4xx, n429, n5xx,
                         bucket, bucket_n, examples)
VALUES (%(id)s, %(at)s, %(kind)s, %(figure)s, %(name)s, %(engine)s, %(n)s, %(sum)s, %(worst)s, %(last)s, %(last_at)s,
        %(n2xx)s, %(n3xx)s, %(n4xx)s, %(n429)s, %(n5xx)s, %(bucket)s::int[], %(bucket_n)s::bigint[], %(examples)s)
ON CONFLICT DO NOTHING

-- name: put_burn
-- What kept an objective and what did not, of one minute.
INSERT INTO guard_burn AS b (rule, subject, engine, minute, good, bad)
VALUES (%(rule)s, %(subject)s, %(engine)s, %(minute)s, %(good)s, %(bad)s)
ON CONFLICT (rule, subject, minute) DO UPDATE SET good = b.good + excluded.good, bad = b.bad + excluded.bad

-- name: put_day
-- The same of its day in WIB.
INSERT INTO guard_days AS d (day, rule, subject, good, bad)
VALUES (%(day)s, %(rule)s, %(subject)s, %(good)s, %(bad)s)
ON CONFLICT (day, rule, subject) DO UPDATE SET good = d.good + excluded.good, bad = d.bad + excluded.bad

-- name: slots
-- What a guard goes on from: the records of the last quarter of an hour.
SELECT slot, kind, figure, name, engine, n, sum, worst, last, last_at, n2xx, n3xx, n4xx, n429, n5xx,
       bucket, bucket_n, examples
FROM guard_slots WHERE slot >= %(since)s ORDER BY slot

-- name: burns
-- What kept an objective and what did not, of the longest window.
SELECT rule, subject, minute, good, bad, engine FROM guard_burn WHERE minute >= %(since)s ORDER BY minute

-- name: seen
-- When each figure was measured last, of those that may be missed.
SELECT kind, figure, name, engine, max(last_at) FROM guard_minutes WHERE minute >= %(since)s GROUP BY 1, 2, 3, 4

-- name: forget_slots
-- Slots that no window reaches any more.
DELETE FROM guard_slots WHERE slot < %(before)s

-- name: prune
-- What is too old for any window and any page.
WITH minutes AS (DELETE FROM guard_minutes WHERE minute < %(now)s - interval '40 days'),
     burn AS (DELETE FROM guard_burn WHERE minute < %(now)s - interval '4 days'),
     alerts AS (DELETE FROM guard_alerts WHERE resolved_at < %(now)s - interval '400 days'),
     snoozes AS (DELETE FROM guard_snoozes WHERE until < %(now)s)
SELECT
