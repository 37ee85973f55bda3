-- name: agreed
-- A moment, or what Postgres' clock shows if that is earlier, give or take what clocks differ by.
SELECT least(%(now)s::timestamptz, clock_timestamp() + interval '1 minute')
