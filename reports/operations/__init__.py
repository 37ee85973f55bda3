"""What the room of reports can do for a person: scorecards, messages to Telegram, versions of the weights, samples.

Plain functions for commands, pages and bots alike. Each raises only errors of `signaltape.errors`, each of one line.
"""
