-- name: costs
-- What a round trip costs where a closure does not say it; until the end of the transaction. And that the pages of what
-- became of some weeks' signals are looked up rather than whole tables read, which took 2.5 times as long among a million.
SELECT set_config('signaltape.round_trip_pct', %(round_trip_pct)s, TRUE), set_config('random_page_cost', '1.1', TRUE)

-- name: bins
-- Every bin of one week: closed signals, wins, winrate, stop-losses without closure, still open.
-- The bounds of the week are half-open. Costs are of the closed signals for which they are known.
WITH outcome AS (
    SELECT * FROM chosen_outcomes(%(since)s, %(until)s, %(symbol)s, %(side)s, %(setup)s, %(rules)s, %(hour)s, %(weekday)s,
                         source => %(outcome_from)s)
),
counted AS (
    SELECT
        number,
        count(*) FILTER (WHERE closed) AS n,
        count(*) FILTER (WHERE won) AS wins,
        count(*) FILTER (WHERE stopped) AS sl,
        count(*) FILTER (WHERE open) AS open,
        count(outcome.bin) AS published,
        count(*) FILTER (WHERE won_at_best) AS wins_at_best,
        sum(rr_realized) AS sum_r,
        sum(rr_realized * rr_realized) AS sum_r_squared,
        count(net_r) AS n_net,
        count(*) FILTER (WHERE net_r > 0) AS wins_net,
        round(avg(net_r), 3) AS net_r,
        CASE WHEN count(net_r) > 0 THEN
            round((1 + avg(cost_r) FILTER (WHERE closed)) / (1 + avg(rr_target) FILTER (WHERE net_r IS NOT NULL)), 3)
        END AS break_even
    FROM generate_series(0, cardinality(score_edges())) AS number
    LEFT JOIN outcome ON outcome.bin = number
    GROUP BY number
)
SELECT
    score_bin_name(number) AS label,
    n, wins, sl, open, published, wins_at_best, sum_r, sum_r_squared, n_net, wins_net, net_r, break_even,
    round(wins::numeric / nullif(n, 0), 3) AS winrate,
    round(wins::numeric / nullif(n + sl, 0), 3) AS winrate_all
FROM counted
ORDER BY number

-- name: origins
-- The symbols and rules versions of a week's signals, most frequent first.
SELECT
    ARRAY(SELECT symbol FROM chosen_outcomes(%(since)s, %(until)s, %(symbol)s, %(side)s, %(setup)s, %(rules)s, %(hour)s, %(weekday)s,
                         source => %(outcome_from)s)
           GROUP BY symbol ORDER BY count(*) DESC, symbol) AS symbols,
    ARRAY(SELECT rules_version FROM chosen_outcomes(%(since)s, %(until)s, %(symbol)s, %(side)s, %(setup)s, %(rules)s, %(hour)s, %(weekday)s,
                         source => %(outcome_from)s)
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
