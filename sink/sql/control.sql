-- name: short
-- A session that does this alone waits for nobody's lock without end.
SELECT set_config('statement_timeout', %(ms)s, false)

-- name: read
-- What is wanted.
SELECT state, epoch, by, why, (extract(epoch FROM at) * 1000)::bigint AS at_ms FROM control_state

-- name: keep
-- Take over what was said elsewhere, if it is newer than what stands here; of two with one number the pause counts.
INSERT INTO control_state AS here (state, epoch, by, why, at)
VALUES (%(state)s, %(epoch)s, %(by)s, %(why)s, to_timestamp(%(at_ms)s::bigint / 1000.0))
ON CONFLICT (one) DO UPDATE
SET state = excluded.state, epoch = excluded.epoch, by = excluded.by, why = excluded.why, at = excluded.at
WHERE (here.epoch, here.state = 'paused') < (excluded.epoch, excluded.state = 'paused')

-- name: say
-- Say something new: its number is higher than any that is known, whatever the clock says.
INSERT INTO control_state AS here (state, epoch, by, why, at)
VALUES (
    %(state)s,
    greatest(%(above)s + 1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint),
    %(by)s,
    %(why)s,
    clock_timestamp()
)
ON CONFLICT (one) DO UPDATE
SET state = excluded.state, epoch = greatest(here.epoch + 1, excluded.epoch), by = excluded.by, why = excluded.why,
    at = excluded.at
RETURNING state, epoch, by, why, (extract(epoch FROM at) * 1000)::bigint AS at_ms
