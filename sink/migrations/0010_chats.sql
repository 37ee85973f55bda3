-- A chat that was given a new id stays the same chat, and what a message tells counts once it was sent.

CREATE TABLE telegram_chats (
    chat_id  TEXT PRIMARY KEY,
    moved_to TEXT NOT NULL,
    moved_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CHECK (chat_id <> moved_to)
);
COMMENT ON TABLE telegram_chats IS
    'Chats that Telegram gave a new id (a group that became a supergroup): a report is sent once, under whichever id.';

-- Moves that were followed before this table was there: the key keeps the id that a report was meant for.
INSERT INTO telegram_chats (chat_id, moved_to)
SELECT DISTINCT ON (1) split_part(message_key, ':', 3), chat_id
FROM outbox
WHERE message_key ~ '^scorecard(-so-far)?:[0-9-]+:.' AND split_part(message_key, ':', 3) <> chat_id
ORDER BY 1, id DESC;

ALTER TABLE outbox ADD COLUMN parts INTEGER;
COMMENT ON COLUMN outbox.parts IS 'How many messages the text takes; NULL in rows that are older than this column.';
ALTER TABLE outbox ADD COLUMN told_week DATE;
ALTER TABLE outbox ADD COLUMN told JSONB;
COMMENT ON COLUMN outbox.told IS
    'The bins of told_week as the text tells them: reported from the moment on at which the text stands in the chat.';

COMMENT ON TABLE telegram_pace IS
    'When the last calls for a chat, or (scope *) for all, were due, and until when a chat is left alone (scope hold): one pace for every sender, over restarts.';
