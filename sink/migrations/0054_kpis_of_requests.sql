-- Key figures of the engine's HTTP API by day in WIB, out of what the guard folded (guard_minutes): a quantile is read from the
-- added-up buckets of signaltape.measuring.histogram, exactly as that module reads it.

CREATE FUNCTION bucket_value(bucket INTEGER) RETURNS DOUBLE PRECISION
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    -- gamma = (1 + 0.01) / (1 - 0.01); -346 is the bucket of 0
    RETURN CASE WHEN bucket = -346 THEN 0 ELSE 2 * power(1.01::float8 / 0.99, bucket) / (1.01::float8 / 0.99 + 1) END;
COMMENT ON FUNCTION bucket_value IS
    'What values in a bucket are taken for, as value_of of signaltape.measuring.histogram: within 1 % of each.';

CREATE VIEW kpi_requests AS
SELECT date_trunc('day', minute, 'Asia/Jakarta') AS at, (minute AT TIME ZONE 'Asia/Jakarta')::date AS day, engine,
       sum(n2xx + n3xx + n4xx + n429 + n5xx)::bigint AS requests, sum(n5xx)::bigint AS n5xx, sum(n429)::bigint AS n429,
       sum(n5xx)::float8 / nullif(sum(n2xx + n3xx + n4xx + n429 + n5xx), 0)::float8 AS n5xx_ratio
FROM guard_minutes
WHERE kind = 'http' AND figure = 'latency_ms'
GROUP BY 1, 2, 3;
COMMENT ON VIEW kpi_requests IS 'By day and engine: requests, and how many of them were answered with 5xx and 429.';

CREATE VIEW kpi_signal_latency AS
WITH bucket AS (
    SELECT date_trunc('day', minute, 'Asia/Jakarta') AS at, engine, index, sum(count)::bigint AS n
    FROM guard_minutes CROSS JOIN LATERAL unnest(bucket, bucket_n) AS b (index, count)
    WHERE kind = 'http' AND figure = 'latency_ms' AND name LIKE '% /api/signal/%'
    GROUP BY 1, 2, 3
),
running AS (
    SELECT at, engine, index, sum(n) OVER w AS so_far, sum(n) OVER (PARTITION BY at, engine) AS requests
    FROM bucket
    WINDOW w AS (PARTITION BY at, engine ORDER BY index)
)
SELECT at, (at AT TIME ZONE 'Asia/Jakarta')::date AS day, engine, max(requests)::bigint AS requests,
       bucket_value(min(index) FILTER (WHERE so_far > floor(0.5 * (requests - 1)))) AS p50_ms,
       bucket_value(min(index) FILTER (WHERE so_far > floor(0.95 * (requests - 1)))) AS p95_ms
FROM running
GROUP BY at, engine;
COMMENT ON VIEW kpi_signal_latency IS
    'By day and engine: how long /api/signal/... took to answer, of all its endpoints together, in milliseconds.';
