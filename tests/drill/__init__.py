"""The runbook, played: each case on real servers, by its own commands; behind it every event is counted."""
