-- name: week
-- The whole week in one row. R figures are of closed signals, net of a round trip where its cost is known; rates are of published ones; times in milliseconds.
SELECT
    count(*) AS published,
    count(c.signal_id) AS closed,
    count(*) FILTER (WHERE c.rr_realized > 0) AS wins,
    count(t.signal_id) AS triggered,
    count(*) FILTER (WHERE i.reason = 'expiry') AS expired,
    sum(c.rr_realized) AS sum_r,
    sum(c.rr_realized * c.rr_realized) AS sum_r_squared,
    round(avg(c.rr_realized - x.cost_r), 3) AS net_r,
    count(c.rr_realized - x.cost_r) AS n_net,
    sum(c.rr_realized) FILTER (WHERE c.rr_realized > 0) AS won_r,
    -sum(c.rr_realized) FILTER (WHERE c.rr_realized < 0) AS lost_r,
    sum(s.rr_target) FILTER (WHERE c.signal_id IS NOT NULL) AS target_r,
    sum(((c.rr_realized > 0)::int - s.confluence_score) ^ 2) FILTER (WHERE c.signal_id IS NOT NULL) AS squared_misses,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY t.time_to_trigger_ms) AS median_to_trigger_ms,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY c.time_in_trade_ms) AS median_in_trade_ms
FROM signals s
LEFT JOIN signal_triggers t USING (signal_id)
LEFT JOIN signal_invalidations i USING (signal_id)
LEFT JOIN signal_closures c USING (signal_id)
CROSS JOIN LATERAL (
    SELECT coalesce(c.fees_r, %(round_trip_pct)s / 100 * s.entry / nullif(abs(s.entry - s.sl), 0)) AS cost_r
) x
WHERE s.ts_published >= %(since)s AND s.ts_published < %(until)s

-- name: reliability
-- Mean squared difference of mean score and winrate over the bins, weighted by their closed signals.
SELECT round(sum(n * (score - winrate) ^ 2) / sum(n), 4)
FROM (
    SELECT count(*) AS n, avg(s.confluence_score) AS score, avg((c.rr_realized > 0)::int) AS winrate
    FROM signals s
    JOIN signal_closures c USING (signal_id)
    WHERE s.ts_published >= %(since)s AND s.ts_published < %(until)s
    GROUP BY width_bucket(s.confluence_score, ARRAY[0.5, 0.6, 0.7, 0.8])
) bins

-- name: groups
-- Closed signals of the week by symbol, side, setup and rules version, and by bin of the score.
SELECT kind, name, count(*) AS closed, count(*) FILTER (WHERE rr_realized > 0) AS wins,
       sum(rr_realized) AS sum_r, sum(rr_realized * rr_realized) AS sum_r_squared
FROM signals s
JOIN signal_closures c USING (signal_id)
CROSS JOIN LATERAL (VALUES
    ('symbol', s.symbol), ('side', s.side), ('setup', s.setup), ('rules', s.rules_version),
    ('score', (ARRAY['<0.50', '0.50-0.59', '0.60-0.69', '0.70-0.79', '0.80+'])
              [1 + width_bucket(s.confluence_score, ARRAY[0.5, 0.6, 0.7, 0.8])])
) AS by (kind, name)
WHERE s.ts_published >= %(since)s AND s.ts_published < %(until)s AND name IS NOT NULL
GROUP BY kind, name
ORDER BY kind, count(*) DESC, name

-- name: outcomes
-- Every closed signal of the week in order of its closing: when, what it brought, its score.
SELECT c.ts_closed, c.rr_realized, s.confluence_score
FROM signals s
JOIN signal_closures c USING (signal_id)
WHERE s.ts_published >= %(since)s AND s.ts_published < %(until)s
ORDER BY c.ts_closed, c.signal_id
