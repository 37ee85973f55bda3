-- Key figures by day in WIB, for boards: those of the reports, out of the same views. A row is a day (`at`: its beginning), each
-- looked up by its own span, so that a board that asks for some days reads no more than these. Counts stand beside every rate:
-- the rate of several days is the sum of the counts over each other, never the mean of rates.

CREATE FUNCTION days_of(since TIMESTAMPTZ, until TIMESTAMPTZ) RETURNS SETOF TIMESTAMPTZ
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
    RETURN generate_series(date_trunc('day', since, 'Asia/Jakarta'), date_trunc('day', until, 'Asia/Jakarta'), interval '1 day');
COMMENT ON FUNCTION days_of IS 'The beginning of each day in WIB from that of since to that of until.';

CREATE VIEW kpi_targets AS
SELECT d.at, (d.at AT TIME ZONE 'Asia/Jakarta')::date AS day, o.*,
       o.tp1::float8 / nullif(o.traded, 0) AS tp1_ratio,
       o.tp2::float8 / nullif(o.traded2, 0) AS tp2_ratio,
       100 * o.net_r / nullif(o.settled, 0) AS net_r_per_100
FROM days_of((SELECT min(ts_published) FROM signals), (SELECT max(ts_published) FROM signals)) AS d (at)
CROSS JOIN LATERAL (
    SELECT count(hit_tp1) AS traded, count(*) FILTER (WHERE hit_tp1) AS tp1,
           count(hit_tp2) AS traded2, count(*) FILTER (WHERE hit_tp2) AS tp2,
           count(settled_r) AS settled, coalesce(sum(settled_r), 0) AS net_r
    FROM signal_outcomes WHERE ts_published >= d.at AND ts_published < d.at + interval '1 day' AND NOT open
) o;
COMMENT ON VIEW kpi_targets IS
    'By day of publication: trades that ended (traded, traded2: with a second target) and reached TP1, TP2; signals whose end is '
    'known with its cost (settled), what they were worth net in R, and that by 100 of them. As the scorecard has it. What a '
    'round trip costs where the engine sends no fees is a setting of the session: see round_trip_pct.';

CREATE VIEW kpi_feedback AS
SELECT d.at, (d.at AT TIME ZONE 'Asia/Jakarta')::date AS day, a.*, a.clicked::float8 / nullif(a.sent, 0) AS coverage_ratio
FROM days_of((SELECT min(ts) FROM alerts), (SELECT max(ts) FROM alerts)) AS d (at)
CROSS JOIN LATERAL (
    SELECT count(*) AS sent,
           count(*) FILTER (WHERE EXISTS (
               SELECT FROM feedback_latest f WHERE f.ref_id = alerts.ref_id AND f.value <> 'none')) AS clicked
    FROM alerts WHERE decision = 'sent' AND ts >= d.at AND ts < d.at + interval '1 day'
) a;
COMMENT ON VIEW kpi_feedback IS
    'By day: alerts that were sent, and those of which somebody says something. As the report has it.';

CREATE VIEW kpi_delivery AS
SELECT d.at, (d.at AT TIME ZONE 'Asia/Jakarta')::date AS day, m.*
FROM days_of((SELECT min(decided_at) FROM alerts WHERE decision = 'sent'),
             (SELECT max(decided_at) FROM alerts WHERE decision = 'sent')) AS d (at)
CROSS JOIN LATERAL (
    SELECT count(*) AS messages, percentile_disc(0.5) WITHIN GROUP (ORDER BY lag_s) AS p50_s,
           percentile_disc(0.95) WITHIN GROUP (ORDER BY lag_s) AS p95_s, max(lag_s) AS worst_s
    FROM alerts a JOIN alert_chats c USING (ref_id) JOIN outbox o USING (message_key)
    CROSS JOIN LATERAL (
        SELECT greatest(extract(epoch FROM coalesce(o.sent_at, now()) - a.ts), 0)::float8 AS lag_s) lag
    WHERE a.decision = 'sent' AND a.decided_at >= d.at AND a.decided_at < d.at + interval '1 day'
      AND (o.sent_at IS NOT NULL OR o.state IN ('queued', 'sending'))
) m;
COMMENT ON VIEW kpi_delivery IS
    'By day: from an alert to where it stands in its chats; one that waits still counts as long as it has. As the guard has it.';
