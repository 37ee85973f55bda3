-- What was stored, sealed a day at a time: each day's seal holds a digest of its rows and the digest of the seal before it.
-- Whoever keeps one digest (it stands in every weekly report) can tell later whether anything up to that day was altered.
--
-- No column of signal_events and no trigger: the worker's COPY does nothing for it. A row belongs to the first seal that is
-- made after it was committed, whatever its received_at says: usually that of its day (WIB), else a later one, as late.
CREATE FUNCTION epoch_us(moment TIMESTAMPTZ) RETURNS BIGINT
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN isfinite(moment) THEN (extract(epoch FROM moment) * 1000000)::bigint
                WHEN moment > 'epoch' THEN 9223372036854775807 ELSE -9223372036854775808 END;
COMMENT ON FUNCTION epoch_us IS 'Whole microseconds since 1970 (UTC): a time as it goes into a digest.';

CREATE TABLE signal_event_days (
    day            DATE PRIMARY KEY,
    n              BIGINT NOT NULL CHECK (n >= 0),
    late           BIGINT NOT NULL CHECK (late BETWEEN 0 AND n),
    rows_digest    BYTEA NOT NULL CHECK (length(rows_digest) = 32),
    names_digest   BYTEA NOT NULL CHECK (length(names_digest) = 32),
    purges         BIGINT NOT NULL CHECK (purges >= 0),
    purged_through BIGINT NOT NULL,
    purges_digest  BYTEA NOT NULL CHECK (length(purges_digest) = 32),
    prev_digest    BYTEA NOT NULL CHECK (length(prev_digest) = 32),
    digest         BYTEA NOT NULL UNIQUE CHECK (length(digest) = 32),
    unaccounted    BIGINT NOT NULL,
    sealed_at      TIMESTAMPTZ NOT NULL DEFAULT now()
);
COMMENT ON TABLE signal_event_days IS 'One seal a day (WIB) of signal_events, each chained to the one before. See docs/sealed.md.';
COMMENT ON COLUMN signal_event_days.late IS 'Rows among n whose received_at lies before the day: committed after their own day was sealed.';
COMMENT ON COLUMN signal_event_days.digest IS 'SHA-256 of all above but purged_through, as lines of text; prev_digest: of the seal before, 32 zero bytes in the first.';
COMMENT ON COLUMN signal_event_days.unaccounted IS
    'What the counters said beyond the rows that are there: not looked for again. Not part of the digest.';

-- Which rows a seal holds, in order of arrival, so that one that was altered or deleted can be named: 28 bytes each.
CREATE TABLE signal_event_names (
    day      DATE NOT NULL,
    chunk    INTEGER NOT NULL,
    late     BOOLEAN NOT NULL,
    first_us BIGINT NOT NULL,
    last_us  BIGINT NOT NULL,
    events   TEXT[] NOT NULL,
    names    BYTEA NOT NULL CHECK (length(names) % 28 = 0),
    PRIMARY KEY (day, chunk)
);
-- ids and digests do not compress
ALTER TABLE signal_event_names ALTER COLUMN names SET STORAGE EXTERNAL;
COMMENT ON TABLE signal_event_names IS 'The rows of a seal by name, in chunks.';
COMMENT ON COLUMN signal_event_names.first_us IS 'received_at of its first row, in microseconds since 1970; last_us: of its last one.';
COMMENT ON COLUMN signal_event_names.names IS
    'For each row: signal_id (16 bytes), which of events (1 byte), the first 11 bytes of the digest of its content.';

-- What `sink purge` removed: that it was there, and its digest, so that the seals before still fit.
CREATE TABLE signal_event_purges (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    signal_id   UUID NOT NULL,
    event       TEXT NOT NULL,
    digest      BYTEA NOT NULL CHECK (length(digest) = 32),
    received_us BIGINT NOT NULL,
    sealed      BOOLEAN NOT NULL,
    purged_at   TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX signal_event_purges_signal ON signal_event_purges (signal_id);
COMMENT ON TABLE signal_event_purges IS 'A tombstone for every event that was purged: chained by the next seal.';
COMMENT ON COLUMN signal_event_purges.sealed IS 'Whether a seal held it when it went.';
