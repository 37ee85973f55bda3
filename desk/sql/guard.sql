-- name: state
-- When rules were evaluated last, and by whom.
SELECT evaluated_at, by_process FROM guard_state

-- name: silent
-- No guard is at work since then: unless it was told already.
INSERT INTO guard_silences (since, by_process) VALUES (%(since)s, %(by)s) ON CONFLICT DO NOTHING RETURNING since

-- name: back
-- One is at work again, whatever time it says it is: of each silence that was told, once.
UPDATE guard_silences SET back_at = now() FROM guard_state
WHERE back_at IS NULL AND since <> evaluated_at RETURNING since, guard_silences.by_process
