-- name: open
-- Alerts that are not over.
SELECT id, rule, category, subject, engine, state, since, seen_at, fired_at, well_since, resolved_at, ended, last_told_at,
       told, value, limit_value, examples
FROM guard_alerts WHERE state <> 'resolved' ORDER BY since, rule, subject

-- name: put
-- An alert as it stands now. message_key: of the message that told it first, which it keeps.
INSERT INTO guard_alerts AS a
    (id, rule, category, subject, engine, state, since, seen_at, fired_at, well_since, resolved_at, ended, last_told_at, told,
     value, limit_value, examples, message_key)
VALUES (%(id)s, %(rule)s, %(category)s, %(subject)s, %(engine)s, %(state)s, %(since)s, %(seen_at)s, %(fired_at)s,
        %(well_since)s, %(resolved_at)s, %(ended)s, %(last_told_at)s, %(told)s, %(value)s, %(limit_value)s, %(examples)s,
        %(message_key)s)
ON CONFLICT (id) DO UPDATE
SET state = excluded.state, seen_at = excluded.seen_at, fired_at = excluded.fired_at, well_since = excluded.well_since,
    resolved_at = excluded.resolved_at, ended = excluded.ended, last_told_at = excluded.last_told_at, told = excluded.told,
    value = excluded.value, limit_value = excluded.limit_value, examples = excluded.examples,
    message_key = coalesce(a.message_key, excluded.message_key)

-- name: withdraw
-- Alerts that never fired, and are breached no more.
DELETE FROM guard_alerts WHERE id = ANY(%(ids)s) AND state = 'pending'

-- name: snoozes
-- Categories of which nothing is told, and until when.
SELECT category, until FROM guard_snoozes WHERE until > %(now)s

-- name: put_state
-- When rules were evaluated last, by whom, and what the checks are to remember.
INSERT INTO guard_state (evaluated_at, by_process, remembered) VALUES (%(now)s, %(by)s, %(remembered)s::jsonb)
ON CONFLICT (one) DO UPDATE
SET evaluated_at = excluded.evaluated_at, by_process = excluded.by_process, remembered = excluded.remembered

-- name: remembered
-- What the checks remember.
SELECT remembered FROM guard_state

-- name: put_value
-- What a rule came to, of a subject.
INSERT INTO guard_values AS v (rule, subject, engine, value, limit_value, breached, n, at)
VALUES (%(rule)s, %(subject)s, %(engine)s, %(value)s, %(limit)s, %(breached)s, %(n)s, %(at)s)
ON CONFLICT (rule, subject) DO UPDATE
SET engine = excluded.engine, value = excluded.value, limit_value = excluded.limit_value, breached = excluded.breached,
    n = excluded.n, at = excluded.at

-- name: forget_values
-- What no rule came to of late.
DELETE FROM guard_values WHERE at < %(before)s

-- name: put_objective
-- A rule with an error budget, as it is now.
INSERT INTO guard_objectives AS o (rule, objective, says) VALUES (%(rule)s, %(objective)s, %(says)s)
ON CONFLICT (rule) DO UPDATE SET objective = excluded.objective, says = excluded.says, set_at = now()
WHERE (o.objective, o.says) IS DISTINCT FROM (excluded.objective, excluded.says)

-- name: forget_objectives
-- Those of rules that are not in force any more.
DELETE FROM guard_objectives WHERE rule <> ALL(%(rules)s)
