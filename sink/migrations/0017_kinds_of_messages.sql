-- A message says how it is sent: a report as a stub that is filled, an alert as one real message.

ALTER TABLE outbox ADD COLUMN kind TEXT NOT NULL DEFAULT 'report';
COMMENT ON COLUMN outbox.kind IS
    'How it is sent: report, as stubs that are filled; alert, as real messages, each at most once. A sender leaves kinds that it does not know.';
COMMENT ON COLUMN outbox.message_ids IS 'Telegram''s ids of the messages, one for each part of the text.';
COMMENT ON COLUMN outbox.filled IS 'How many of these messages hold their part of the text by now; the others are stubs.';
COMMENT ON COLUMN outbox.filling IS
    'How many parts of the text stand in the chat, or may stand there: the last of them had no answer yet.';
