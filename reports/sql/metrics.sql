-- name: last_report
-- When the newest week that was reported began, and when its scorecard was written last, in seconds since 1970.
SELECT extract(epoch FROM week_start::timestamp AT TIME ZONE 'Asia/Jakarta')::float8, extract(epoch FROM updated_at)::float8
FROM weekly_scorecard WHERE reported IS NOT NULL ORDER BY week_start DESC LIMIT 1
