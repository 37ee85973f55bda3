-- Pictures and documents that follow a message as replies, and one pace for all senders of a bot.

CREATE TABLE outbox_files (
    outbox_id  BIGINT NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('photo', 'document')),
    name       TEXT NOT NULL,
    content    BYTEA NOT NULL,
    state      TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'uncertain', 'failed')),
    message_id BIGINT,
    PRIMARY KEY (outbox_id, position)
);
COMMENT ON COLUMN outbox_files.state IS
    'uncertain: sent without an answer, so it may or may not stand in the chat; never sent again by itself.';

-- The files are rows of their own now.
ALTER TABLE outbox DROP COLUMN attachments;
ALTER TABLE outbox ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;

COMMENT ON COLUMN outbox.attempts IS 'The number of the lease: a sender that was overtaken cannot write any more.';
COMMENT ON COLUMN outbox.lost_stubs IS
    'Stubs that were begun and never answered for: each may or may not stand in the chat.';

CREATE TABLE telegram_pace (
    scope   TEXT PRIMARY KEY,
    calls   TIMESTAMPTZ[] NOT NULL
);
COMMENT ON TABLE telegram_pace IS
    'When the last calls for a chat, or (scope *) for all, were due: one pace for every sender, over restarts.';
