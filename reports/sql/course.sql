-- name: points
-- What the closed signals of some days brought up to each moment: of very many, at most so many moments spread evenly,
-- with the highest, the lowest and the last of each day (WIB).
WITH summed AS (
    SELECT ts_closed, sum(rr_realized) OVER closing AS total, row_number() OVER closing AS number, count(*) OVER () AS n,
           lead(ts_closed) OVER closing AS next
    FROM chosen_outcomes(%(since)s, %(until)s, %(symbol)s, %(side)s, %(setup)s, %(rules)s, %(hour)s, %(weekday)s,
                         source => %(outcome_from)s)
    WHERE closed
    WINDOW closing AS (ORDER BY ts_closed, signal_id)
),
edges AS (SELECT max(total) AS highest, min(total) AS lowest FROM summed)
SELECT ts_closed, total
FROM summed, edges
WHERE mod(number - 1, (n - 1) / %(most)s + 1) = 0 OR total IN (highest, lowest) OR next IS NULL
   OR (next AT TIME ZONE 'Asia/Jakarta')::date <> (ts_closed AT TIME ZONE 'Asia/Jakarta')::date
ORDER BY number

-- name: bins
-- Closed signals of some days by the bin of their score: how many, their mean score, their winrate.
SELECT bin, count(*), avg(confluence_score)::float8, avg(won::int)::float8
FROM chosen_outcomes(%(since)s, %(until)s, %(symbol)s, %(side)s, %(setup)s, %(rules)s, %(hour)s, %(weekday)s,
                         source => %(outcome_from)s)
WHERE closed
GROUP BY bin
ORDER BY bin
