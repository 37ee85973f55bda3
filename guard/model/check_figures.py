"""What the guard looks at itself, beside what engines measure: a figure's name, and what it is, in words."""

from __future__ import annotations

CHECK_FIGURES = {
    "process_missing": "how long a process that was there has been silent, in seconds",
    "journal_backlog_bytes": "what waits in journals to be shipped",
    "stream_lag_s": "how long the oldest entry of the stream has waited for its group",
    "stream_bytes": "memory that the stream takes",
    "dead_letters_new": "dead letters of the last hour",
    "archive_behind_s": "how far the archive is behind the stream",
    "outbox_uncertain": "messages of which nobody knows whether they were delivered",
    "outbox_failed": "messages that Telegram refused, and that stand in no chat",
    "outbox_overdue_s": "how long the oldest message that is due has waited",
    "delivery_lag_s": "from an alert's event to its delivery, p95 of the last ten minutes",
    "disk_free_pct": "free space of the disk, in percent",
    "clock_skew_ms": "how far the clocks of this machine, Redis and Postgres are apart",
    "backup_age_h": "how old the last backup is",
    "replay_errors": "replays and their jobs that failed in the last day",
    "memory_mb": "memory that a process takes",
    "measures_late_s": "how late all is that an engine measures: its clock is behind, or its journal waits",
    "clock_ahead_s": "how far an engine's clock is ahead of Redis', by what it measures",
    "redis_away": "how long Redis has not answered, in seconds",
    "postgres_away": "how long Postgres has not answered, in seconds",
}
#: Of each engine; all others are about what all engines share.
OF_ENGINES = frozenset(("measures_late_s", "clock_ahead_s"))
