-- What targets and costs need of every outcome, appended to the view: the confidence that its engine had, which targets its
-- trade reached, and what it was worth once all is paid. Of a trade that a ghost tells, its first target is what its fills
-- say, for the rest of it may have met its stop behind that; where the engine tells it, what left at the target says so:
-- nearer to the mean of both targets than to the first is beyond the first.

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
           coalesce(c.fees_r, gc.fees_r) AS fees
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

DROP FUNCTION chosen_outcomes;
CREATE FUNCTION chosen_outcomes(
    since TIMESTAMPTZ DEFAULT NULL, until TIMESTAMPTZ DEFAULT NULL,
    symbol TEXT DEFAULT NULL, side TEXT DEFAULT NULL, setup TEXT DEFAULT NULL, rules TEXT DEFAULT NULL,
    hour INTEGER DEFAULT NULL, weekday INTEGER DEFAULT NULL,
    bin INTEGER DEFAULT NULL, low NUMERIC DEFAULT NULL, high NUMERIC DEFAULT NULL, outcome TEXT DEFAULT NULL,
    source TEXT DEFAULT NULL, confidence INTEGER DEFAULT NULL
) RETURNS SETOF signal_outcomes
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT o.*
FROM signal_outcomes o
WHERE (chosen_outcomes.since IS NULL OR o.ts_published >= chosen_outcomes.since)
  AND (chosen_outcomes.until IS NULL OR o.ts_published < chosen_outcomes.until)
  AND (chosen_outcomes.symbol IS NULL OR o.symbol = chosen_outcomes.symbol)
  AND (chosen_outcomes.side IS NULL OR o.side = chosen_outcomes.side)
  AND (chosen_outcomes.setup IS NULL OR o.setup = chosen_outcomes.setup)
  AND (chosen_outcomes.rules IS NULL OR o.rules_version = chosen_outcomes.rules)
  AND (chosen_outcomes.hour IS NULL
       OR extract(hour FROM o.ts_published AT TIME ZONE 'Asia/Jakarta') = chosen_outcomes.hour)
  AND (chosen_outcomes.weekday IS NULL
       OR extract(isodow FROM o.ts_published AT TIME ZONE 'Asia/Jakarta') = chosen_outcomes.weekday)
  AND (chosen_outcomes.bin IS NULL OR o.bin = chosen_outcomes.bin)
  AND (chosen_outcomes.low IS NULL OR o.confluence_score >= chosen_outcomes.low)
  AND (chosen_outcomes.high IS NULL OR o.confluence_score < chosen_outcomes.high)
  AND (chosen_outcomes.source IS NULL OR o.outcome_from = chosen_outcomes.source)
  AND (chosen_outcomes.confidence IS NULL OR score_bin(o.confidence) = chosen_outcomes.confidence)
  AND CASE chosen_outcomes.outcome
        WHEN 'closed' THEN o.closed
        WHEN 'won' THEN o.won
        WHEN 'lost' THEN o.closed AND NOT o.won
        WHEN 'sl' THEN o.stopped
        WHEN 'open' THEN o.open
        WHEN 'triggered' THEN o.triggered
        WHEN 'expired' THEN o.reason = 'expiry'
        WHEN 'traded' THEN o.hit_tp1 IS NOT NULL
        WHEN 'tp1' THEN o.hit_tp1
        WHEN 'traded2' THEN o.hit_tp2 IS NOT NULL
        WHEN 'tp2' THEN o.hit_tp2
        -- whatever a round trip costs: where no session says it, settled_r of those without fees is not known
        WHEN 'settled' THEN NOT o.open AND (o.settled_r IS NOT NULL OR o.entry <> o.sl)
        ELSE TRUE END
$$;
COMMENT ON FUNCTION chosen_outcomes IS
    'signal_outcomes of a span of publication, of one symbol, side, setup, rules version, hour (0-23) or weekday '
    '(1: Monday) in WIB, bin, range of the score, outcome (closed, won, lost, sl, open, triggered, expired, traded, tp1, traded2, '
    'tp2, settled), source of the outcome (engine, ghost), bin of the confidence; NULL: any.';
