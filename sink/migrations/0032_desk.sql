-- What the bot was told and by whom, who may tell it what, and what it asked before it acted.

CREATE TABLE desk_updates (
    update_id   BIGINT PRIMARY KEY,
    -- what is used of it, its texts cut: what a person writes besides commands is nobody's business
    update      JSONB NOT NULL,
    -- what acts is done one after another; what only asks need not wait for it
    acts        BOOLEAN NOT NULL,
    received_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    state       TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'asked', 'ignored')),
    result      TEXT,
    done_at     TIMESTAMPTZ,
    CHECK ((state = 'waiting') = (done_at IS NULL))
);
CREATE INDEX desk_updates_waiting ON desk_updates (acts, update_id) WHERE state = 'waiting';
CREATE INDEX desk_updates_received_at ON desk_updates (received_at);
COMMENT ON TABLE desk_updates IS
    'Updates of Telegram from users with a role, each once: stored before it is confirmed, acted on once.';

CREATE TABLE desk_users (
    user_id  BIGINT PRIMARY KEY CHECK (user_id > 0),
    role     TEXT NOT NULL CHECK (role IN ('viewer', 'trader', 'admin')),
    name     TEXT NOT NULL DEFAULT '',
    chats    TEXT[],
    commands TEXT[],
    added_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    added_by TEXT NOT NULL
);
COMMENT ON TABLE desk_users IS 'Who may tell the bot something; whoever is not in it (or in TELEGRAM_ADMIN_IDS) may nothing.';
COMMENT ON COLUMN desk_users.chats IS 'Where: ids of chats, or chat/topic. NULL: everywhere.';
COMMENT ON COLUMN desk_users.commands IS 'Which commands, of those of the role. NULL: all of them.';

CREATE TABLE desk_risk (
    one           BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (one),
    base_risk_pct NUMERIC NOT NULL CHECK (base_risk_pct > 0 AND base_risk_pct <= 100),
    equity        NUMERIC CHECK (equity > 0),
    set_at        TIMESTAMPTZ NOT NULL DEFAULT now(),
    set_by        TEXT NOT NULL
);
COMMENT ON TABLE desk_risk IS 'Base risk per trade, as set by /risk: one row. equity: where it is not that of the settings.';

CREATE TABLE desk_confirmations (
    id         TEXT PRIMARY KEY CHECK (length(id) BETWEEN 16 AND 32),
    act        TEXT NOT NULL,
    user_id    BIGINT NOT NULL,
    chat_id    TEXT NOT NULL,
    -- the update that was answered by this question
    update_id  BIGINT NOT NULL,
    made_at    TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at    TIMESTAMPTZ,
    detail     JSONB NOT NULL
);
CREATE INDEX desk_confirmations_made_at ON desk_confirmations (made_at);
COMMENT ON TABLE desk_confirmations IS 'What was asked before it was done: answered once, by who was asked, in time.';

CREATE TABLE desk_refused (
    day    DATE NOT NULL,
    reason TEXT NOT NULL CHECK (length(reason) <= 40),
    n      BIGINT NOT NULL,
    PRIMARY KEY (day, reason)
);
COMMENT ON TABLE desk_refused IS
    'Updates that nothing was done about, counted by WIB day: of strangers, forwarded, not readable. Nothing of them is kept.';
