"""What the figures of the guard's own checks are called where Prometheus reads them, in base units."""

from __future__ import annotations

from typing import NamedTuple


class Check(NamedTuple):
    """Of one figure. factor: from its unit to the base unit."""

    name: str
    says: str
    factor: float = 1.0


#: By the figure's name: see `guard.model.check_figures`.
CHECKS = {
    "process_missing": Check("signaltape_guard_process_missing_seconds", "How long a process that was there has been silent"),
    "journal_backlog_bytes": Check("signaltape_guard_journal_backlog_bytes", "What waits in journals to be shipped"),
    "stream_lag_s": Check("signaltape_guard_stream_lag_seconds", "How long the oldest entry has waited for its group"),
    "stream_bytes": Check("signaltape_guard_stream_bytes", "Memory that the stream takes"),
    "dead_letters_new": Check("signaltape_guard_new_dead_letters", "Dead letters of the last hour"),
    "archive_behind_s": Check("signaltape_guard_archive_behind_seconds", "How far the archive is behind the stream"),
    "outbox_uncertain": Check("signaltape_guard_uncertain_messages", "Messages of which nobody knows whether they came"),
    "outbox_overdue_s": Check("signaltape_guard_outbox_overdue_seconds", "How long the oldest message that is due has waited"),
    "delivery_lag_s": Check("signaltape_guard_delivery_lag_seconds", "Until an alert stood in its chat, p95 of ten minutes"),
    "disk_free_pct": Check("signaltape_guard_disk_free_ratio", "Free space of the disk", 0.01),
    "clock_skew_ms": Check("signaltape_guard_clock_skew_seconds", "How far clocks are apart", 0.001),
    "backup_age_h": Check("signaltape_guard_backup_age_seconds", "How old the last backup is", 3600.0),
    "replay_errors": Check("signaltape_guard_replay_errors", "Replays and their jobs that failed of late"),
    "memory_mb": Check("signaltape_guard_memory_bytes", "Memory that a process takes", 2.0**20),
    "redis_away": Check("signaltape_guard_redis_away_seconds", "How long Redis has not answered"),
    "postgres_away": Check("signaltape_guard_postgres_away_seconds", "How long Postgres had not answered"),
}
