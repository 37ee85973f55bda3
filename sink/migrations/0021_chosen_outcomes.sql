-- Which signals a scorecard counts and a search finds, said once: a count and the list behind it are one question.
-- An argument that is NULL lets all through. Postgres puts the body into the query that calls it, drops what is NULL and
-- plans what is left; for that it must stay one SELECT, STABLE and without SET. Its body is text: so the view may get
-- more columns. Beside each outcome stands what Postgres cannot conclude from it: that a row of a table is there, so that
-- it may begin with that table.
--
-- The indexes that a search needs are built after the migrations, without holding up the worker: sink/sql/indexes.sql.

CREATE FUNCTION chosen_outcomes(
    since TIMESTAMPTZ DEFAULT NULL, until TIMESTAMPTZ DEFAULT NULL,
    symbol TEXT DEFAULT NULL, side TEXT DEFAULT NULL, setup TEXT DEFAULT NULL, rules TEXT DEFAULT NULL,
    hour INTEGER DEFAULT NULL, weekday INTEGER DEFAULT NULL,
    bin INTEGER DEFAULT NULL, low NUMERIC DEFAULT NULL, high NUMERIC DEFAULT NULL, outcome TEXT DEFAULT NULL
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
  AND CASE chosen_outcomes.outcome
        WHEN 'closed' THEN o.closed AND o.ts_closed IS NOT NULL
        WHEN 'won' THEN o.won AND o.ts_closed IS NOT NULL
        WHEN 'lost' THEN o.closed AND NOT o.won AND o.ts_closed IS NOT NULL
        WHEN 'sl' THEN o.stopped AND o.ts_invalidated IS NOT NULL
        WHEN 'open' THEN o.open
        WHEN 'triggered' THEN o.triggered AND o.ts_triggered IS NOT NULL
        WHEN 'expired' THEN o.reason = 'expiry'
        ELSE TRUE END
$$;
COMMENT ON FUNCTION chosen_outcomes IS
    'signal_outcomes of a span of publication, of one symbol, side, setup, rules version, hour (0-23) or weekday '
    '(1: Monday) in WIB, bin, range of the score, outcome (closed, won, lost, sl, open, triggered, expired); NULL: any.';

-- Only VACUUM tells the small indexes of the event store (BRIN) what came, and lets others be read without their table. Of
-- rows that are never changed it reads the new ones alone: it may come each time that one in a hundred is new.
ALTER TABLE signal_events SET (autovacuum_vacuum_insert_scale_factor = 0.01);
ALTER TABLE signals SET (autovacuum_vacuum_insert_scale_factor = 0.01);
