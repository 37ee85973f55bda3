-- name: newest
-- What the newest signal was made by.
SELECT model_version AS model, features_version AS features, rules_version AS rules
FROM signals ORDER BY ts_published DESC LIMIT 1
