-- A text whose filling had no answer may stand in the chat: that is kept, as it is for stubs and files.

ALTER TABLE outbox ADD COLUMN filling INTEGER NOT NULL DEFAULT 0;
COMMENT ON COLUMN outbox.filling IS
    'How many of these stubs hold their part of the text, or may hold it: filling the last of them had no answer yet.';
