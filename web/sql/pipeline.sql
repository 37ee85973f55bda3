-- name: stored
SELECT max(ts_published) AS newest FROM signals

-- name: dead_letters
-- How many could not become events; counted up to %(most)s.
SELECT count(*) AS n FROM (SELECT FROM dead_letters LIMIT %(most)s) AS found

-- name: messages
-- Messages of the last two weeks that wait, or that a person should look at.
SELECT count(*) FILTER (WHERE state IN ('queued', 'sending')) AS waiting,
       count(*) FILTER (WHERE state = 'failed') AS failed, count(*) FILTER (WHERE state = 'uncertain') AS uncertain
FROM outbox WHERE created_at > now() - interval '14 days'

-- name: version
SELECT current_setting('server_version') AS version
