-- A message has buttons, comes silently, replies to another, stands in a topic; what was sent is edited, the last one wins.
ALTER TABLE outbox
    ADD COLUMN keyboard JSONB,
    ADD COLUMN silent BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN reply_to TEXT,
    ADD COLUMN thread_id BIGINT,
    ADD COLUMN ref TEXT,
    ADD COLUMN marks INTEGER[] NOT NULL DEFAULT '{}',
    ADD COLUMN sent_at TIMESTAMPTZ,
    ADD COLUMN stands BOOLEAN NOT NULL GENERATED ALWAYS AS (state = 'sent' OR coalesce(filled >= parts, false)) STORED;
COMMENT ON COLUMN outbox.keyboard IS 'Rows of buttons below its last part: text with data or url.';
COMMENT ON COLUMN outbox.silent IS 'Whether it comes without a sound.';
COMMENT ON COLUMN outbox.reply_to IS 'The key of the message that it replies to: it waits for that one, and ends with it if that is never sent.';
COMMENT ON COLUMN outbox.thread_id IS 'The topic of a group that it goes to.';
COMMENT ON COLUMN outbox.ref IS 'What is said of it where it may repeat itself.';
COMMENT ON COLUMN outbox.marks IS 'The places of the parts, from 0, that stand in the chat with the words that they may repeat.';
COMMENT ON COLUMN outbox.sent_at IS 'When it was known first that the whole text stands in the chat; NULL also in rows that are older than this column.';
COMMENT ON COLUMN outbox.stands IS 'Whether the whole text stands in the chat.';
COMMENT ON COLUMN outbox.kind IS
    'How it is sent: report, as stubs that are filled; alert and answer, as real messages, sent once more with a mark where the first had no answer. A sender leaves kinds that it does not know.';
COMMENT ON COLUMN outbox.lost_stubs IS
    'Stubs, or messages of an alert, that were begun and never answered for: each may or may not stand in the chat.';

-- What was in doubt until now counts as sent without an answer once.
UPDATE outbox SET lost_stubs = 1 WHERE kind = 'alert' AND filling > filled;

-- By the number of a message in its chat, as a click on it says it.
CREATE INDEX outbox_message_ids ON outbox USING gin (message_ids) WHERE message_ids <> '{}';

-- One row a message: what it is to become. A newer edit takes the place of an older one, and is the last that is sent.
CREATE TABLE outbox_edits (
    message_key TEXT PRIMARY KEY REFERENCES outbox (message_key) ON DELETE CASCADE,
    body TEXT NOT NULL,
    entities JSONB NOT NULL DEFAULT '[]',
    keyboard JSONB,
    not_after TIMESTAMPTZ NOT NULL,
    revision BIGINT NOT NULL DEFAULT 1,
    sent_revision BIGINT NOT NULL DEFAULT 0,
    places INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'sending', 'sent', 'uncertain', 'failed', 'expired')),
    in_doubt_until TIMESTAMPTZ,
    doubtful_revision BIGINT,
    failures INTEGER NOT NULL DEFAULT 0,
    next_try_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    leased_until TIMESTAMPTZ,
    fencing_token INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CHECK (sent_revision <= revision)
);
COMMENT ON COLUMN outbox_edits.keyboard IS 'The buttons from then on; NULL: none.';
COMMENT ON COLUMN outbox_edits.revision IS 'How often something else was wanted.';
COMMENT ON COLUMN outbox_edits.sent_revision IS 'The newest of them that Telegram said yes to.';
COMMENT ON COLUMN outbox_edits.places IS 'How many messages of a long text hold this revision already.';
COMMENT ON COLUMN outbox_edits.in_doubt_until IS
    'Until then a call without an answer may still arrive: what is newer is said once more after that.';
COMMENT ON COLUMN outbox_edits.doubtful_revision IS 'The oldest revision of such a call.';
CREATE INDEX outbox_edits_open ON outbox_edits (next_try_at) WHERE state IN ('queued', 'sending');
