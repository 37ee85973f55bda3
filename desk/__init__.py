"""The trader's desk in Telegram: alerts that follow their signals, buttons that are remembered, commands by role."""
