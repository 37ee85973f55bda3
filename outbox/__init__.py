"""The one voice to Telegram: texts with entities, the Bot API, the outbox, and the one sender that empties it."""
