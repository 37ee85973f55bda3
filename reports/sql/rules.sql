-- name: propose
-- A proposal of a week replaces itself until it was decided on, and any older one that was not; an old week that is
-- computed again proposes nothing any more.
WITH older AS (
    UPDATE rules_versions SET status = 'superseded'
    WHERE status = 'proposed' AND version <> %(version)s AND week_start < %(week_start)s
)
INSERT INTO rules_versions (version, parent, week_start, weights, why, evidence, status)
SELECT %(version)s, %(parent)s, %(week_start)s, %(weights)s::jsonb, %(why)s, %(evidence)s::jsonb,
       CASE WHEN EXISTS (SELECT FROM rules_versions WHERE week_start > %(week_start)s)
            THEN 'superseded' ELSE 'proposed' END
ON CONFLICT (version) DO UPDATE
SET weights = excluded.weights, why = excluded.why, evidence = excluded.evidence, created_at = now()
WHERE rules_versions.status = 'proposed'

-- name: withdraw
-- The evidence of a week changed (a late closure) and proposes nothing any more.
UPDATE rules_versions SET status = 'superseded' WHERE week_start = %(week_start)s AND status = 'proposed'

-- name: list
-- All versions, newest first.
SELECT version, parent, week_start, status, why, created_at, decided_at
FROM rules_versions ORDER BY week_start DESC, version

-- name: one
-- One version, whole; JSON as text, so that no number passes through a float.
SELECT version, parent, week_start, weights::text, why, evidence::text, status, created_at, decided_at
FROM rules_versions WHERE version = %(version)s

-- name: decide
-- Accept or reject what is proposed.
UPDATE rules_versions SET status = %(status)s, decided_at = now()
WHERE version = %(version)s AND status = 'proposed'
RETURNING version

-- name: waiting
-- The newest accepted version that changes this one and that no signal carries yet.
SELECT version FROM rules_versions v
WHERE parent = %(parent)s AND status = 'accepted' AND week_start <= %(week_start)s
  AND NOT EXISTS (SELECT FROM signals s WHERE s.rules_version = v.version
                   AND s.ts_published >= %(since)s AND s.ts_published < %(until)s)
ORDER BY decided_at DESC LIMIT 1

-- name: compare
-- Closed signals of accepted versions and of what they changed, in a span.
SELECT rules_version AS version, count(*) AS closed, count(*) FILTER (WHERE won) AS wins,
       sum(rr_realized) AS sum_r, sum(rr_realized * rr_realized) AS sum_r_squared
FROM signal_outcomes
WHERE closed AND ts_published >= %(since)s AND ts_published < %(until)s
  AND rules_version IN (
      SELECT unnest(ARRAY[version, parent]) FROM rules_versions WHERE status = 'accepted'
  )
GROUP BY rules_version
ORDER BY min(ts_published)
