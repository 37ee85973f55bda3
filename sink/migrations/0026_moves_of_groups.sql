-- Only a group becomes a supergroup, and once: whatever else was said to have moved is forgotten, and not believed again.
DELETE FROM telegram_chats WHERE moved_to !~ '^-[0-9]{13,}$' OR chat_id ~ '^-[0-9]{13,}$';
ALTER TABLE telegram_chats ADD CONSTRAINT telegram_chats_group_to_supergroup
    CHECK (moved_to ~ '^-[0-9]{13,}$' AND chat_id !~ '^-[0-9]{13,}$');
