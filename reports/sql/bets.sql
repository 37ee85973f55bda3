-- name: bets
-- Closed signals of some spans (1 = the oldest between the edges) by bin of the score: the sum of squares of how many of them
-- were in one bet (signals of one side and hour); beside each row what says how alike outcomes of one bet are, of all spans.
WITH cell AS MATERIALIZED (
    SELECT width_bucket(ts_published, %(edges)s::timestamptz[]) AS span, bin, side,
           date_bin('1 hour', ts_published, '2001-01-01 00:00+07') AS hour, count(*) AS n,
           count(*) FILTER (WHERE won) AS wins, sum(rr_realized) AS sum_r,
           sum(rr_realized * rr_realized) AS sum_r_squared
    FROM chosen_outcomes(%(since)s, %(until)s, %(symbol)s, %(side)s, %(setup)s, %(rules)s, %(hour)s, %(weekday)s,
                         source => %(outcome_from)s)
    WHERE closed
    GROUP BY 1, 2, 3, 4
),
bet AS (
    SELECT sum(n) AS n, sum(wins) AS wins, sum(sum_r) AS sum_r, sum(sum_r_squared) AS sum_r_squared
    FROM cell GROUP BY side, hour
),
whole AS (
    SELECT sum(n)::bigint AS n, count(*) AS bets, sum(n * n)::float8 AS squares,
           sum(wins) AS wins, sum(wins * wins / n) AS wins_between,
           sum(sum_r) AS sum_r, sum(sum_r_squared) AS sum_r_squared, sum(sum_r * sum_r / n) AS r_between
    FROM bet
)
SELECT of_bin.*, whole.*
FROM (SELECT span, bin, sum(n * n)::float8 AS bin_squares FROM cell GROUP BY span, bin) AS of_bin, whole
