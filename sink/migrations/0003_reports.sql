-- What the reporter writes: scorecards, and the messages on their way to Telegram.

CREATE TABLE weekly_scorecard (
    week_start   DATE PRIMARY KEY CHECK (extract(isodow FROM week_start) = 1),
    bins         JSONB NOT NULL,
    monotonic_ok BOOLEAN NOT NULL,
    quality      JSONB NOT NULL DEFAULT '{}',
    reported     JSONB,
    created_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at   TIMESTAMPTZ NOT NULL DEFAULT now()
);
COMMENT ON COLUMN weekly_scorecard.reported IS
    'The bins as the report said them; a closure that comes later changes bins, not this.';

CREATE TABLE outbox (
    id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_key   TEXT NOT NULL UNIQUE,
    chat_id       TEXT NOT NULL,
    body          TEXT NOT NULL,
    entities      JSONB NOT NULL DEFAULT '[]',
    attachments   JSONB NOT NULL DEFAULT '[]',
    not_after     TIMESTAMPTZ NOT NULL,
    state         TEXT NOT NULL DEFAULT 'queued'
                  CHECK (state IN ('queued', 'sending', 'sent', 'uncertain', 'failed', 'expired')),
    message_ids   BIGINT[] NOT NULL DEFAULT '{}',
    filled        INTEGER NOT NULL DEFAULT 0,
    lost_stubs    INTEGER NOT NULL DEFAULT 0,
    attempts      INTEGER NOT NULL DEFAULT 0,
    next_try_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
    leased_until  TIMESTAMPTZ,
    last_error    TEXT,
    created_at    TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at    TIMESTAMPTZ NOT NULL DEFAULT now()
);
COMMENT ON COLUMN outbox.message_key IS 'For a report: report, week and chat. One message for ever.';
COMMENT ON COLUMN outbox.message_ids IS 'Telegram''s ids of the stubs, one for each part of the text.';
COMMENT ON COLUMN outbox.filled IS 'How many of these stubs hold their part of the text by now.';
COMMENT ON COLUMN outbox.lost_stubs IS 'Stubs whose sending had no answer: each may or may not stand in the chat.';
CREATE INDEX outbox_open ON outbox (next_try_at) WHERE state IN ('queued', 'sending');
