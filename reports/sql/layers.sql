-- name: patterns
-- Closed signals by week (1 = the oldest between the edges) and by what their layers said, with their wins.
WITH closed AS (
    SELECT signal_id, width_bucket(ts_published, %(edges)s::timestamptz[]) AS week, won
    FROM chosen_outcomes(%(since)s, %(until)s, %(symbol)s, %(side)s, %(setup)s, %(rules)s, %(hour)s, %(weekday)s,
                         source => %(outcome_from)s)
    WHERE closed
),
said AS (
    SELECT week, won, (SELECT jsonb_object_agg(l.layer, l.matched) FROM signal_layers l
                        WHERE l.signal_id = closed.signal_id) AS layers
    FROM closed
)
SELECT week, coalesce(layers, '{}') AS layers, count(*) AS closed, count(*) FILTER (WHERE won) AS wins
FROM said
GROUP BY week, layers
ORDER BY week, layers

-- name: weights
-- The weights in use at the end of a span: what the rules version of its newest signal with weights says last.
WITH newest AS (
    SELECT s.rules_version
    FROM signals s
    WHERE s.ts_published >= %(since)s AND s.ts_published < %(until)s
      AND EXISTS (SELECT FROM signal_layers l WHERE l.signal_id = s.signal_id AND l.weight IS NOT NULL)
    ORDER BY s.ts_published DESC, s.signal_id
    LIMIT 1
)
SELECT DISTINCT ON (l.layer) s.rules_version, l.layer, l.weight
FROM signals s
JOIN newest USING (rules_version)
JOIN signal_layers l USING (signal_id)
WHERE s.ts_published >= %(since)s AND s.ts_published < %(until)s AND l.weight IS NOT NULL
ORDER BY l.layer, s.ts_published DESC, s.signal_id

-- name: whatif
-- Every signal of a span with its outcome and what its layers said, for scoring it anew.
SELECT
    confluence_score AS score,
    (SELECT jsonb_object_agg(l.layer, jsonb_build_object('match', l.matched, 'weight', l.weight::text))
       FROM signal_layers l WHERE l.signal_id = signal_outcomes.signal_id) AS layers,
    closed,
    won
FROM signal_outcomes
WHERE ts_published >= %(since)s AND ts_published < %(until)s
