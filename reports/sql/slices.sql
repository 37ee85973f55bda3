-- name: newest_of_rules
-- When the newest signal of a rules version was published; one row, NULL if there is none.
SELECT max(ts_published) FROM signals WHERE rules_version = %(version)s
