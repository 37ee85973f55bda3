-- A record is its id. Partitions by time could not hold that: a unique key of a partitioned table must contain what it
-- is partitioned by, so the same id at another time was another row. Now the id itself is what records are partitioned
-- by: PostgreSQL keeps it unique, whatever worker writes it, at whatever time. The emitter's ids (UUIDv7) begin with
-- their time, so those of a day still lie together and go together.
--
-- The market's are apart from the rest, because they are many and are kept for a short time: an id is one record there
-- and one here.
--
-- A partition for each WIB day around now is made ahead of its records, and nothing depends on it: what has no
-- partition of its own goes to `…_rest`, and ids that hold no time (UUIDv4, UUIDv5) almost all to `…_undated`, which
-- making a partition does not have to look through. So neither a backfill over years, nor a day that was dropped, nor
-- a role that may not create tables keeps a record out.
--
-- What is stored already is carried over behind this migration, a day at a time (sink/migrate.py).

-- A record that came again with other content is kept beside the events that did; it belongs to no signal.
-- First, as a worker locks in this order: conflicts, then records.
ALTER TABLE event_conflicts ALTER COLUMN signal_id DROP NOT NULL;
COMMENT ON TABLE event_conflicts IS
    'An event or record that came again with other content. The first one stands in its table; this one is kept here.';
COMMENT ON COLUMN event_conflicts.event_id IS 'The event''s id, or the record''s.';
COMMENT ON COLUMN event_conflicts.signal_id IS 'NULL for a record.';

ALTER TABLE records RENAME TO records_by_time;
ALTER TABLE records_market RENAME TO records_market_by_time;
ALTER TABLE records_engine RENAME TO records_engine_by_time;
ALTER INDEX records_ts RENAME TO records_by_time_ts;
ALTER INDEX records_market_pkey RENAME TO records_market_by_time_pkey;
ALTER INDEX records_engine_pkey RENAME TO records_engine_by_time_pkey;
ALTER INDEX records_market_ts_idx RENAME TO records_market_by_time_ts_idx;
ALTER INDEX records_engine_ts_idx RENAME TO records_engine_by_time_ts_idx;

CREATE TABLE records (
    record_id   UUID NOT NULL,
    event       TEXT NOT NULL,
    class       TEXT NOT NULL,
    symbol      TEXT,
    event_type  TEXT NOT NULL,
    payload     JSONB NOT NULL,
    ts          TIMESTAMPTZ NOT NULL,
    stream      TEXT NOT NULL,
    entry_id    TEXT NOT NULL,
    received_at TIMESTAMPTZ NOT NULL DEFAULT now()
) PARTITION BY LIST (class);
COMMENT ON COLUMN records.class IS 'events, trades, orders, snapshots or market: what is kept equally long.';
COMMENT ON COLUMN records.event_type IS 'The record''s eventType, else its name in capitals: what replays choose by.';

CREATE TABLE records_market PARTITION OF records FOR VALUES IN ('market') PARTITION BY RANGE (record_id);
CREATE TABLE records_engine PARTITION OF records DEFAULT PARTITION BY RANGE (record_id);
ALTER TABLE records_market ADD PRIMARY KEY (record_id);
ALTER TABLE records_engine ADD PRIMARY KEY (record_id);
CREATE INDEX records_ts ON records USING brin (ts);

-- Behind the year 2213 of UUIDv7: no day's partition will ever lie here.
CREATE TABLE records_market_undated PARTITION OF records_market
    FOR VALUES FROM ('07000000-0000-0000-0000-000000000000') TO (MAXVALUE);
CREATE TABLE records_engine_undated PARTITION OF records_engine
    FOR VALUES FROM ('07000000-0000-0000-0000-000000000000') TO (MAXVALUE);
CREATE TABLE records_market_rest PARTITION OF records_market DEFAULT;
CREATE TABLE records_engine_rest PARTITION OF records_engine DEFAULT;

-- Make the partitions of some WIB days where they are missing. Only of days around now: however many days a batch
-- touches, few locks are needed. A day that has records in `…_rest` stays there. Attached, not created in place: that
-- would lock readers out of the whole table; and given up soon when `…_rest` is busy.
CREATE OR REPLACE FUNCTION ensure_record_partitions(days DATE[]) RETURNS VOID LANGUAGE plpgsql
SET lock_timeout = '2s' AS $$
DECLARE
    today CONSTANT DATE := now() AT TIME ZONE 'Asia/Jakarta';
    parent TEXT;
    day DATE;
    part TEXT;
    since UUID;
    until UUID;
    taken BOOLEAN;
BEGIN
    PERFORM pg_advisory_xact_lock(7305817261514715238);
    FOREACH day IN ARRAY days LOOP
        CONTINUE WHEN day NOT BETWEEN today - 8 AND today + 1;
        since := first_record_id(day);
        until := first_record_id(day + 1);
        FOREACH parent IN ARRAY ARRAY['records_market', 'records_engine'] LOOP
            part := format('%s_day_%s', parent, to_char(day, 'YYYYMMDD'));
            CONTINUE WHEN to_regclass(part) IS NOT NULL;
            EXECUTE format(
                'SELECT EXISTS (SELECT FROM %I WHERE record_id >= %L AND record_id < %L)', parent || '_rest', since, until
            ) INTO taken;
            CONTINUE WHEN taken;
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING INDEXES)', part, parent);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, since, until);
        END LOOP;
    END LOOP;
END $$;

-- The least UUIDv7 of a WIB day: it begins with the milliseconds since 1970.
CREATE FUNCTION first_record_id(day DATE) RETURNS UUID LANGUAGE sql STABLE AS $$
    SELECT (lpad(to_hex(extract(epoch FROM day::timestamp AT TIME ZONE 'Asia/Jakarta')::bigint * 1000), 12, '0')
            || repeat('0', 20))::uuid
$$;
