-- After a move a file must not reply to a number of the old group; and only a group moves, neither a person nor a channel.
ALTER TABLE outbox ADD COLUMN left_behind INTEGER NOT NULL DEFAULT 0;
COMMENT ON COLUMN outbox.left_behind IS
    'How many parts hold their text in the group that the chat was: their message_ids are numbers of that one.';

DELETE FROM telegram_chats WHERE chat_id !~ '^-[1-9][0-9]{0,11}$' OR moved_to !~ '^-[1-9][0-9]{12,}$';
ALTER TABLE telegram_chats DROP CONSTRAINT telegram_chats_group_to_supergroup;
ALTER TABLE telegram_chats ADD CONSTRAINT telegram_chats_group_to_supergroup
    CHECK (chat_id ~ '^-[1-9][0-9]{0,11}$' AND moved_to ~ '^-[1-9][0-9]{12,}$');
