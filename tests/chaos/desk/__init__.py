"""The desk under faults: alerts, clicks and commands, a panic; a local Bot API, and processes that are killed."""
