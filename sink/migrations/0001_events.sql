-- The audit journal and the four tables of a signal's life.
--
-- No table refers to another by foreign key: events arrive in any order and from several workers at
-- once, so a closure may be committed before its signal. Numbers are plain NUMERIC, stored exactly as
-- sent: NUMERIC(4,2) would turn a score of 0.798 into 0.80 and move it to another bin. What the detail
-- tables hold beyond the identity and outcome of a signal may be left out, by who writes to them by hand.

CREATE TABLE signal_events (
    event_id       UUID PRIMARY KEY,
    signal_id      UUID NOT NULL,
    event          TEXT NOT NULL,
    schema_version SMALLINT NOT NULL,
    symbol         TEXT NOT NULL,
    payload        JSONB NOT NULL,
    ts             TIMESTAMPTZ NOT NULL,
    stream         TEXT NOT NULL,
    entry_id       TEXT NOT NULL,
    received_at    TIMESTAMPTZ NOT NULL DEFAULT now()
);
COMMENT ON TABLE signal_events IS 'Every event that was accepted, once, as it was sent. Append-only.';

-- A signal's events together, and history in order of time.
CREATE INDEX signal_events_signal ON signal_events (signal_id);
CREATE INDEX signal_events_ts ON signal_events USING brin (ts);

CREATE TABLE signals (
    signal_id        UUID PRIMARY KEY,
    symbol           TEXT NOT NULL,
    side             TEXT NOT NULL CHECK (side IN ('long', 'short')),
    confluence_score NUMERIC NOT NULL CHECK (confluence_score BETWEEN 0 AND 1),
    rr_target        NUMERIC NOT NULL CHECK (rr_target > 0),
    expiry_minutes   INTEGER NOT NULL CHECK (expiry_minutes > 0),
    rules_version    TEXT NOT NULL,
    ts_published     TIMESTAMPTZ NOT NULL,
    setup            TEXT,
    entry            NUMERIC CHECK (entry > 0),
    sl               NUMERIC CHECK (sl > 0),
    tp               NUMERIC CHECK (tp > 0),
    confidence       NUMERIC CHECK (confidence BETWEEN 0 AND 1),
    ref_id           TEXT,
    timeframe        TEXT,
    received_at      TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX signals_ts_published ON signals (ts_published);

CREATE TABLE signal_triggers (
    signal_id          UUID PRIMARY KEY,
    symbol             TEXT,
    ts_triggered       TIMESTAMPTZ NOT NULL,
    entry_fill         NUMERIC NOT NULL CHECK (entry_fill > 0),
    time_to_trigger_ms BIGINT NOT NULL CHECK (time_to_trigger_ms >= 0),
    received_at        TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX signal_triggers_ts ON signal_triggers (ts_triggered);

CREATE TABLE signal_invalidations (
    signal_id      UUID PRIMARY KEY,
    symbol         TEXT,
    ts_invalidated TIMESTAMPTZ NOT NULL,
    reason         TEXT NOT NULL CHECK (reason IN ('sl', 'hard_invalidate', 'expiry')),
    received_at    TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX signal_invalidations_ts ON signal_invalidations (ts_invalidated);

CREATE TABLE signal_closures (
    signal_id        UUID PRIMARY KEY,
    symbol           TEXT,
    ts_closed        TIMESTAMPTZ NOT NULL,
    rr_realized      NUMERIC NOT NULL,
    time_in_trade_ms BIGINT NOT NULL CHECK (time_in_trade_ms >= 0),
    exit_reason      TEXT NOT NULL CHECK (exit_reason IN ('tp', 'sl', 'time', 'manual', 'other')),
    rr_best          NUMERIC,
    fees_r           NUMERIC,
    received_at      TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX signal_closures_ts ON signal_closures (ts_closed);
