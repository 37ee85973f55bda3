-- name: targets
-- Trades that reached their targets, and what signals that ended were worth net of costs, of all and by symbol, setup and bin
-- of the confidence: sums over bets (signals of one side and hour), with the squares of how many of them were in one.
WITH outcome AS MATERIALIZED (
    SELECT symbol, setup, confidence, side, ts_published, hit_tp1, hit_tp2, settled_r
    FROM chosen_outcomes(%(since)s, %(until)s, %(symbol)s, %(side)s, %(setup)s, %(rules)s, %(hour)s, %(weekday)s,
                         source => %(outcome_from)s)
    WHERE NOT open
),
bet AS (
    SELECT kind, name, count(hit_tp1)::float8 AS traded, count(*) FILTER (WHERE hit_tp1) AS tp1,
           count(hit_tp2)::float8 AS traded2, count(*) FILTER (WHERE hit_tp2) AS tp2,
           count(settled_r)::numeric AS settled, sum(settled_r) AS sum_r, sum(settled_r * settled_r) AS sum_r_squared
    FROM outcome o
    CROSS JOIN LATERAL (VALUES
        ('all', 'all'), ('symbol', o.symbol), ('setup', o.setup), ('confidence', score_bin_name(score_bin(o.confidence)))
    ) AS by (kind, name)
    WHERE name IS NOT NULL
    GROUP BY kind, name, o.side, date_bin('1 hour', o.ts_published, '2001-01-01 00:00+07')
)
SELECT kind, name,
       sum(traded)::bigint AS traded, sum(tp1)::bigint AS tp1, sum(traded2)::bigint AS traded2, sum(tp2)::bigint AS tp2,
       sum(settled)::bigint AS settled, coalesce(sum(sum_r), 0) AS sum_r, coalesce(sum(sum_r_squared), 0) AS sum_r_squared,
       count(*) FILTER (WHERE traded > 0) AS trade_bets, sum(traded * traded) AS trade_squares,
       coalesce(sum(tp1 * tp1 / nullif(traded, 0)), 0) AS trade_between, sum(traded2 * traded2) AS trade2_squares,
       count(*) FILTER (WHERE settled > 0) AS settled_bets, sum(settled * settled)::float8 AS settled_squares,
       coalesce(sum(sum_r * sum_r / nullif(settled, 0)), 0) AS settled_between
FROM bet
GROUP BY kind, name
ORDER BY kind = 'all' DESC, kind DESC, sum(settled) DESC, name
