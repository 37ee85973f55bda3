-- name: hurry
-- So long the next statement may take.
SELECT set_config('statement_timeout', %(ms)s, TRUE)

-- name: symbols
-- Symbols of signals, the one with the newest first: each is looked up in the index, however many signals it has.
WITH RECURSIVE names AS (
    (SELECT symbol, 1 AS number FROM signals ORDER BY symbol LIMIT 1)
    UNION ALL
    SELECT (SELECT s.symbol FROM signals s WHERE s.symbol > names.symbol ORDER BY s.symbol LIMIT 1), number + 1
    FROM names WHERE names.symbol IS NOT NULL AND number < %(most)s
)
SELECT symbol, newest FROM names
CROSS JOIN LATERAL (SELECT max(ts_published) AS newest FROM signals s WHERE s.symbol = names.symbol) AS last
WHERE symbol IS NOT NULL ORDER BY newest DESC, symbol

-- name: same
-- Symbols of signals that are written like a word, in capitals or without: for one that is not among the listed.
SELECT DISTINCT name AS symbol FROM unnest(ARRAY[%(word)s, upper(%(word)s), lower(%(word)s)]::text[]) AS typed (name)
WHERE EXISTS (SELECT FROM signals WHERE symbol = name)

-- name: day
-- The newest signal of each symbol since a moment, and how many there were.
SELECT DISTINCT ON (symbol) symbol, side, confluence_score AS score, ts_published,
       count(*) OVER (PARTITION BY symbol) AS n
FROM signals WHERE ts_published >= %(since)s ORDER BY symbol, ts_published DESC

-- name: newest
-- The newest signals of some symbols with their plan and what became of them; planned: only those that name an entry.
WITH found AS (
    SELECT signal_id FROM unnest(%(symbols)s::text[]) AS asked (name)
    CROSS JOIN LATERAL (
        SELECT signal_id, ts_published FROM signals WHERE symbol = name
          AND (NOT %(planned)s OR coalesce(entry, entry_low, entry_high) IS NOT NULL)
        ORDER BY ts_published DESC LIMIT %(most)s
    ) AS of_one
    ORDER BY ts_published DESC LIMIT %(most)s
)
SELECT s.signal_id::text, s.symbol, s.side, s.setup, s.timeframe, s.rules_version, s.ref_id, s.confluence_score AS score,
       s.confidence, s.rr_target, s.ts_published, s.expiry_minutes, s.entry, s.entry_low, s.entry_high, s.sl, s.tp, s.tp2,
       s.atr_pct, s.data_quality, s.degraded, o.ts_triggered, o.entry_fill, o.ts_invalidated, o.reason, o.ts_closed,
       o.exit_reason, o.rr_realized
FROM found JOIN signal_outcomes o USING (signal_id) JOIN signals s USING (signal_id)
ORDER BY s.ts_published DESC, s.signal_id DESC

-- name: layers
-- What the layers of a signal said, the heaviest first.
SELECT layer, matched, weight FROM signal_layers WHERE signal_id = %(signal_id)s::uuid
ORDER BY weight DESC NULLS LAST, layer LIMIT 100

-- name: snapshots
-- When the newest snapshot of each of some kinds and symbol since a moment was taken: there may be very many, so none is
-- sorted.
SELECT event, symbol, max(ts) AS ts FROM records
WHERE class = 'snapshots' AND event = ANY(%(events)s) AND ts >= %(since)s AND ts <= %(until)s
GROUP BY event, symbol LIMIT 1000

-- name: payload
-- A record as it was sent; JSON as text, so that no number passes through a float. None of a huge one.
SELECT CASE WHEN length(payload::text) <= %(most)s THEN payload::text END AS payload FROM records
WHERE class = 'snapshots' AND event = %(event)s AND symbol IS NOT DISTINCT FROM %(symbol)s AND ts = %(ts)s
ORDER BY record_id DESC LIMIT 1

-- name: ages
-- When something of each kind happened last.
SELECT (SELECT max(ts_published) FROM signals) AS published,
       greatest((SELECT max(ts_triggered) FROM signal_triggers), (SELECT max(ts_triggered) FROM ghost_triggers))
           AS triggered,
       greatest((SELECT max(ts_invalidated) FROM signal_invalidations),
                (SELECT max(ts_invalidated) FROM ghost_invalidations)) AS invalidated,
       greatest((SELECT max(ts_closed) FROM signal_closures), (SELECT max(ts_closed) FROM ghost_closures)) AS closed

-- name: letters
-- How many entries could not become events since a moment; counted up to %(most)s.
SELECT count(*) AS n FROM (SELECT FROM dead_letters WHERE entry_ts >= %(since)s LIMIT %(most)s) AS found

-- name: messages
-- Messages that wait, those of them that should be gone by now, and those since a moment that a person should look at.
SELECT count(*) FILTER (WHERE state IN ('queued', 'sending')) AS waiting,
       count(*) FILTER (WHERE state = 'queued' AND next_try_at < %(overdue)s) AS overdue,
       count(*) FILTER (WHERE state = 'failed' AND updated_at >= %(since)s) AS failed,
       count(*) FILTER (WHERE state = 'uncertain' AND updated_at >= %(since)s) AS uncertain,
       count(*) FILTER (WHERE state = 'expired' AND updated_at >= %(since)s) AS expired,
       count(*) FILTER (WHERE state = 'sent' AND updated_at >= %(since)s) AS sent
FROM outbox WHERE state IN ('queued', 'sending') OR created_at >= %(since)s - interval '1 day'

-- name: alerts
-- What was decided on the alerts since a moment.
SELECT count(*) FILTER (WHERE decision = 'sent') AS sent, count(*) FILTER (WHERE decision = 'held') AS held
FROM alerts WHERE decided_at >= %(since)s

-- name: page
-- A page of signals with what became of them, newest first, from behind a place in that order.
WITH found AS (
    SELECT signal_id FROM signals
    WHERE (%(symbols)s::text[] IS NULL OR symbol = ANY(%(symbols)s::text[]))
      AND (%(ts)s::timestamptz IS NULL OR (ts_published, signal_id) < (%(ts)s, %(signal_id)s::uuid))
    ORDER BY ts_published DESC, signal_id DESC LIMIT %(most)s
)
SELECT s.signal_id::text, s.symbol, s.side, s.setup, s.timeframe, s.rules_version, s.ref_id, s.confluence_score AS score,
       s.confidence, s.rr_target, s.ts_published, s.expiry_minutes, s.entry, s.entry_low, s.entry_high, s.sl, s.tp, s.tp2,
       s.atr_pct, s.data_quality, s.degraded, o.ts_triggered, o.entry_fill, o.ts_invalidated, o.reason, o.ts_closed,
       o.exit_reason, o.rr_realized
FROM found JOIN signal_outcomes o USING (signal_id) JOIN signals s USING (signal_id)
ORDER BY s.ts_published DESC, s.signal_id DESC

-- name: costs
-- What a round trip costs where a closure does not say it; until the end of the transaction.
SELECT set_config('signaltape.round_trip_pct', %(pct)s, TRUE)

-- name: profits
-- What was closed in a span, by WIB day and symbol: R gross, R net of a round trip where its cost is known, of how many.
SELECT (ts_closed AT TIME ZONE 'Asia/Jakarta')::date AS day, symbol, count(*) AS n, count(*) FILTER (WHERE won) AS won,
       sum(rr_realized) AS gross, sum(net_r) AS net, count(net_r) AS n_net
FROM signal_outcomes
WHERE ts_closed >= %(since)s AND ts_closed < %(until)s
  AND signal_id IN (SELECT signal_id FROM signal_closures WHERE ts_closed >= %(since)s AND ts_closed < %(until)s
                    UNION SELECT signal_id FROM ghost_closures WHERE ts_closed >= %(since)s AND ts_closed < %(until)s)
GROUP BY 1, 2 ORDER BY 1 DESC, 2

-- name: stopped
-- Signals of a span that were stopped without a closure: losses that stand in no R.
SELECT count(*) AS n FROM signal_outcomes
WHERE stopped AND ts_invalidated >= %(since)s AND ts_invalidated < %(until)s
  AND signal_id IN (
      SELECT signal_id FROM signal_invalidations WHERE ts_invalidated >= %(since)s AND ts_invalidated < %(until)s
      UNION SELECT signal_id FROM ghost_invalidations WHERE ts_invalidated >= %(since)s AND ts_invalidated < %(until)s)

-- name: risk
-- What /risk has set.
SELECT base_risk_pct, equity FROM desk_risk

-- name: held
-- The newest alerts that this chat did not get, or may not have got, with the reason, from behind a place in that order.
SELECT a.ref_id, a.category, a.symbol, a.side, a.ts, coalesce(c.held_at, c.doubted_at, a.decided_at) AS held_at,
       CASE WHEN c.doubted_at IS NOT NULL THEN 'in_doubt' ELSE coalesce(c.reason, a.reason) END AS reason, a.detail
FROM alerts a LEFT JOIN alert_chats c ON c.ref_id = a.ref_id AND c.chat_id = %(chat)s
WHERE a.decided_at >= %(since)s AND (a.decision = 'held' OR c.reason IS NOT NULL OR c.doubted_at IS NOT NULL)
ORDER BY a.decided_at DESC, a.ref_id LIMIT %(most)s

-- name: held_reasons
-- Why alerts were held since a moment, and how many; those that may not have come first.
SELECT CASE WHEN c.doubted_at IS NOT NULL THEN 'in_doubt' ELSE coalesce(c.reason, a.reason) END AS reason, count(*) AS n
FROM alerts a LEFT JOIN alert_chats c ON c.ref_id = a.ref_id AND c.chat_id = %(chat)s
WHERE a.decided_at >= %(since)s AND (a.decision = 'held' OR c.reason IS NOT NULL OR c.doubted_at IS NOT NULL)
GROUP BY 1 ORDER BY bool_or(c.doubted_at IS NOT NULL) DESC NULLS LAST, 2 DESC, 1

-- name: snoozed
-- What this chat does not want to hear for now.
SELECT category, until FROM snoozes WHERE chat_id = %(chat)s AND until > %(now)s ORDER BY until

-- name: alert_of
-- The alert of a signal: its reference, and the flow that its size was made of.
SELECT ref_id, (alert ->> 'etf_inflow_usd')::numeric AS etf_inflow_usd FROM alerts
WHERE signal_id = %(signal_id)s::uuid ORDER BY decided_at LIMIT 1

-- name: ghosts
-- Paper orders that wait or are open, and those that ended since a moment, of some symbols or of all: the open ones first.
-- banked: what of an open one is out already, in the worse of its worlds, and what for; entry: of a band the edge that the
-- price comes to first.
SELECT o.number, o.symbol, o.side, o.status, o.source, o.by, o.ref_id, o.late, o.reason, o.published_at, o.expires_at,
       o.filled_at, o.ended_at, o.fill, o.exit_reason, o.rr_realized, o.rr_best, o.pnl_usd, o.risk_usd,
       (o.plan ->> 'sl')::numeric AS sl,
       coalesce((o.plan ->> 'entry')::numeric,
                (o.plan ->> CASE WHEN (o.side = 'long') = (o.plan ->> 'entry_type' IS DISTINCT FROM 'stop')
                                 THEN 'entry_high' ELSE 'entry_low' END)::numeric) AS entry,
       coalesce(b.fraction, 0) AS banked, coalesce(b.paid, 0) AS banked_paid
FROM ghost_orders o
LEFT JOIN LATERAL (SELECT sum(f.fraction) AS fraction, sum(f.fraction * f.price) AS paid FROM ghost_fills f
                   WHERE o.status = 'open' AND f.order_id = o.order_id AND f.kind <> 'entry' AND f.world <> 'better') b ON TRUE
WHERE (o.status IN ('waiting', 'open') OR o.ended_at >= %(since)s)
  AND (%(symbols)s::text[] IS NULL OR o.symbol = ANY(%(symbols)s::text[]))
ORDER BY array_position(ARRAY['open', 'waiting'], o.status), coalesce(o.ended_at, o.published_at) DESC, o.number DESC
LIMIT %(most)s

-- name: ghost_sums
-- How many of them there are in each state, what the closed ones brought, and of how many that is known in dollars.
SELECT status, count(*) AS n, coalesce(sum(rr_realized), 0) AS rr, count(*) FILTER (WHERE rr_realized > 0) AS won,
       coalesce(sum(pnl_usd), 0) AS usd, count(pnl_usd) AS n_usd
FROM ghost_orders
WHERE (status IN ('waiting', 'open') OR ended_at >= %(since)s)
  AND (%(symbols)s::text[] IS NULL OR symbol = ANY(%(symbols)s::text[]))
GROUP BY status

-- name: last_prices
-- The last close of some symbols within a span.
SELECT DISTINCT ON (symbol) symbol, (payload ->> 'close')::numeric AS price FROM records
WHERE class = 'market' AND event = 'market_candle' AND symbol = ANY(%(symbols)s::text[]) AND ts >= %(since)s
  AND ts <= %(until)s AND payload ->> 'dataQuality' IS DISTINCT FROM 'bad'
ORDER BY symbol, ts DESC

-- name: ghost_symbols
-- Symbols that bars were seen of, or that an order is of.
SELECT symbol, bool_or(has_bars) AS has_bars
FROM (SELECT symbol, latest_us >= 0 AS has_bars FROM ghost_symbols
      UNION ALL SELECT symbol, FALSE FROM ghost_orders WHERE state IS NOT NULL) AS seen
GROUP BY symbol ORDER BY symbol LIMIT %(most)s
