-- name: delays
-- What closed signals brought by how long they waited for their entry, by the number of its bin: sums over bets (signals of
-- one side and hour), with the squares of how many of them were in one; and of all, whose number is NULL.
WITH cell AS (
    SELECT delay_bin(time_to_trigger_ms) AS bin, side,
           date_bin('1 hour', ts_published, '2001-01-01 00:00+07') AS hour, count(*) AS n,
           count(*) FILTER (WHERE won) AS wins, sum(rr_realized) AS sum_r, sum(rr_realized * rr_realized) AS sum_r_squared
    FROM chosen_outcomes(%(since)s, %(until)s, %(symbol)s, %(side)s, %(setup)s, %(rules)s, %(hour)s, %(weekday)s,
                         source => %(outcome_from)s)
    WHERE closed AND time_to_trigger_ms IS NOT NULL
    GROUP BY 1, 2, 3
),
bet AS (
    SELECT number, sum(n) AS n, sum(wins) AS wins, sum(sum_r) AS sum_r, sum(sum_r_squared) AS sum_r_squared
    FROM cell CROSS JOIN LATERAL (VALUES (cell.bin), (NULL)) AS by (number)
    GROUP BY number, side, hour
)
SELECT number, sum(n)::bigint AS n, sum(wins)::bigint AS wins, sum(sum_r) AS sum_r, sum(sum_r_squared) AS sum_r_squared,
       count(*) AS bets, sum(n * n)::float8 AS squares, sum(sum_r * sum_r / n) AS between
FROM bet
GROUP BY number
ORDER BY number NULLS FIRST
