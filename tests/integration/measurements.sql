-- name: quantile
-- A quantile out of a histogram's buckets, as `Histogram.quantile` finds it; index and n: arrays of the same length.
SELECT CASE WHEN index = %(zero)s THEN 0 ELSE 2 * power(%(gamma)s::float8, index) / (%(gamma)s::float8 + 1) END
FROM (
    SELECT index, sum(n) OVER (ORDER BY index) AS running, sum(n) OVER () AS count
    FROM unnest(%(index)s::int[], %(n)s::bigint[]) AS bucket (index, n)
) AS counted
WHERE running > floor(%(q)s::float8 * (count - 1)::float8)
ORDER BY index
LIMIT 1
