-- name: bins
-- Every bin of one week: closed signals, wins, winrate, stop-losses without closure, still open.
-- Lower edges are inclusive on the exact score; bounds of the week are half-open.
-- cost_r: what a round trip costs in R: fees_r as sent, else from the distance of the stop; NULL if neither is known.
WITH bin (number, label) AS (
    VALUES (0, '<0.50'), (1, '0.50-0.59'), (2, '0.60-0.69'), (3, '0.70-0.79'), (4, '0.80+')
),
outcome AS (
    SELECT
        width_bucket(s.confluence_score, ARRAY[0.5, 0.6, 0.7, 0.8]) AS number,
        c.signal_id IS NOT NULL AS closed,
        coalesce(c.rr_realized > 0, FALSE) AS won,
        coalesce(greatest(c.rr_realized, c.rr_best) > 0, FALSE) AS won_at_best,
        c.rr_realized,
        c.rr_realized - x.cost_r AS net_r,
        CASE WHEN c.signal_id IS NOT NULL THEN s.rr_target END AS target_r,
        CASE WHEN c.signal_id IS NOT NULL THEN x.cost_r END AS cost_r,
        c.signal_id IS NULL AND i.reason IS NOT DISTINCT FROM 'sl' AS stopped,
        c.signal_id IS NULL AND i.signal_id IS NULL AS open
    FROM signals s
    LEFT JOIN signal_closures c USING (signal_id)
    LEFT JOIN signal_invalidations i USING (signal_id)
    CROSS JOIN LATERAL (
        SELECT coalesce(c.fees_r, %(round_trip_pct)s / 100 * s.entry / nullif(abs(s.entry - s.sl), 0)) AS cost_r
    ) x
    WHERE s.ts_published >= %(since)s AND s.ts_published < %(until)s
),
counted AS (
    SELECT
        bin.number,
        bin.label,
        count(*) FILTER (WHERE closed) AS n,
        count(*) FILTER (WHERE won) AS wins,
        count(*) FILTER (WHERE stopped) AS sl,
        count(*) FILTER (WHERE open) AS open,
        count(outcome.number) AS published,
        count(*) FILTER (WHERE won_at_best) AS wins_at_best,
        sum(rr_realized) AS sum_r,
        sum(rr_realized * rr_realized) AS sum_r_squared,
        count(net_r) AS n_net,
        count(*) FILTER (WHERE net_r > 0) AS wins_net,
        round(avg(net_r), 3) AS net_r,
        CASE WHEN count(cost_r) > 0 THEN
            round((1 + avg(cost_r)) / (1 + avg(target_r) FILTER (WHERE cost_r IS NOT NULL)), 3)
        END AS break_even
    FROM bin
    LEFT JOIN outcome USING (number)
    GROUP BY bin.number, bin.label
)
SELECT
    label, n, wins, sl, open, published, wins_at_best, sum_r, sum_r_squared, n_net, wins_net, net_r, break_even,
    round(wins::numeric / nullif(n, 0), 3) AS winrate,
    round(wins::numeric / nullif(n + sl, 0), 3) AS winrate_all
FROM counted
ORDER BY number

-- name: origins
-- The symbols and rules versions of a week's signals, most frequent first.
SELECT
    ARRAY(SELECT symbol FROM signals WHERE ts_published >= %(since)s AND ts_published < %(until)s
           GROUP BY symbol ORDER BY count(*) DESC, symbol) AS symbols,
    ARRAY(SELECT rules_version FROM signals WHERE ts_published >= %(since)s AND ts_published < %(until)s
           GROUP BY rules_version ORDER BY count(*) DESC, rules_version) AS rules_versions

-- name: store
-- One scorecard per week; computing it again replaces it.
INSERT INTO weekly_scorecard (week_start, bins, monotonic_ok, quality)
VALUES (%(week_start)s, %(bins)s::jsonb, %(monotonic_ok)s, %(quality)s::jsonb)
ON CONFLICT (week_start) DO UPDATE
SET bins = excluded.bins, monotonic_ok = excluded.monotonic_ok, quality = excluded.quality, updated_at = now()

-- name: reported
-- What the report of a week said; no row if it was never sent.
SELECT reported FROM weekly_scorecard WHERE week_start = %(week_start)s AND reported IS NOT NULL
