"""The weekly scorecard: computed from what the sink stored, shown in the terminal, sent to Telegram."""
