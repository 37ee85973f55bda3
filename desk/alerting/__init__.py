"""From the stream to the chats: a consumer group of its own decides each alert once, and follows what becomes of it."""
