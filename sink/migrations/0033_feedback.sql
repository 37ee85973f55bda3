-- What people make of alerts: every click, and what follows from them. Every click is kept, so that nothing that a person
-- said can be lost by saying something else; which one counts is decided where it is read: the last one.

CREATE TABLE feedback (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ref_id TEXT NOT NULL,
    signal_id UUID,
    chat_id TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('rating', 'took')),
    value TEXT NOT NULL,
    via TEXT NOT NULL CHECK (via IN ('button', 'reaction')),
    bias TEXT,
    confidence NUMERIC,
    latency_to_click_ms BIGINT CHECK (latency_to_click_ms >= 0),
    update_id BIGINT NOT NULL,
    ts TIMESTAMPTZ NOT NULL,
    UNIQUE (update_id, kind),
    CHECK (value = 'none' OR kind = 'rating' AND value IN ('up', 'down') OR kind = 'took' AND value IN ('took', 'skipped'))
);
COMMENT ON TABLE feedback IS 'Every click on an alert and every reaction to one, also those that took an earlier one back (none).';
COMMENT ON COLUMN feedback.bias IS 'The side that the alert was on, and confidence what it said: as they stood in the chat.';
COMMENT ON COLUMN feedback.latency_to_click_ms IS 'From the alert standing in that chat to the click; NULL if the former is not known.';
COMMENT ON COLUMN feedback.update_id IS 'Telegram''s number of the update: the same update again is the same click.';
CREATE INDEX feedback_latest_idx ON feedback (ref_id, user_id, kind, ts DESC, id DESC);
CREATE INDEX feedback_signal_idx ON feedback (signal_id);

CREATE VIEW feedback_latest AS
SELECT DISTINCT ON (ref_id, user_id, kind) *
FROM feedback
ORDER BY ref_id, user_id, kind, ts DESC, id DESC;
COMMENT ON VIEW feedback_latest IS
    'What a person says of an alert now: the last click on each of its two questions wins; none: it was taken back.';

CREATE VIEW feedback_results AS
SELECT said.*, o.symbol, o.side, o.setup, o.ts_published,
       CASE WHEN o.closed AND o.won THEN 'won' WHEN o.closed THEN 'lost' WHEN o.open THEN 'open' ELSE o.reason END AS outcome,
       o.rr_realized
FROM (
    SELECT ref_id, signal_id, user_id,
           max(value) FILTER (WHERE kind = 'rating') AS rating,
           max(value) FILTER (WHERE kind = 'took') AS took,
           min(latency_to_click_ms) AS latency_to_click_ms,
           max(ts) AS ts
    FROM feedback_latest
    WHERE value <> 'none'
    GROUP BY ref_id, signal_id, user_id
) said
LEFT JOIN signal_outcomes o USING (signal_id);
COMMENT ON VIEW feedback_results IS
    'What each person says of each alert, beside what became of its signal: won, lost, open, or why it was invalidated.';

-- A click after the end knows the outcome: it says nothing about whether the clicker knew. The end is what the chat was
-- told first, a stop or a closure. And several people on one alert saw one outcome: counted one by one, they would pass
-- for so many alerts.
CREATE VIEW feedback_votes AS
SELECT signal_id, ts_published, setup, closed, won, rr_realized, ups, downs, tooks, skips,
       CASE sign(ups - downs) WHEN 1 THEN 'up' WHEN -1 THEN 'down' END AS rating,
       CASE sign(tooks - skips) WHEN 1 THEN 'took' WHEN -1 THEN 'skipped' END AS took
FROM (
    SELECT signal_id, ts_published, setup, closed, won, rr_realized,
           count(*) FILTER (WHERE value = 'up') AS ups, count(*) FILTER (WHERE value = 'down') AS downs,
           count(*) FILTER (WHERE value = 'took') AS tooks, count(*) FILTER (WHERE value = 'skipped') AS skips
    FROM (
        SELECT DISTINCT ON (o.ts_published, f.signal_id, f.ref_id, f.user_id, f.kind)
               f.signal_id, o.ts_published, o.setup, o.closed, o.won, o.rr_realized, f.value
        FROM feedback f
        JOIN signal_outcomes o USING (signal_id)
        WHERE f.ts < coalesce(least(o.ts_closed, o.ts_invalidated), 'infinity')
        ORDER BY o.ts_published, f.signal_id, f.ref_id, f.user_id, f.kind, f.ts DESC, f.id DESC
    ) in_time
    GROUP BY ts_published, signal_id, setup, closed, won, rr_realized
) counted;
COMMENT ON VIEW feedback_votes IS
    'One vote for each signal that somebody clicked on before it ended: what most of the last clicks until then say (rating: '
    'up, down; took: took, skipped), NULL in a tie and where all were taken back.';

CREATE VIEW signals_held_back AS
SELECT DISTINCT ON (o.ts_published, a.signal_id) a.signal_id, o.ts_published, a.reason, o.closed, o.won, o.rr_realized
FROM alerts a
JOIN signal_outcomes o USING (signal_id)
WHERE a.decision = 'held' AND NOT EXISTS (SELECT FROM alerts s WHERE s.signal_id = a.signal_id AND s.decision = 'sent')
ORDER BY o.ts_published, a.signal_id, a.decided_at, a.ref_id;
COMMENT ON VIEW signals_held_back IS
    'Signals of which no alert was sent, with what became of them; reason: why the first of their alerts was held.';
