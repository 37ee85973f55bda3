-- name: patience
-- A price path is worth waiting for, but not for long: the rest of the page is there already.
SELECT set_config('statement_timeout', '700', TRUE)

-- name: candles
-- Candles of a symbol by interval, put together in steps that begin at full ones of WIB, all in one look at the records:
-- the first open, the last close. A candle's time is its end; one that is longer than a step stands as it is.
SELECT payload->>'interval' AS interval, min(ts) AS first, max(ts) AS "end",
       (array_agg((payload->>'open')::numeric ORDER BY ts))[1] AS open, max((payload->>'high')::numeric) AS high,
       min((payload->>'low')::numeric) AS low, (array_agg((payload->>'close')::numeric ORDER BY ts DESC))[1] AS close
FROM records
WHERE class = 'market' AND event = 'market_candle' AND symbol = %(symbol)s AND ts > %(since)s AND ts <= %(until)s
GROUP BY 1, date_bin(make_interval(secs => %(step_s)s), ts - interval '1 microsecond', '2001-01-01 00:00+07')
ORDER BY 3

-- name: fills
-- Orders of a signal that were filled, at their mean price: those that carry its id or ref. Ghosts are told apart.
SELECT ts, payload->>'side' AS side, (payload->>'avgFillPrice')::numeric AS price
FROM records
WHERE class = 'orders' AND event = 'order_log' AND symbol = %(symbol)s AND ts > %(since)s AND ts <= %(until)s
  AND (payload->>'avgFillPrice')::numeric > 0 AND payload->>'source' IS DISTINCT FROM 'ghost'
  AND (payload->>'signalId' = %(signal_id)s OR payload->>'signal_id' = %(signal_id)s
       OR strpos(payload->>'clientOrderId', %(signal_id)s) > 0 OR payload->>'refId' = %(ref)s
       OR strpos(payload->>'clientOrderId', %(ref)s::text) > 0)
ORDER BY ts
LIMIT 50
