-- Alerts: what was decided of each, in which chats it stands, and what became of its signal. One row an alert, whatever
-- comes twice: of a source (signal or record) and of a reference there is never a second one.

CREATE TABLE alerts (
    ref_id     TEXT PRIMARY KEY CHECK (ref_id ~ '^[A-Za-z0-9_]{1,48}$'),
    -- the signal, or the record, that it was made of
    source_id  TEXT NOT NULL UNIQUE,
    signal_id  UUID,
    category   TEXT NOT NULL CHECK (category IN ('institutional', 'sniper', 'scalp', 'health')),
    symbol     TEXT,
    side       TEXT CHECK (side IN ('long', 'short')),
    decision   TEXT NOT NULL CHECK (decision IN ('sent', 'held')),
    reason     TEXT CHECK (reason <> ''),
    detail     TEXT,
    -- what a message that was sent says beside the alert: degraded, bad
    marks      TEXT[] NOT NULL DEFAULT '{}',
    ts         TIMESTAMPTZ NOT NULL,
    decided_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    expires_at TIMESTAMPTZ NOT NULL,
    -- as it was understood, and its size as it was shown
    alert      JSONB NOT NULL,
    sizing     JSONB,
    -- what became of it, as its messages say it (JSON); NULL: nothing yet
    life       TEXT,
    -- nothing more will become of it
    over       BOOLEAN NOT NULL DEFAULT FALSE,
    CHECK ((decision = 'held') = (reason IS NOT NULL))
);
COMMENT ON TABLE alerts IS
    'Every alert, once: sent, if any chat got it, or held with the reason. An alert of a reference that another has is held under one of its own.';
-- A signal's alerts; what was sent of late (budgets); what waits for its end.
CREATE INDEX alerts_signal ON alerts (signal_id) WHERE signal_id IS NOT NULL;
CREATE INDEX alerts_sent ON alerts (decided_at) WHERE decision = 'sent';
CREATE INDEX alerts_decided ON alerts (decided_at);
CREATE INDEX alerts_open ON alerts (expires_at) WHERE decision = 'sent' AND NOT over;

CREATE TABLE alert_chats (
    ref_id      TEXT NOT NULL,
    chat_id     TEXT NOT NULL,
    thread_id   BIGINT,
    -- in the outbox; NULL where it was held
    message_key TEXT,
    -- why the chat has not got it; not_sent: its message ended without being sent
    reason      TEXT CHECK (reason <> ''),
    held_at     TIMESTAMPTZ,
    -- since when it may not have come: its message was sent without an answer, and is not sent again
    doubted_at  TIMESTAMPTZ,
    -- when a digest told this chat of it
    digested_at TIMESTAMPTZ,
    PRIMARY KEY (ref_id, chat_id),
    CHECK (message_key IS NOT NULL OR reason IS NOT NULL),
    CHECK ((reason IS NULL) = (held_at IS NULL)),
    CHECK (reason IS NULL OR doubted_at IS NULL),
    CHECK (digested_at IS NULL OR reason IS NOT NULL OR doubted_at IS NOT NULL)
);
COMMENT ON TABLE alert_chats IS
    'The chats that an alert is meant for: each has its message in the outbox, or was held with the reason.';
CREATE UNIQUE INDEX alert_chats_message ON alert_chats (message_key);
CREATE INDEX alert_chats_to_tell ON alert_chats (chat_id)
    WHERE (reason IS NOT NULL OR doubted_at IS NOT NULL) AND digested_at IS NULL;
CREATE INDEX alert_chats_told ON alert_chats (chat_id, digested_at) WHERE digested_at IS NOT NULL;

-- A reference whose message is there is taken, also where its alert was purged.
CREATE INDEX outbox_alert_refs ON outbox (ref) WHERE kind = 'alert';

CREATE TABLE snoozes (
    chat_id  TEXT NOT NULL,
    -- '': all of them
    category TEXT NOT NULL CHECK (category IN ('', 'institutional', 'sniper', 'scalp', 'health')),
    until    TIMESTAMPTZ NOT NULL,
    by_user  TEXT NOT NULL,
    set_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (chat_id, category)
);
COMMENT ON TABLE snoozes IS 'Chats that want no alerts (of a category) for a while: held with the reason snoozed, and told by a digest.';

CREATE TABLE alert_lives (
    signal_id   UUID NOT NULL,
    event       TEXT NOT NULL CHECK (event IN ('signal_triggered', 'signal_invalidated', 'signal_closed')),
    ts          TIMESTAMPTZ NOT NULL,
    fields      JSONB NOT NULL,
    received_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (signal_id, event)
);
COMMENT ON TABLE alert_lives IS
    'What became of signals that have an alert, and of those that may yet get one: events come in any order, and the desk does not wait for the worker. Forgotten after a month.';
CREATE INDEX alert_lives_received_at ON alert_lives (received_at);
