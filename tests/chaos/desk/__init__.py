"""The desk under faults: alerts, clicks and commands, a panic; against a local Bot API, with processes that are killed."""
