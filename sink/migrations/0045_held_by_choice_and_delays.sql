-- What was held back by choice (somebody snoozed it, a budget was spent, a pause, too little R) is told from what never could
-- have been sent; with what bets need, and with who told how it ended.
CREATE OR REPLACE VIEW signals_held_back AS
SELECT DISTINCT ON (o.ts_published, a.signal_id) a.signal_id, o.ts_published, a.reason, o.closed, o.won, o.rr_realized,
       o.side, o.outcome_from, a.reason IN ('snoozed', 'budget', 'paused', 'min_rr') AS by_choice
FROM alerts a
JOIN signal_outcomes o USING (signal_id)
WHERE a.decision = 'held' AND NOT EXISTS (SELECT FROM alerts s WHERE s.signal_id = a.signal_id AND s.decision = 'sent')
ORDER BY o.ts_published, a.signal_id, a.decided_at, a.ref_id;

-- How long it took from publication to entry, in bins: declared once, as those of the score.
CREATE FUNCTION delay_edges_ms() RETURNS BIGINT[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY[60000, 300000, 900000, 3600000]::BIGINT[];
CREATE FUNCTION delay_bin(delay_ms BIGINT) RETURNS INTEGER
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN width_bucket(delay_ms, delay_edges_ms());
COMMENT ON FUNCTION delay_bin IS 'The number of the bin that holds a wait for the entry, 0 to 4: lower edges inclusive.';

DROP FUNCTION chosen_outcomes;
CREATE FUNCTION chosen_outcomes(
    since TIMESTAMPTZ DEFAULT NULL, until TIMESTAMPTZ DEFAULT NULL,
    symbol TEXT DEFAULT NULL, side TEXT DEFAULT NULL, setup TEXT DEFAULT NULL, rules TEXT DEFAULT NULL,
    hour INTEGER DEFAULT NULL, weekday INTEGER DEFAULT NULL,
    bin INTEGER DEFAULT NULL, low NUMERIC DEFAULT NULL, high NUMERIC DEFAULT NULL, outcome TEXT DEFAULT NULL,
    source TEXT DEFAULT NULL, confidence INTEGER DEFAULT NULL, delay INTEGER DEFAULT NULL
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
  AND (chosen_outcomes.delay IS NULL OR delay_bin(o.time_to_trigger_ms) = chosen_outcomes.delay)
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
    'tp2, settled), source of the outcome (engine, ghost), bin of the confidence, bin of the '
    'wait for the entry; NULL: any.';
