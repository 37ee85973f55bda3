-- name: signals
-- Signals with frequent and rare symbols, sides, setups and rules versions, one at each moment of the span.
INSERT INTO signals (signal_id, symbol, side, confluence_score, rr_target, expiry_minutes, rules_version, ts_published,
                     setup, entry, sl, tp, ref_id, timeframe, model_version, features_version)
SELECT gen_random_uuid(),
       CASE WHEN mod(n, 250000) = 7 THEN 'RARE-PERP'
            WHEN chance < 0.5 THEN 'BTC-PERP' ELSE 'COIN' || floor(40 * chance) || '-PERP' END,
       CASE WHEN mod(n, 200000) = 3 THEN 'short' ELSE 'long' END,
       round((0.35 + 0.6 * random())::numeric, 2), 1.9, 30,
       CASE WHEN mod(n, 250000) = 9 THEN 'rules-rare' ELSE 'rules-' || (n * 6 / %(count)s) END,
       %(since)s + (n::float8 / %(count)s) * (%(until)s - %(since)s),
       CASE WHEN mod(n, 250000) = 11 THEN 'rare-setup' WHEN chance < 0.9 THEN 'setup' || floor(6 * chance) END,
       100, 99, 102, 'ref_' || n, '5m', 'm1', 'f1'
FROM generate_series(0, %(count)s - 1) AS n, LATERAL (SELECT random() + 0 * n AS chance) AS c

-- name: triggers
-- Most of them were triggered.
INSERT INTO signal_triggers (signal_id, symbol, ts_triggered, entry_fill, time_to_trigger_ms)
SELECT signal_id, symbol, ts_published + interval '10 min', 100.1, 600000 FROM signals
WHERE substr(ref_id, 5)::int % 20 <> 1

-- name: invalidations
-- Nearly all of them were invalidated, by expiry one of a hundred thousand.
INSERT INTO signal_invalidations (signal_id, symbol, ts_invalidated, reason)
SELECT signal_id, symbol, ts_published + interval '20 min',
       CASE WHEN substr(ref_id, 5)::int % 100000 = 2 THEN 'expiry' ELSE 'sl' END
FROM signals WHERE substr(ref_id, 5)::int % 1000 <> 4

-- name: closures
-- Nearly all of them were closed: one of a thousand is open still, those that expired were not.
INSERT INTO signal_closures (signal_id, symbol, ts_closed, rr_realized, time_in_trade_ms, exit_reason, fees_r)
SELECT signal_id, symbol, ts_published + interval '1 h',
       CASE WHEN random() < confluence_score THEN 1.9 ELSE -1 END, 3000000, 'tp', 0.05
FROM signals WHERE substr(ref_id, 5)::int % 100000 <> 2 AND substr(ref_id, 5)::int % 1000 <> 4

-- name: events
-- The four events of each, as they would stand in the stream.
INSERT INTO signal_events (event_id, signal_id, event, schema_version, symbol, payload, ts, stream, entry_id)
SELECT gen_random_uuid(), signal_id, event, 1, symbol,
       jsonb_build_object('signal_id', signal_id, 'symbol', symbol, 'rr', rr_target, 'expiry_minutes', expiry_minutes,
                          'confluence_score', confluence_score, 'rules_version', rules_version),
       ts_published, 'filler', (extract(epoch FROM ts_published) * 1000)::bigint || '-' || place
FROM signals, unnest(ARRAY['signal_published', 'signal_triggered', 'signal_invalidated', 'signal_closed'])
              WITH ORDINALITY AS kinds (event, place)

-- name: layers
-- Layers of the newest.
INSERT INTO signal_layers (signal_id, layer, matched, weight)
SELECT signal_id, layer, random() < 0.5, 0.3 FROM signals, unnest(ARRAY['smc', 'trend', 'volume']) AS layer
WHERE ts_published >= %(since)s
