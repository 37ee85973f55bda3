-- name: lead
-- Be the one ghost of this stream, for as long as this session lives.
SELECT pg_try_advisory_lock(hashtextextended('signaltape ghost ' || %(stream)s, 0));

-- name: positions
-- How far each partition was read.
SELECT stream, entry_id FROM ghost_position;

-- name: orders
-- Orders that have not ended, in one order for everybody.
SELECT order_id, state, signal_id::text, ref_id, symbol, side, source, tracked, by, chat_id, thread_id, user_id, risk_usd,
       published_at, expires_at, late
FROM ghost_orders WHERE state IS NOT NULL ORDER BY order_id COLLATE "C";

-- name: lines
-- Lines that may still ring.
SELECT line_id, symbol, price, direction, ref_id, order_id, signal_id::text, by, chat_id, thread_id, user_id, label, set_at,
       expires_at
FROM ghost_lines WHERE status = 'set' ORDER BY line_id COLLATE "C";

-- name: symbols
-- What has been seen of each symbol.
SELECT symbol, state FROM ghost_symbols ORDER BY symbol COLLATE "C";

-- name: known_orders
-- Which of these orders there were ever.
SELECT order_id FROM ghost_orders WHERE order_id = ANY(%(ids)s);

-- name: known_lines
-- Which of these lines there were ever.
SELECT line_id FROM ghost_lines WHERE line_id = ANY(%(ids)s);

-- name: put_order
-- An order that is new.
INSERT INTO ghost_orders
    (order_id, signal_id, ref_id, symbol, side, source, tracked, by, chat_id, thread_id, user_id, plan, state, status, reason,
     late, published_at, expires_at, ended_at, risk_usd, updated_at)
VALUES (%(order_id)s, %(signal_id)s, %(ref_id)s, %(symbol)s, %(side)s, %(source)s, %(tracked)s, %(by)s, %(chat_id)s,
        %(thread_id)s, %(user_id)s, %(plan)s, %(state)s, %(status)s, %(reason)s, %(late)s, %(published_at)s, %(expires_at)s,
        %(ended_at)s, %(risk_usd)s, %(updated_at)s);

-- name: change_order
-- What became of an order; one that was purged stays away.
UPDATE ghost_orders
SET state = %(state)s, status = %(status)s, reason = %(reason)s, filled_at = %(filled_at)s, ended_at = %(ended_at)s,
    fill = %(fill)s, exit_reason = %(exit_reason)s, rr_realized = %(rr_realized)s, rr_best = %(rr_best)s,
    fees_r = %(fees_r)s, mfe_r = %(mfe_r)s, mae_r = %(mae_r)s, pnl_usd = %(pnl_usd)s, pnl_pct = %(pnl_pct)s,
    bad_bars = %(bad_bars)s, late_bars = %(late_bars)s, updated_at = %(updated_at)s
WHERE order_id = %(order_id)s;

-- name: put_fill
-- A part of an order was filled.
INSERT INTO ghost_fills (order_id, seq, world, kind, price, fraction, fee_r, at)
VALUES (%(order_id)s, %(seq)s, %(world)s, %(kind)s, %(price)s, %(fraction)s, %(fee_r)s, %(at)s);

-- name: put_line
-- A line that is new.
INSERT INTO ghost_lines
    (line_id, symbol, price, direction, ref_id, order_id, signal_id, by, chat_id, thread_id, user_id, label, status, reason,
     set_at, expires_at, ended_at)
VALUES (%(line_id)s, %(symbol)s, %(price)s, %(direction)s, %(ref_id)s, %(order_id)s, %(signal_id)s, %(by)s, %(chat_id)s,
        %(thread_id)s, %(user_id)s, %(label)s, %(status)s, %(reason)s, %(set_at)s, %(expires_at)s, %(ended_at)s);

-- name: end_line
-- A line rang, ran out, or was taken away.
UPDATE ghost_lines
SET status = %(status)s, ended_at = %(ended_at)s, rung_at = %(rung_at)s, seen = %(seen)s
WHERE line_id = %(line_id)s;

-- name: put_symbol
-- What has been seen of a symbol by now.
INSERT INTO ghost_symbols (symbol, state) VALUES (%(symbol)s, %(state)s)
ON CONFLICT (symbol) DO UPDATE SET state = excluded.state;

-- name: begin_position
-- A partition that is read for the first time.
INSERT INTO ghost_position (stream, entry_id) VALUES (%(stream)s, %(entry_id)s) ON CONFLICT DO NOTHING;

-- name: move_position
-- Further on, if it still is where this process left it.
UPDATE ghost_position SET entry_id = %(entry_id)s WHERE stream = %(stream)s AND entry_id = %(was)s;
