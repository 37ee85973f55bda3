-- name: weeks
-- Weeks whose scorecard was stored, newest first.
SELECT week_start, monotonic_ok, updated_at FROM weekly_scorecard ORDER BY week_start DESC LIMIT 1000
