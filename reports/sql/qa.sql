-- name: week
-- Every signal of a week with its outcome, for a manual check; in an order that never changes.
SELECT
    signal_id::text, symbol, side, confluence_score, rr_target, rules_version, setup, ts_published,
    entry, sl, tp, ts_triggered, entry_fill, ts_invalidated, reason,
    ts_closed, rr_realized, exit_reason, outcome_from, score_bin_name(bin) AS bin
FROM signal_outcomes
WHERE ts_published >= %(since)s AND ts_published < %(until)s
ORDER BY signal_id
