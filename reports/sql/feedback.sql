-- name: coverage
-- Alerts of a week that were sent, and those of them of which somebody says something.
SELECT count(*) AS sent,
       count(*) FILTER (WHERE EXISTS (
           SELECT FROM feedback_latest f WHERE f.ref_id = alerts.ref_id AND f.value <> 'none')) AS clicked
FROM alerts
WHERE decision = 'sent' AND ts >= %(since)s AND ts < %(until)s

-- name: votes
-- Closed signals with a vote by week (1 = the oldest between the edges) and by what the vote says, with their wins.
SELECT width_bucket(ts_published, %(edges)s::timestamptz[]) AS week, vote, count(*) AS closed,
       count(*) FILTER (WHERE won) AS wins
FROM feedback_votes
CROSS JOIN LATERAL (VALUES (rating), (took)) AS said (vote)
WHERE ts_published >= %(since)s AND ts_published < %(until)s AND closed AND vote IS NOT NULL
GROUP BY week, vote
ORDER BY week, vote

-- name: setups
-- Closed signals of a week by setup, those with a vote beside, with their wins; the largest first.
SELECT o.setup, count(*) AS closed, count(*) FILTER (WHERE o.won) AS wins,
       count(*) FILTER (WHERE rating = 'up') AS up, count(*) FILTER (WHERE rating = 'up' AND o.won) AS up_wins,
       count(*) FILTER (WHERE rating = 'down') AS down, count(*) FILTER (WHERE rating = 'down' AND o.won) AS down_wins,
       count(*) FILTER (WHERE took = 'took') AS took, count(*) FILTER (WHERE took = 'took' AND o.won) AS took_wins,
       count(*) FILTER (WHERE took = 'skipped') AS skipped,
       count(*) FILTER (WHERE took = 'skipped' AND o.won) AS skipped_wins
FROM signal_outcomes o
LEFT JOIN (SELECT signal_id, rating, took FROM feedback_votes
           WHERE ts_published >= %(since)s AND ts_published < %(until)s) v USING (signal_id)
WHERE o.ts_published >= %(since)s AND o.ts_published < %(until)s AND o.closed AND o.setup IS NOT NULL
GROUP BY o.setup
ORDER BY count(*) DESC, o.setup

-- name: held
-- Signals of some weeks that were held back, by reason and all that were by choice, and what the closed ones of them brought:
-- sums over bets (signals of one side and hour), with the squares of how many closed ones were in one.
WITH bet AS (
    SELECT name AS reason, count(*) AS held, count(*) FILTER (WHERE closed) AS closed, count(*) FILTER (WHERE won) AS wins,
           count(*) FILTER (WHERE closed AND outcome_from = 'ghost') AS by_ghost,
           sum(rr_realized) AS sum_r, sum(rr_realized * rr_realized) AS sum_r_squared
    FROM signals_held_back
    CROSS JOIN LATERAL (VALUES (reason), (CASE WHEN by_choice THEN 'by choice' END)) AS of (name)
    WHERE ts_published >= %(since)s AND ts_published < %(until)s AND name IS NOT NULL
    GROUP BY name, side, date_bin('1 hour', ts_published, '2001-01-01 00:00+07')
)
SELECT reason, sum(held)::bigint AS held, sum(closed)::bigint AS closed, sum(wins)::bigint AS wins,
       sum(by_ghost)::bigint AS by_ghost, sum(sum_r) AS sum_r, sum(sum_r_squared) AS sum_r_squared,
       count(*) FILTER (WHERE closed > 0) AS bets, sum(closed * closed)::float8 AS squares,
       coalesce(sum(sum_r * sum_r / nullif(closed, 0)), 0) AS between
FROM bet
GROUP BY reason
ORDER BY reason = 'by choice', sum(held) DESC, reason

-- name: late
-- Clicks that came once their signal had ended, of signals of some weeks: they knew the outcome and are not counted.
SELECT count(*)
FROM feedback f
JOIN signal_outcomes o USING (signal_id)
WHERE o.ts_published >= %(since)s AND o.ts_published < %(until)s AND f.ts >= least(o.ts_closed, o.ts_invalidated)
