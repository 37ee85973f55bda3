-- What became of each signal, by the rules of the scorecard: here once, for reports and for whoever else asks.

CREATE FUNCTION score_bin(score NUMERIC) RETURNS INTEGER
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT width_bucket(score, ARRAY[0.5, 0.6, 0.7, 0.8]) $$;
COMMENT ON FUNCTION score_bin IS
    'The number of the bin that holds a score, 0 to 4: lower edges inclusive, on the exact score.';

CREATE FUNCTION score_bin_name(bin INTEGER) RETURNS TEXT
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT (ARRAY['<0.50', '0.50-0.59', '0.60-0.69', '0.70-0.79', '0.80+'])[bin + 1] $$;

CREATE FUNCTION round_trip_pct() RETURNS NUMERIC
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('signaltape.round_trip_pct', TRUE), '')::numeric $$;
COMMENT ON FUNCTION round_trip_pct IS
    'What opening and closing a position costs, in percent of its value: SET signaltape.round_trip_pct; else NULL.';

CREATE VIEW signal_outcomes AS
SELECT
    s.signal_id, s.symbol, s.side, s.setup, s.rules_version, s.ts_published, s.confluence_score, s.rr_target,
    s.entry, s.sl, s.tp,
    score_bin(s.confluence_score) AS bin,
    t.ts_triggered, t.entry_fill, t.time_to_trigger_ms,
    i.ts_invalidated, i.reason,
    c.ts_closed, c.exit_reason, c.time_in_trade_ms, c.rr_realized,
    coalesce(c.ts_closed, i.ts_invalidated) AS ends,
    t.signal_id IS NOT NULL AS triggered,
    c.signal_id IS NOT NULL AS closed,
    c.signal_id IS NULL AND i.signal_id IS NULL AS open,
    c.signal_id IS NULL AND i.reason IS NOT DISTINCT FROM 'sl' AS stopped,
    coalesce(c.rr_realized > 0, FALSE) AS won,
    coalesce(greatest(c.rr_realized, c.rr_best) > 0, FALSE) AS won_at_best,
    cost.cost_r,
    c.rr_realized - cost.cost_r AS net_r
FROM signals s
LEFT JOIN signal_triggers t USING (signal_id)
LEFT JOIN signal_invalidations i USING (signal_id)
LEFT JOIN signal_closures c USING (signal_id)
CROSS JOIN LATERAL (
    SELECT coalesce(c.fees_r, round_trip_pct() / 100 * s.entry / nullif(abs(s.entry - s.sl), 0)) AS cost_r
) cost;
COMMENT ON VIEW signal_outcomes IS
    'Every signal with what became of it. won: closed above 0 R; won_at_best: had every tie gone the other way; stopped: '
    'invalidated by its stop without a closure; open: neither closed nor invalidated; cost_r: what a round trip costs in '
    'R, fees_r as sent, else from the distance of the stop, NULL if neither is known; net_r: rr_realized less cost_r.';
