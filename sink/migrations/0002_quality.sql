-- What did not go the straight way: entries that break the contract, duplicates, contradictions.

CREATE TABLE dead_letters (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream      TEXT NOT NULL,
    entry_id    TEXT NOT NULL,
    event       TEXT,
    raw         BYTEA NOT NULL,
    fields      BYTEA NOT NULL DEFAULT '',
    reason      TEXT NOT NULL,
    entry_ts    TIMESTAMPTZ NOT NULL,
    received_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    UNIQUE (stream, entry_id)
);
COMMENT ON COLUMN dead_letters.raw IS 'The entry''s data field, byte for byte; empty if it had none.';
COMMENT ON COLUMN dead_letters.fields IS 'All other fields of the entry, MessagePack array of names and values.';
CREATE INDEX dead_letters_entry_ts ON dead_letters (entry_ts);

CREATE TABLE event_conflicts (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id     UUID NOT NULL,
    signal_id    UUID NOT NULL,
    event        TEXT NOT NULL,
    payload      JSONB NOT NULL,
    payload_hash TEXT GENERATED ALWAYS AS (md5(payload::text)) STORED,
    ts           TIMESTAMPTZ NOT NULL,
    stream       TEXT NOT NULL,
    entry_id     TEXT NOT NULL,
    received_at  TIMESTAMPTZ NOT NULL DEFAULT now(),
    UNIQUE (event_id, payload_hash)
);
COMMENT ON TABLE event_conflicts IS
    'An event that came again with other content. The first one stands in signal_events; this one is kept here.';
CREATE INDEX event_conflicts_ts ON event_conflicts (ts);

-- Duplicates are dropped, so only their number remains: by the WIB day of the event.
CREATE TABLE duplicate_counts (
    day        DATE PRIMARY KEY,
    duplicates BIGINT NOT NULL CHECK (duplicates >= 0)
);
