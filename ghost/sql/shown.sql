-- name: orders
-- The newest orders, of these states (none: all).
SELECT number, order_id, signal_id::text, ref_id, symbol, side, source, tracked, by, status, reason, late, published_at,
       expires_at, filled_at, ended_at, fill, exit_reason, rr_realized, rr_best, fees_r, mfe_r, mae_r, risk_usd, pnl_usd,
       pnl_pct, bad_bars, late_bars, plan::text
FROM ghost_orders
WHERE %(statuses)s::text[] = '{}' OR status = ANY(%(statuses)s)
ORDER BY number DESC LIMIT %(limit)s

-- name: order
-- One order, by its id or its number.
SELECT number, order_id, signal_id::text, ref_id, symbol, side, source, tracked, by, status, reason, late, published_at,
       expires_at, filled_at, ended_at, fill, exit_reason, rr_realized, rr_best, fees_r, mfe_r, mae_r, risk_usd, pnl_usd,
       pnl_pct, bad_bars, late_bars, plan::text
FROM ghost_orders WHERE order_id = %(which)s OR number::text = %(which)s ORDER BY order_id = %(which)s DESC LIMIT 1

-- name: fills
-- What of an order was filled, as it came.
SELECT seq, world, kind, price, fraction, fee_r, at FROM ghost_fills WHERE order_id = %(order_id)s ORDER BY seq

-- name: counts
-- How many orders there are in each state.
SELECT status, count(*) FROM ghost_orders GROUP BY status

-- name: lines
-- Lines, the newest first: those that may still ring, or all.
SELECT number, line_id, symbol, price, direction, ref_id, order_id, label, by, status, set_at, expires_at, rung_at, seen
FROM ghost_lines WHERE %(everything)s OR status = 'set' ORDER BY number DESC LIMIT %(limit)s

-- name: line
-- One line, by its id or its number.
SELECT number, line_id, symbol, price, direction, ref_id, order_id, label, by, status, set_at, expires_at, rung_at, seen
FROM ghost_lines WHERE line_id = %(which)s OR number::text = %(which)s ORDER BY line_id = %(which)s DESC LIMIT 1

-- name: pnl
-- What closed orders earned since a time, by where they came from, and altogether (source NULL).
SELECT source, count(*), count(*) FILTER (WHERE rr_realized > 0), coalesce(sum(rr_realized), 0), coalesce(sum(rr_best), 0),
       coalesce(sum(fees_r), 0), sum(pnl_usd), count(pnl_usd)
FROM ghost_orders WHERE status = 'closed' AND ended_at >= %(since)s
GROUP BY GROUPING SETS ((source), ()) ORDER BY source NULLS LAST

-- name: digest_orders
-- All orders, as bytes that are the same for the same rows.
COPY (SELECT * FROM ghost_orders ORDER BY order_id COLLATE "C") TO STDOUT

-- name: digest_fills
-- All fills.
COPY (SELECT * FROM ghost_fills ORDER BY order_id COLLATE "C", seq) TO STDOUT

-- name: digest_lines
-- All lines.
COPY (SELECT * FROM ghost_lines ORDER BY line_id COLLATE "C") TO STDOUT
