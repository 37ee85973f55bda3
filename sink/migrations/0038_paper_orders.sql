-- Ghosts: paper orders, their fills, lines that ring, and how far on the tape they are. All of it is made of the tape alone
-- and committed together with the place that it was read up to: no row holds a time of this server, or anything drawn by
-- lot, so that the same tape makes the same rows.

CREATE TABLE ghost_orders (
    order_id     TEXT PRIMARY KEY CHECK (length(order_id) BETWEEN 1 AND 512),
    -- in the order of the tape, from 1
    number       BIGINT NOT NULL,
    signal_id    UUID,
    ref_id       TEXT,
    symbol       TEXT NOT NULL,
    side         TEXT NOT NULL CHECK (side IN ('long', 'short')),
    source       TEXT NOT NULL CHECK (source IN ('auto', 'clicked', 'shell', 'web', 'track')),
    -- what becomes of it is told as its signal's outcome
    tracked      BOOLEAN NOT NULL,
    by           TEXT,
    chat_id      TEXT,
    thread_id    BIGINT,
    user_id      BIGINT,
    plan         JSONB NOT NULL,
    -- of one that has not ended
    state        BYTEA,
    status       TEXT NOT NULL
        CHECK (status IN ('waiting', 'open', 'closed', 'expired', 'cancelled', 'refused')),
    reason       TEXT CHECK (reason <> ''),
    -- bars that it should have seen were not on the tape any more
    late         BOOLEAN NOT NULL DEFAULT FALSE,
    published_at TIMESTAMPTZ NOT NULL,
    expires_at   TIMESTAMPTZ,
    filled_at    TIMESTAMPTZ,
    ended_at     TIMESTAMPTZ,
    fill         NUMERIC,
    exit_reason  TEXT,
    rr_realized  NUMERIC,
    rr_best      NUMERIC,
    fees_r       NUMERIC,
    mfe_r        NUMERIC,
    mae_r        NUMERIC,
    risk_usd     NUMERIC,
    pnl_usd      NUMERIC,
    pnl_pct      NUMERIC,
    bad_bars     BIGINT NOT NULL DEFAULT 0,
    late_bars    BIGINT NOT NULL DEFAULT 0,
    updated_at   TIMESTAMPTZ NOT NULL,
    CHECK ((state IS NOT NULL) = (status IN ('waiting', 'open'))),
    CHECK ((ended_at IS NULL) = (status IN ('waiting', 'open')))
);
COMMENT ON TABLE ghost_orders IS 'Paper orders, each once, as they stand behind the bars that were read. Times are those of the tape.';
COMMENT ON COLUMN ghost_orders.rr_realized IS 'In the worse of the two worlds where a bar leaves open what came first; rr_best in the better one.';
CREATE UNIQUE INDEX ghost_orders_number ON ghost_orders (number);
CREATE INDEX ghost_orders_unended ON ghost_orders (number) WHERE state IS NOT NULL;
CREATE INDEX ghost_orders_signal ON ghost_orders (signal_id) WHERE signal_id IS NOT NULL;
CREATE INDEX ghost_orders_published ON ghost_orders (published_at);

CREATE TABLE ghost_fills (
    order_id TEXT NOT NULL,
    seq      INTEGER NOT NULL CHECK (seq > 0),
    world    TEXT NOT NULL CHECK (world IN ('both', 'worse', 'better')),
    kind     TEXT NOT NULL,
    price    NUMERIC NOT NULL,
    fraction NUMERIC NOT NULL CHECK (fraction > 0 AND fraction <= 1),
    fee_r    NUMERIC,
    at       TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (order_id, seq)
);
COMMENT ON TABLE ghost_fills IS 'What of a paper order was filled when, in and out, in which of its two worlds.';

CREATE TABLE ghost_lines (
    line_id    TEXT PRIMARY KEY CHECK (length(line_id) BETWEEN 1 AND 512),
    number     BIGINT NOT NULL,
    symbol     TEXT NOT NULL,
    price      NUMERIC NOT NULL,
    direction  TEXT NOT NULL CHECK (direction IN ('above', 'below')),
    ref_id     TEXT,
    order_id   TEXT,
    signal_id  UUID,
    by         TEXT,
    chat_id    TEXT,
    thread_id  BIGINT,
    user_id    BIGINT,
    label      TEXT,
    -- of one that may still ring
    state      BYTEA,
    status     TEXT NOT NULL CHECK (status IN ('set', 'rung', 'expired', 'cancelled', 'refused')),
    reason     TEXT CHECK (reason <> ''),
    set_at     TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ,
    ended_at   TIMESTAMPTZ,
    rung_at    TIMESTAMPTZ,
    seen       NUMERIC,
    CHECK ((status = 'rung') = (rung_at IS NOT NULL)),
    CHECK ((status = 'set') = (ended_at IS NULL)),
    CHECK ((status = 'set') = (state IS NOT NULL))
);
COMMENT ON TABLE ghost_lines IS 'Prices that ring, each once.';
CREATE UNIQUE INDEX ghost_lines_number ON ghost_lines (number);
CREATE INDEX ghost_lines_set ON ghost_lines (number) WHERE state IS NOT NULL;

CREATE TABLE ghost_symbols (
    symbol    TEXT PRIMARY KEY,
    -- NULL: nothing of it is needed to go on
    state     BYTEA,
    -- where its latest bar began, in microseconds since 1970
    latest_us BIGINT NOT NULL
);
COMMENT ON TABLE ghost_symbols IS 'What has been seen of each symbol''s market, as far as it is needed to go on.';

CREATE TABLE ghost_position (
    stream   TEXT PRIMARY KEY,
    entry_id TEXT NOT NULL
);
COMMENT ON TABLE ghost_position IS 'The last entry of each partition that is in the rows of ghosts: whoever commits behind another finds it moved, and begins anew.';

CREATE TABLE ghost_clock (
    one   BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
    at_us BIGINT NOT NULL
);
COMMENT ON TABLE ghost_clock IS 'One row: the latest end of a bar of any symbol, in steps; what waits for a symbol without bars runs out by it.';
