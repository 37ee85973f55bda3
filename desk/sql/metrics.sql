-- name: waiting
-- Updates that wait for their turn, those that act and those that ask, and for how many seconds the oldest of them does.
SELECT count(*) FILTER (WHERE acts) AS acts, count(*) FILTER (WHERE NOT acts) AS asks,
       coalesce(greatest(extract(epoch FROM now() - min(received_at)), 0), 0)::float8 AS oldest_s
FROM desk_updates WHERE state = 'waiting';

-- name: alerts
-- Alerts that were decided, by category and decision.
SELECT category, decision, count(*) FROM alerts GROUP BY category, decision ORDER BY category, decision;
