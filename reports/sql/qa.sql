-- name: week
-- Every signal of a week with its outcome, for a manual check; in an order that never changes.
SELECT
    s.signal_id::text, s.symbol, s.side, s.confluence_score, s.rr_target, s.rules_version, s.setup, s.ts_published,
    s.entry, s.sl, s.tp, t.ts_triggered, t.entry_fill, i.ts_invalidated, i.reason,
    c.ts_closed, c.rr_realized, c.exit_reason,
    (ARRAY['<0.50', '0.50-0.59', '0.60-0.69', '0.70-0.79', '0.80+'])
        [1 + width_bucket(s.confluence_score, ARRAY[0.5, 0.6, 0.7, 0.8])] AS bin
FROM signals s
LEFT JOIN signal_triggers t USING (signal_id)
LEFT JOIN signal_invalidations i USING (signal_id)
LEFT JOIN signal_closures c USING (signal_id)
WHERE s.ts_published >= %(since)s AND s.ts_published < %(until)s
ORDER BY s.signal_id
