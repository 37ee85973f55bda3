-- The flight recorder's records: a partition for each WIB day, those of the market apart from the rest, because they
-- are many and are kept for a short time.

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
    received_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (record_id, class, ts)
) PARTITION BY LIST (class);
COMMENT ON COLUMN records.class IS 'events, trades, orders, snapshots or market: what is kept equally long.';
COMMENT ON COLUMN records.event_type IS 'The record''s eventType, else its name in capitals: what replays choose by.';

CREATE TABLE records_market PARTITION OF records FOR VALUES IN ('market') PARTITION BY RANGE (ts);
CREATE TABLE records_engine PARTITION OF records DEFAULT PARTITION BY RANGE (ts);
CREATE INDEX records_ts ON records USING brin (ts);

-- Make the partitions of some WIB days where they are missing. Attached, not created in place: that would lock readers
-- out of the whole table.
CREATE FUNCTION ensure_record_partitions(days DATE[]) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    parent TEXT;
    day DATE;
    part TEXT;
BEGIN
    PERFORM pg_advisory_xact_lock(7305817261514715238);
    FOREACH day IN ARRAY days LOOP
        FOREACH parent IN ARRAY ARRAY['records_market', 'records_engine'] LOOP
            part := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
            IF to_regclass(part) IS NULL THEN
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING INDEXES)', part, parent);
                EXECUTE format(
                    'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                    parent, part, day::timestamp AT TIME ZONE 'Asia/Jakarta',
                    (day + 1)::timestamp AT TIME ZONE 'Asia/Jakarta'
                );
            END IF;
        END LOOP;
    END LOOP;
END $$;
