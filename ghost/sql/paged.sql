-- name: page
-- Orders below a number, newest first, of a state or symbol (NULL: of any).
SELECT number, order_id, signal_id::text, ref_id, symbol, side, source, tracked, by, status, reason, late, published_at,
       expires_at, filled_at, ended_at, fill, exit_reason, rr_realized, rr_best, fees_r, mfe_r, mae_r, risk_usd, pnl_usd,
       pnl_pct, bad_bars, late_bars, plan::text
FROM ghost_orders
WHERE (%(below)s::bigint IS NULL OR number < %(below)s)
  AND (%(status)s::text IS NULL OR status = %(status)s)
  AND (%(symbol)s::text IS NULL OR symbol = %(symbol)s)
ORDER BY number DESC LIMIT %(limit)s

-- name: counts
-- How many orders there are in each state, of a symbol or of all.
SELECT status, count(*) FROM ghost_orders WHERE %(symbol)s::text IS NULL OR symbol = %(symbol)s GROUP BY status

-- name: of_signal
-- The oldest orders of a signal: its own first, then what people placed.
SELECT number, order_id, signal_id::text, ref_id, symbol, side, source, tracked, by, status, reason, late, published_at,
       expires_at, filled_at, ended_at, fill, exit_reason, rr_realized, rr_best, fees_r, mfe_r, mae_r, risk_usd, pnl_usd,
       pnl_pct, bad_bars, late_bars, plan::text
FROM ghost_orders WHERE signal_id = %(signal_id)s::uuid ORDER BY number LIMIT %(limit)s

-- name: fills_of
-- What of some orders was filled, as it came.
SELECT order_id, seq, world, kind, price, fraction, fee_r, at FROM ghost_fills
WHERE order_id = ANY(%(order_ids)s) ORDER BY order_id, seq
