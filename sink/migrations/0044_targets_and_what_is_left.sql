-- What targets and costs need of every outcome, appended to the view: the confidence that its engine had, which targets its
-- trade reached, and what it was worth once all is paid. Of a trade that a ghost tells, its first target is what its fills
-- say, for the rest of it may have met its stop behind that; where the engine tells it, what left at the target says so:
-- nearer to the mean of both targets than to the first is beyond the first.
--
-- And a ghost's fees of 0 say that it was told none (its settings' default), not that a round trip costs nothing: then the cost
-- is the estimate, as of an engine that sends no fees.

CREATE OR REPLACE VIEW signal_outcomes AS
SELECT
    s.signal_id, s.symbol, s.side, s.setup, s.rules_version, s.ts_published, s.confluence_score, s.rr_target,
    s.entry, s.sl, s.tp,
    score_bin(s.confluence_score) AS bin,
    coalesce(t.ts_triggered, gt.ts_triggered) AS ts_triggered,
    coalesce(t.entry_fill, gt.entry_fill) AS entry_fill,
    coalesce(t.time_to_trigger_ms, gt.time_to_trigger_ms) AS time_to_trigger_ms,
    coalesce(i.ts_invalidated, gi.ts_invalidated) AS ts_invalidated,
    coalesce(i.reason, gi.reason) AS reason,
    coalesce(c.ts_closed, gc.ts_closed) AS ts_closed,
    coalesce(c.exit_reason, gc.exit_reason) AS exit_reason,
    coalesce(c.time_in_trade_ms, gc.time_in_trade_ms) AS time_in_trade_ms,
    r.realized AS rr_realized,
    coalesce(c.ts_closed, i.ts_invalidated, gc.ts_closed, gi.ts_invalidated) AS ends,
    t.signal_id IS NOT NULL OR gt.signal_id IS NOT NULL AS triggered,
    c.signal_id IS NOT NULL OR gc.signal_id IS NOT NULL AS closed,
    c.signal_id IS NULL AND i.signal_id IS NULL AND gc.signal_id IS NULL AND gi.signal_id IS NULL AS open,
    c.signal_id IS NULL AND gc.signal_id IS NULL AND coalesce(i.reason, gi.reason) IS NOT DISTINCT FROM 'sl' AS stopped,
    coalesce(r.realized > 0, FALSE) AS won,
    coalesce(greatest(r.realized, r.best) > 0, FALSE) AS won_at_best,
    cost.cost_r,
    r.realized - cost.cost_r AS net_r,
    CASE WHEN c.signal_id IS NOT NULL OR i.signal_id IS NOT NULL THEN 'engine'
         WHEN gc.signal_id IS NOT NULL OR gi.signal_id IS NOT NULL THEN 'ghost' END AS outcome_from,
    r.best AS rr_best,
    (SELECT g.rr_realized FROM ghost_closures g WHERE g.signal_id = s.signal_id) AS ghost_rr,
    (SELECT g.rr_best FROM ghost_closures g WHERE g.signal_id = s.signal_id) AS ghost_rr_best,
    coalesce((SELECT g.exit_reason FROM ghost_closures g WHERE g.signal_id = s.signal_id),
             (SELECT g.reason FROM ghost_invalidations g WHERE g.signal_id = s.signal_id)) AS ghost_exit,
    s.confidence,
    CASE WHEN c.signal_id IS NOT NULL THEN c.exit_reason = 'tp'
         WHEN gc.signal_id IS NOT NULL THEN gc.exit_reason = 'tp' OR EXISTS (
             SELECT FROM ghost_orders g JOIN ghost_fills f USING (order_id)
             WHERE g.signal_id = s.signal_id AND g.tracked AND f.kind = 'tp1' AND f.world IN ('both', 'worse'))
         WHEN coalesce(i.reason, gi.reason) = 'sl' THEN FALSE END AS hit_tp1,
    CASE WHEN s.tp IS NULL OR s.tp2 IS NULL THEN NULL
         WHEN c.signal_id IS NOT NULL THEN c.exit_reason = 'tp'
             AND 4 * c.rr_realized * abs(coalesce(t.entry_fill, gt.entry_fill, s.entry) - s.sl)
                 >= 3 * abs(s.tp - coalesce(t.entry_fill, gt.entry_fill, s.entry))
                      + abs(s.tp2 - coalesce(t.entry_fill, gt.entry_fill, s.entry))
         WHEN gc.signal_id IS NOT NULL THEN gc.exit_reason = 'tp'
         WHEN coalesce(i.reason, gi.reason) = 'sl' THEN FALSE END AS hit_tp2,
    CASE WHEN c.signal_id IS NOT NULL OR gc.signal_id IS NOT NULL THEN r.realized - cost.cost_r
         WHEN coalesce(i.reason, gi.reason) = 'sl' THEN -1 - cost.cost_r
         WHEN i.signal_id IS NOT NULL OR gi.signal_id IS NOT NULL THEN 0 END AS settled_r
FROM signals s
LEFT JOIN signal_triggers t ON t.signal_id = s.signal_id
LEFT JOIN ghost_triggers gt ON gt.signal_id = CASE WHEN t.signal_id IS NULL THEN s.signal_id END
LEFT JOIN signal_invalidations i ON i.signal_id = s.signal_id
LEFT JOIN signal_closures c ON c.signal_id = s.signal_id
LEFT JOIN ghost_closures gc ON gc.signal_id = CASE WHEN c.signal_id IS NULL
    AND (SELECT own.signal_id FROM signal_invalidations own WHERE own.signal_id = s.signal_id) IS NULL THEN s.signal_id END
LEFT JOIN ghost_invalidations gi ON gi.signal_id = CASE WHEN c.signal_id IS NULL
    AND (SELECT own.signal_id FROM signal_invalidations own WHERE own.signal_id = s.signal_id) IS NULL THEN s.signal_id END
CROSS JOIN LATERAL (
    SELECT coalesce(c.rr_realized, gc.rr_realized) AS realized, coalesce(c.rr_best, gc.rr_best) AS best,
           coalesce(c.fees_r, nullif(gc.fees_r, 0)) AS fees
) r
CROSS JOIN LATERAL (
    SELECT coalesce(r.fees, round_trip_pct() / 100 * s.entry / nullif(abs(s.entry - s.sl), 0)) AS cost_r
) cost;
COMMENT ON VIEW signal_outcomes IS
    'Every signal with what became of it, by its engine, else by its ghost (outcome_from: engine, ghost; NULL: open). won: '
    'closed above 0 R; won_at_best: had every tie gone the other way (rr_best); stopped: invalidated by its stop without a '
    'closure; open: neither closed nor invalidated; cost_r: what a round trip costs in R, fees_r as sent, else from the '
    'distance of the stop, NULL if neither is known; net_r: rr_realized less cost_r; ghost_rr, ghost_rr_best, ghost_exit: '
    'what its ghost made of it, whoever tells the outcome; hit_tp1, hit_tp2: whether its trade reached them, NULL without a '
    'trade that ended, or a second target; settled_r: net_r, -1 less cost_r if stopped without a closure, 0 if it never came '
    'to a trade, NULL if it is open or its cost not known.';
