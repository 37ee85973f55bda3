-- What became of the ghosts of signals: they follow the plans of engines that only publish. The same columns as the
-- engine's own events have, in tables of their own: what the engine says itself is never touched, and wins where it is read.

ALTER TABLE signals ADD COLUMN entry_type TEXT CHECK (entry_type IN ('limit', 'stop', 'market'));

CREATE TABLE ghost_triggers (
    signal_id          UUID PRIMARY KEY,
    symbol             TEXT,
    ts_triggered       TIMESTAMPTZ NOT NULL,
    entry_fill         NUMERIC NOT NULL CHECK (entry_fill > 0),
    time_to_trigger_ms BIGINT NOT NULL CHECK (time_to_trigger_ms >= 0),
    received_at        TIMESTAMPTZ NOT NULL DEFAULT now(),
    engine             TEXT
);
COMMENT ON TABLE ghost_triggers IS 'When and where the ghost of a signal was filled.';
CREATE INDEX ghost_triggers_ts ON ghost_triggers (ts_triggered);

CREATE TABLE ghost_invalidations (
    signal_id      UUID PRIMARY KEY,
    symbol         TEXT,
    ts_invalidated TIMESTAMPTZ NOT NULL,
    reason         TEXT NOT NULL CHECK (reason IN ('sl', 'hard_invalidate', 'expiry')),
    received_at    TIMESTAMPTZ NOT NULL DEFAULT now(),
    engine         TEXT
);
COMMENT ON TABLE ghost_invalidations IS 'Ghosts that were never filled, or given up.';
CREATE INDEX ghost_invalidations_ts ON ghost_invalidations (ts_invalidated);

CREATE TABLE ghost_closures (
    signal_id        UUID PRIMARY KEY,
    symbol           TEXT,
    ts_closed        TIMESTAMPTZ NOT NULL,
    rr_realized      NUMERIC NOT NULL,
    time_in_trade_ms BIGINT NOT NULL CHECK (time_in_trade_ms >= 0),
    exit_reason      TEXT NOT NULL CHECK (exit_reason IN ('tp', 'sl', 'time', 'manual', 'other')),
    rr_best          NUMERIC,
    fees_r           NUMERIC,
    received_at      TIMESTAMPTZ NOT NULL DEFAULT now(),
    engine           TEXT
);
COMMENT ON TABLE ghost_closures IS 'What the ghost of a signal made, in R.';
CREATE INDEX ghost_closures_ts ON ghost_closures (ts_closed);
