"""What the figures of the guard's own checks are called where Prometheus reads them, in base units."""

from __future__ import annotations

from typing import NamedTuple


class Check(NamedTuple):
    """Of one figure. factor: from its unit to the base unit."""

    name: str
    says: str
    factor: float


_MIB, _HOUR_S = 2.0**20, 3600.0
_PREFIX = "signaltape_guard_"
_CHECKS: tuple[tuple[str, str, str, float], ...] = (
    ("process_missing", "process_missing_seconds", "How long a process that was there has been silent", 1),
    ("journal_backlog_bytes", "journal_backlog_bytes", "What waits in journals to be shipped", 1),
    ("stream_lag_s", "stream_lag_seconds", "How long the oldest entry has waited for its group", 1),
    ("stream_bytes", "stream_bytes", "Memory that the stream takes", 1),
    ("dead_letters_new", "new_dead_letters", "Dead letters of the last hour", 1),
    ("archive_behind_s", "archive_behind_seconds", "How far the archive is behind the stream", 1),
    ("outbox_uncertain", "uncertain_messages", "Messages of which nobody knows whether they came", 1),
    ("outbox_failed", "failed_messages", "Messages that were refused, and that stand in no chat", 1),
    ("outbox_overdue_s", "outbox_overdue_seconds", "How long the oldest message that is due has waited", 1),
    ("delivery_lag_s", "delivery_lag_seconds", "Until an alert stood in its chat, p95 of ten minutes", 1),
    ("disk_free_pct", "disk_free_ratio", "Free space of the disk", 0.01),
    ("clock_skew_ms", "clock_skew_seconds", "How far clocks are apart", 0.001),
    ("measures_late_s", "measures_late_seconds", "How late all is that an engine measures", 1),
    ("clock_ahead_s", "clock_ahead_seconds", "How far an engine's clock is ahead", 1),
    ("backup_age_h", "backup_age_seconds", "How old the last backup is", _HOUR_S),
    ("replay_errors", "replay_errors", "Replays and their jobs that failed of late", 1),
    ("memory_mb", "memory_bytes", "Memory that a process takes", _MIB),
    ("redis_away", "redis_away_seconds", "How long Redis has not answered", 1),
    ("postgres_away", "postgres_away_seconds", "How long Postgres had not answered", 1),
)
#: By the figure's name: see `guard.model.check_figures`.
CHECKS = {figure: Check(_PREFIX + name, says, factor) for figure, name, says, factor in _CHECKS}
