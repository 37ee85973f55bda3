-- name: week
-- The whole week in one row. R figures are of closed signals, net of a round trip where its cost is known; rates are of published ones; times in milliseconds.
SELECT
    count(*) AS published,
    count(*) FILTER (WHERE closed) AS closed,
    count(*) FILTER (WHERE won) AS wins,
    count(*) FILTER (WHERE triggered) AS triggered,
    count(*) FILTER (WHERE reason = 'expiry') AS expired,
    count(*) FILTER (WHERE outcome_from = 'engine') AS by_engine,
    count(*) FILTER (WHERE outcome_from = 'ghost') AS by_ghost,
    sum(rr_realized) AS sum_r,
    sum(rr_realized * rr_realized) AS sum_r_squared,
    round(avg(net_r), 3) AS net_r,
    count(net_r) AS n_net,
    sum(rr_realized) FILTER (WHERE won) AS won_r,
    -sum(rr_realized) FILTER (WHERE rr_realized < 0) AS lost_r,
    sum(rr_target) FILTER (WHERE closed) AS target_r,
    sum((won::int - confluence_score) ^ 2) FILTER (WHERE closed) AS squared_misses,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY time_to_trigger_ms) AS median_to_trigger_ms,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY time_in_trade_ms) AS median_in_trade_ms
FROM chosen_outcomes(%(since)s, %(until)s, %(symbol)s, %(side)s, %(setup)s, %(rules)s, %(hour)s, %(weekday)s,
                         source => %(outcome_from)s)

-- name: reliability
-- Mean squared difference of mean score and winrate over the bins, weighted by their closed signals.
SELECT round(sum(n * (score - winrate) ^ 2) / sum(n), 4)
FROM (
    SELECT count(*) AS n, avg(confluence_score) AS score, avg(won::int) AS winrate
    FROM chosen_outcomes(%(since)s, %(until)s, %(symbol)s, %(side)s, %(setup)s, %(rules)s, %(hour)s, %(weekday)s,
                         source => %(outcome_from)s)
    WHERE closed
    GROUP BY bin
) bins

-- name: groups
-- Closed signals of the week, all and by symbol, side, setup and rules version, and by bin of the score; squares: the sum of
-- squares of how many of them were in one bet (signals of one side and hour).
WITH outcome AS MATERIALIZED (
    SELECT symbol, side, setup, rules_version, bin, ts_published, won, rr_realized
    FROM chosen_outcomes(%(since)s, %(until)s, %(symbol)s, %(side)s, %(setup)s, %(rules)s, %(hour)s, %(weekday)s,
                         source => %(outcome_from)s)
    WHERE closed
)
SELECT kind, name, sum(n)::bigint AS closed, sum(wins)::bigint AS wins, sum(sum_r) AS sum_r,
       sum(sum_r_squared) AS sum_r_squared, sum(n * n)::float8 AS squares
FROM (
    SELECT kind, name, count(*) AS n, count(*) FILTER (WHERE won) AS wins, sum(rr_realized) AS sum_r,
           sum(rr_realized * rr_realized) AS sum_r_squared
    FROM outcome o
    CROSS JOIN LATERAL (VALUES
        ('all', 'all'), ('symbol', o.symbol), ('side', o.side), ('setup', o.setup), ('rules', o.rules_version),
        ('score', score_bin_name(o.bin))
    ) AS by (kind, name)
    WHERE name IS NOT NULL
    GROUP BY kind, name, o.side, date_bin('1 hour', o.ts_published, '2001-01-01 00:00+07')
) bets
GROUP BY kind, name
ORDER BY kind, sum(n) DESC, name

-- name: when
-- The same by weekday (1: Monday) and hour of publication in WIB.
WITH outcome AS MATERIALIZED (
    SELECT side, ts_published, won, rr_realized
    FROM chosen_outcomes(%(since)s, %(until)s, %(symbol)s, %(side)s, %(setup)s, %(rules)s, %(hour)s, %(weekday)s,
                         source => %(outcome_from)s)
    WHERE closed
)
SELECT kind, number::text AS name, sum(n)::bigint AS closed, sum(wins)::bigint AS wins, sum(sum_r) AS sum_r,
       sum(sum_r_squared) AS sum_r_squared, sum(n * n)::float8 AS squares
FROM (
    SELECT kind, number, count(*) AS n, count(*) FILTER (WHERE won) AS wins, sum(rr_realized) AS sum_r,
           sum(rr_realized * rr_realized) AS sum_r_squared
    FROM outcome o
    CROSS JOIN LATERAL (VALUES
        ('weekday', extract(isodow FROM o.ts_published AT TIME ZONE 'Asia/Jakarta')::int),
        ('hour', extract(hour FROM o.ts_published AT TIME ZONE 'Asia/Jakarta')::int)
    ) AS by (kind, number)
    GROUP BY kind, number, o.side, date_bin('1 hour', o.ts_published, '2001-01-01 00:00+07')
) bets
GROUP BY kind, number
ORDER BY kind DESC, number
