-- name: budgets
-- Of each objective that the guard has, good and bad of the 30 days that end with a day, by subject; nulls if nothing was measured.
SELECT o.rule, o.says, o.objective, d.subject, sum(d.good)::bigint AS good, sum(d.bad)::bigint AS bad
FROM guard_objectives o
LEFT JOIN guard_days d ON d.rule = o.rule AND d.day > %(until)s::date - 30 AND d.day <= %(until)s
GROUP BY o.rule, d.subject
ORDER BY o.rule, sum(d.bad) * 1.0 / nullif(sum(d.good) + sum(d.bad), 0) DESC, d.subject
