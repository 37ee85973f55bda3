-- name: open
-- Alerts that are not over: what fires first, the newest first.
SELECT id, rule, category, subject, engine, state, since, fired_at, resolved_at, ended, told, value, limit_value, examples
FROM guard_alerts WHERE state <> 'resolved' ORDER BY state = 'pending', coalesce(fired_at, since) DESC, rule, subject

-- name: over
-- Alerts that are over, the newest first.
SELECT id, rule, category, subject, engine, state, since, fired_at, resolved_at, ended, told, value, limit_value, examples
FROM guard_alerts WHERE state = 'resolved' ORDER BY resolved_at DESC, rule, subject LIMIT %(limit)s

-- name: budgets
-- Good and bad of the last 30 days in WIB, today's so far included, by rule and subject.
SELECT rule, subject, sum(good)::bigint AS good, sum(bad)::bigint AS bad
FROM guard_days
WHERE day > (%(now)s AT TIME ZONE 'Asia/Jakarta')::date - 30 AND rule = ANY(%(rules)s)
GROUP BY rule, subject ORDER BY rule, subject

-- name: snoozes
-- Categories of which nothing is told.
SELECT category, until, by FROM guard_snoozes WHERE until > %(now)s ORDER BY category

-- name: snooze
-- Tell nothing of a category until then.
INSERT INTO guard_snoozes (category, until, by) VALUES (%(category)s, %(until)s, %(by)s)
ON CONFLICT (category) DO UPDATE SET until = excluded.until, by = excluded.by, set_at = now()

-- name: unsnooze
-- Tell of a category again.
DELETE FROM guard_snoozes WHERE category = %(category)s AND until > %(now)s

-- name: state
-- When rules were evaluated last, and by whom.
SELECT evaluated_at, by_process FROM guard_state

-- name: lately
-- What rules came to at the guard's last evaluation, of those that only a guard at work can tell of.
SELECT rule, subject, value, engine FROM guard_values WHERE rule = ANY(%(rules)s) AND at > %(since)s

-- name: values
-- What each rule came to at its last evaluation, of each subject. Where that is too much: what is breached, and then some of
-- every rule.
SELECT rule, subject, value, limit_value, breached, n, at FROM guard_values
ORDER BY breached IS NOT TRUE, row_number() OVER (PARTITION BY rule ORDER BY breached IS NOT TRUE, subject), rule
LIMIT %(limit)s
