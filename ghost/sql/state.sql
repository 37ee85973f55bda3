-- name: lead
-- Be the one ghost of this database, for as long as this session lives: orders are the database's, not a stream's.
SELECT pg_try_advisory_lock(hashtextextended('signaltape ghost', 0))

-- name: alive
-- For as long as nothing else is asked: see end_once_idle.
SELECT 1

-- name: positions
-- How far each partition was read.
SELECT stream, entry_id FROM ghost_position

-- name: orders
-- Orders that have not ended, in the order in which they came.
SELECT order_id, state, source, tracked, by, chat_id, thread_id, user_id, signal_id::text, ref_id, fill
FROM ghost_orders WHERE state IS NOT NULL ORDER BY number

-- name: lines
-- Lines that may still ring, in the order in which they came.
SELECT line_id, state, symbol, price, direction, set_at, expires_at, order_id, label,
       by, chat_id, thread_id, user_id, signal_id::text, ref_id
FROM ghost_lines WHERE state IS NOT NULL ORDER BY number

-- name: symbols
-- What has been seen of each symbol.
SELECT symbol, state, latest_us FROM ghost_symbols

-- name: numbers
-- The highest number of an order and of a line, and where the clock stands.
SELECT coalesce((SELECT max(number) FROM ghost_orders), 0), coalesce((SELECT max(number) FROM ghost_lines), 0),
       coalesce((SELECT at_us FROM ghost_clock), 0)

-- name: known
-- Which of these orders and lines there were ever.
SELECT 'order', order_id FROM ghost_orders WHERE order_id = ANY(%(ids)s)
UNION ALL SELECT 'line', line_id FROM ghost_lines WHERE line_id = ANY(%(ids)s)

-- name: put_order
-- An order that is new.
INSERT INTO ghost_orders
    (order_id, number, symbol, side, source, tracked, by, chat_id, thread_id, user_id, signal_id, ref_id, plan, state, status,
     reason, late, published_at, expires_at, filled_at, ended_at, fill, exit_reason, rr_realized, rr_best, fees_r, mfe_r,
     mae_r, risk_usd, pnl_usd, pnl_pct, bad_bars, late_bars, updated_at)
VALUES (%(order_id)s, %(number)s, %(symbol)s, %(side)s, %(source)s, %(tracked)s, %(by)s, %(chat_id)s, %(thread_id)s,
        %(user_id)s, %(signal_id)s, %(ref_id)s, %(plan)s, %(state)s, %(status)s, %(reason)s, %(late)s, %(published_at)s,
        %(expires_at)s, %(filled_at)s, %(ended_at)s, %(fill)s, %(exit_reason)s, %(rr_realized)s, %(rr_best)s, %(fees_r)s,
        %(mfe_r)s, %(mae_r)s, %(risk_usd)s, %(pnl_usd)s, %(pnl_pct)s, %(bad_bars)s, %(late_bars)s, %(updated_at)s)

-- name: change_order
-- What became of an order; one that was purged stays away.
UPDATE ghost_orders
SET state = %(state)s, status = %(status)s, reason = %(reason)s, filled_at = %(filled_at)s, ended_at = %(ended_at)s,
    fill = %(fill)s, exit_reason = %(exit_reason)s, rr_realized = %(rr_realized)s, rr_best = %(rr_best)s,
    fees_r = %(fees_r)s, mfe_r = %(mfe_r)s, mae_r = %(mae_r)s, pnl_usd = %(pnl_usd)s, pnl_pct = %(pnl_pct)s,
    bad_bars = %(bad_bars)s, late_bars = %(late_bars)s, updated_at = %(updated_at)s
WHERE order_id = %(order_id)s

-- name: keep_order
-- What is to be remembered of an order of which there is nothing to tell.
UPDATE ghost_orders SET state = %(state)s WHERE order_id = %(id)s AND state IS NOT NULL

-- name: lack_bars
-- Bars that orders should have seen were gone before they were read.
UPDATE ghost_orders SET late = TRUE WHERE state IS NOT NULL AND NOT late

-- name: put_fill
-- A part of an order was filled; of one that was purged nothing is.
INSERT INTO ghost_fills (order_id, seq, world, kind, price, fraction, fee_r, at)
SELECT order_id, %(seq)s, %(world)s, %(kind)s, %(price)s, %(fraction)s, %(fee_r)s, %(at)s
FROM ghost_orders WHERE order_id = %(order_id)s

-- name: put_line
-- A line that is new.
INSERT INTO ghost_lines
    (line_id, number, symbol, price, direction, order_id, label, by, chat_id, thread_id, user_id, signal_id, ref_id, state,
     status, reason, set_at, expires_at, ended_at, rung_at, seen)
VALUES (%(line_id)s, %(number)s, %(symbol)s, %(price)s, %(direction)s, %(order_id)s, %(label)s, %(by)s, %(chat_id)s,
        %(thread_id)s, %(user_id)s, %(signal_id)s, %(ref_id)s, %(state)s, %(status)s, %(reason)s, %(set_at)s, %(expires_at)s,
        %(ended_at)s, %(rung_at)s, %(seen)s)

-- name: end_line
-- A line rang, ran out, or was taken away.
UPDATE ghost_lines
SET state = NULL, status = %(status)s, ended_at = %(ended_at)s, rung_at = %(rung_at)s, seen = %(seen)s
WHERE line_id = %(line_id)s

-- name: keep_line
-- What is to be remembered of a line of which there is nothing to tell.
UPDATE ghost_lines SET state = %(state)s WHERE line_id = %(id)s AND state IS NOT NULL

-- name: put_symbol
-- What has been seen of a symbol by now.
INSERT INTO ghost_symbols (symbol, state, latest_us) VALUES (%(symbol)s, %(state)s, %(latest_us)s)
ON CONFLICT (symbol) DO UPDATE
SET state = CASE WHEN %(same)s THEN ghost_symbols.state ELSE excluded.state END, latest_us = excluded.latest_us

-- name: put_clock
-- Where the clock stands.
INSERT INTO ghost_clock (at_us) VALUES (%(at_us)s) ON CONFLICT (one) DO UPDATE SET at_us = excluded.at_us

-- name: begin_position
-- A partition that is read for the first time.
INSERT INTO ghost_position (stream, entry_id) VALUES (%(stream)s, '0-0') ON CONFLICT DO NOTHING

-- name: move_positions
-- Further on, where they still are where this process left them. Which were moved.
UPDATE ghost_position p SET entry_id = moved.entry_id
FROM unnest(%(streams)s::text[], %(was)s::text[], %(now)s::text[]) AS moved (stream, was, entry_id)
WHERE p.stream = moved.stream AND p.entry_id = moved.was
