-- What only the owner of a table may do, done for others by functions that belong to the owner: so neither the worker
-- nor the archiver needs to be the role that migrated. Each does one thing, to day partitions of `records` alone; who may
-- call which stands in sink/grants.toml. Until that is applied nobody but the owner may.
--
-- A function that runs with its owner's rights looks for names in this schema alone, and in temporary tables last:
-- whatever its caller has made, or set, it does not touch.

-- Whether a day's partition holds a record that must stay.
CREATE FUNCTION record_partition_holds(part TEXT, since TIMESTAMPTZ) RETURNS BOOLEAN LANGUAGE plpgsql
SECURITY DEFINER AS $$
DECLARE
    found BOOLEAN;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE ts >= $1)', record_partition(part)) INTO found USING since;
    RETURN found;
END $$;

-- Drop a day's partition, unless it holds a record that must stay: NULL then, else how many records went. Others may
-- read it until it goes, and write to it while this waits, which is never for long: less than deadlock_timeout, for a
-- COPY locks the table before its partition, and the one that gives way must not be the worker.
CREATE FUNCTION drop_record_partition(part TEXT, since TIMESTAMPTZ) RETURNS BIGINT LANGUAGE plpgsql
SECURITY DEFINER SET lock_timeout = '500ms' AS $$
DECLARE
    known CONSTANT REGCLASS := record_partition(part);
    gone BIGINT;
BEGIN
    IF part !~ '_day_\d{8}$' THEN
        RAISE invalid_parameter_value USING MESSAGE = format('%s is not the partition of a day', part);
    END IF;
    EXECUTE format('LOCK TABLE %s IN SHARE MODE', known);
    IF record_partition_holds(part, since) THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT count(*) FROM %s', known) INTO gone;
    -- counted before the drop: who recounts, and holds the counters, would wait for the partition
    PERFORM count_expired_records(gone);
    EXECUTE format('DROP TABLE %s', known);
    RETURN gone;
END $$;

-- Delete some records of a class that are past its limit, of one partition; returns how many went.
CREATE FUNCTION expire_records(part TEXT, of_class TEXT, before TIMESTAMPTZ, most INTEGER) RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    known CONSTANT REGCLASS := record_partition(part);
    gone BIGINT;
BEGIN
    EXECUTE format(
        'DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s WHERE class = $1 AND ts < $2 LIMIT $3))', known, known
    ) USING of_class, before, most;
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone > 0 THEN
        PERFORM count_expired_records(gone);
    END IF;
    RETURN gone;
END $$;

-- The partition of `records` of that name, one that holds rows itself. Whatever else is called so is refused.
CREATE FUNCTION record_partition(part TEXT) RETURNS REGCLASS LANGUAGE plpgsql STABLE AS $$
DECLARE
    found REGCLASS;
BEGIN
    SELECT t.relid INTO found FROM pg_partition_tree('records') t JOIN pg_class c ON c.oid = t.relid
    WHERE t.isleaf AND c.relname = part;
    IF found IS NULL THEN
        RAISE undefined_table USING MESSAGE = format('no partition of records is called %s', part);
    END IF;
    RETURN found;
END $$;

-- Count what retention removed, as sink/counters.py does: in the row of this server process.
CREATE FUNCTION count_expired_records(gone BIGINT) RETURNS VOID LANGUAGE sql AS $$
INSERT INTO sink_counters AS c (backend, records_expired) VALUES (pg_backend_pid(), gone)
ON CONFLICT (backend) DO UPDATE SET records_expired = c.records_expired + excluded.records_expired
$$;

ALTER FUNCTION ensure_record_partitions(DATE[]) SECURITY DEFINER;

DO $$
DECLARE
    own TEXT;
BEGIN
    FOREACH own IN ARRAY ARRAY[
        'ensure_record_partitions(date[])', 'record_partition_holds(text, timestamptz)',
        'drop_record_partition(text, timestamptz)', 'expire_records(text, text, timestamptz, integer)'
    ] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', own, current_schema());
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', own);
    END LOOP;
END $$;
