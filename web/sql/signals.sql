-- name: list
-- Signals, newest first, from behind a place in that order: found by what is asked alone, then read whole.
WITH found AS (
    SELECT signal_id
    FROM chosen_outcomes(%(since)s, %(until)s, %(symbol)s, %(side)s, %(setup)s, %(rules)s, %(hour)s, %(weekday)s,
                         %(bin)s, %(low)s, %(high)s, %(outcome)s, %(outcome_from)s, %(confidence)s, %(delay)s)
    WHERE (%(after_ts)s::timestamptz IS NULL OR (ts_published, signal_id) < (%(after_ts)s, %(after_id)s::uuid))
      AND (%(vote)s::text IS NULL OR signal_id IN (SELECT signal_id FROM feedback_votes WHERE %(vote)s IN (rating, took)))
      AND (%(held)s::text IS NULL OR signal_id IN (SELECT signal_id FROM signals_held_back WHERE %(held)s IN (reason, CASE WHEN by_choice THEN 'by choice' END)))
    ORDER BY ts_published DESC, signal_id DESC
    LIMIT %(limit)s
)
SELECT o.signal_id::text, symbol, side, setup, rules_version, ts_published, confluence_score AS score, rr_target,
       score_bin_name(bin) AS bin, triggered, closed, open, stopped, won, reason, exit_reason, rr_realized, ends, outcome_from
FROM signal_outcomes o JOIN found USING (signal_id)
ORDER BY ts_published DESC, o.signal_id DESC

-- name: first
-- The newest signals, and how many there are beside each: all that these filters let through are found once for both. Only
-- for so many as memory holds.
WITH found AS MATERIALIZED (
    SELECT signal_id, ts_published
    FROM chosen_outcomes(%(since)s, %(until)s, %(symbol)s, %(side)s, %(setup)s, %(rules)s, %(hour)s, %(weekday)s,
                         %(bin)s, %(low)s, %(high)s, %(outcome)s, %(outcome_from)s, %(confidence)s, %(delay)s)
    WHERE (%(vote)s::text IS NULL OR signal_id IN (SELECT signal_id FROM feedback_votes WHERE %(vote)s IN (rating, took)))
      AND (%(held)s::text IS NULL OR signal_id IN (SELECT signal_id FROM signals_held_back WHERE %(held)s IN (reason, CASE WHEN by_choice THEN 'by choice' END)))
), newest AS (
    SELECT signal_id FROM found ORDER BY ts_published DESC, signal_id DESC LIMIT %(limit)s
)
SELECT o.signal_id::text, symbol, side, setup, rules_version, ts_published, confluence_score AS score, rr_target,
       score_bin_name(bin) AS bin, triggered, closed, open, stopped, won, reason, exit_reason, rr_realized, ends, outcome_from,
       (SELECT count(*) FROM found) AS n
FROM signal_outcomes o JOIN newest USING (signal_id)
ORDER BY ts_published DESC, o.signal_id DESC

-- name: count
-- How many signals these filters let through.
SELECT count(*) AS n
FROM chosen_outcomes(%(since)s, %(until)s, %(symbol)s, %(side)s, %(setup)s, %(rules)s, %(hour)s, %(weekday)s,
                     %(bin)s, %(low)s, %(high)s, %(outcome)s, %(outcome_from)s, %(confidence)s, %(delay)s)
WHERE (%(vote)s::text IS NULL OR signal_id IN (SELECT signal_id FROM feedback_votes WHERE %(vote)s IN (rating, took)))
  AND (%(held)s::text IS NULL OR signal_id IN (SELECT signal_id FROM signals_held_back WHERE %(held)s IN (reason, CASE WHEN by_choice THEN 'by choice' END)))

-- name: count_by_index
-- The same for what one index has: a span, and one symbol, setup or rules version. Said of the table itself, for only
-- then the index alone is read.
SELECT count(*) AS n FROM signals
WHERE (%(since)s::timestamptz IS NULL OR ts_published >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR ts_published < %(until)s)
  AND (%(symbol)s::text IS NULL OR symbol = %(symbol)s)
  AND (%(setup)s::text IS NULL OR setup = %(setup)s)
  AND (%(rules)s::text IS NULL OR rules_version = %(rules)s)

-- name: by_index
-- For the rest of the transaction: what is bounded is found by indexes, signal by signal. For some thousand of them the
-- planner would read a whole table, which takes the longer the more is stored.
SELECT set_config(name, 'off', TRUE) FROM unnest(ARRAY['enable_hashjoin', 'enable_mergejoin', 'enable_seqscan']) AS name
UNION ALL SELECT set_config('max_parallel_workers_per_gather', '0', TRUE)

-- name: reach
-- How far back a search looks that may not take long: to the newest so many of the rarest of those things asked for that
-- have an index, which alone are read then; NULL: to the beginning.
SELECT nullif(least(
    coalesce((SELECT ts_published FROM signals WHERE ts_published BETWEEN %(since)s AND %(until)s
              ORDER BY ts_published DESC OFFSET %(most)s LIMIT 1), '-infinity'),
    CASE WHEN %(symbol)s::text IS NOT NULL THEN coalesce((
              SELECT ts_published FROM signals WHERE symbol = %(symbol)s AND ts_published BETWEEN %(since)s AND %(until)s
              ORDER BY ts_published DESC OFFSET %(most)s LIMIT 1), '-infinity') END,
    CASE WHEN %(setup)s::text IS NOT NULL THEN coalesce((
              SELECT ts_published FROM signals WHERE setup = %(setup)s AND ts_published BETWEEN %(since)s AND %(until)s
              ORDER BY ts_published DESC OFFSET %(most)s LIMIT 1), '-infinity') END,
    CASE WHEN %(rules)s::text IS NOT NULL THEN coalesce((
              SELECT ts_published FROM signals WHERE rules_version = %(rules)s AND ts_published BETWEEN %(since)s AND %(until)s
              ORDER BY ts_published DESC OFFSET %(most)s LIMIT 1), '-infinity') END
), '-infinity') AS back_to

-- name: bins
-- What each bin of the score is called, the lowest first.
SELECT score_labels() AS names

-- name: by_ref
-- Signals with this ref.
SELECT signal_id::text FROM signals WHERE ref_id = %(text)s ORDER BY ts_published DESC LIMIT 2

-- name: by_entry
-- The signal of an entry of the stream.
SELECT signal_id::text FROM signal_events WHERE entry_id = %(text)s LIMIT 1

-- name: one
-- A signal with what became of it.
SELECT o.signal_id::text, o.symbol, o.side, o.setup, o.rules_version, o.ts_published, o.confluence_score AS score,
       o.rr_target, score_bin_name(o.bin) AS bin, o.entry, o.sl, o.tp, o.triggered, o.closed, o.open, o.stopped, o.won,
       o.reason, o.exit_reason, o.rr_realized, o.ends, o.ts_triggered, o.entry_fill, o.time_to_trigger_ms,
       o.ts_invalidated, o.ts_closed, o.time_in_trade_ms, s.expiry_minutes, s.ref_id, s.timeframe, s.confidence, s.engine, s.tp2, s.entry_low, s.entry_high, s.track,
       s.model_version, s.features_version, s.data_quality, s.entry_type,
       o.outcome_from, o.rr_best, o.ghost_rr, o.ghost_rr_best, o.ghost_exit, o.rr_realized - o.ghost_rr AS beyond_ghost
FROM signal_outcomes o JOIN signals s USING (signal_id)
WHERE o.signal_id = %(signal_id)s

-- name: events
-- Its events in order, as they were sent, with all three times; JSON as text, so that no number passes through a float.
SELECT event, ts, received_at, stream, entry_id, payload::text AS payload
FROM signal_events WHERE signal_id = %(signal_id)s
ORDER BY ts, array_position(ARRAY['signal_published', 'signal_triggered', 'ghost_triggered', 'signal_invalidated',
                                  'ghost_invalidated', 'signal_closed'], event)

-- name: layers
-- Its layers, the heaviest first.
SELECT layer, matched, weight, value::text AS value FROM signal_layers
WHERE signal_id = %(signal_id)s ORDER BY weight DESC NULLS LAST, layer

-- name: conflicts
-- What came again with other content.
SELECT event, ts, received_at, stream, entry_id, payload::text AS payload FROM event_conflicts
WHERE event_id = ANY(%(event_ids)s::uuid[]) ORDER BY ts, event

-- name: named
-- What a word names: a symbol, as it was typed, in capitals or without, a setup or a rules version of some signal.
(SELECT 'symbol' AS kind, name
 FROM unnest(ARRAY[%(word)s, upper(%(word)s), lower(%(word)s)]) WITH ORDINALITY AS typed (name, place),
      LATERAL (SELECT FROM signals WHERE symbol = name LIMIT 1) AS there
 ORDER BY place LIMIT 1)
UNION ALL (SELECT 'setup', setup FROM signals WHERE setup = %(word)s LIMIT 1)
UNION ALL (SELECT 'rules', rules_version FROM signals WHERE rules_version = %(word)s LIMIT 1)
LIMIT 1
