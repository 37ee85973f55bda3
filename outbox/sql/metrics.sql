-- name: states
-- Messages of the outbox by state.
SELECT state, count(*) FROM outbox GROUP BY state

-- name: overdue
-- For how many seconds the oldest message that could be sent now has been due; 0 where none is.
SELECT coalesce(greatest(extract(epoch FROM now() - min(greatest(next_try_at, coalesce(leased_until, next_try_at)))), 0), 0)::float8
FROM outbox WHERE state IN ('queued', 'sending') AND not_after > now()
