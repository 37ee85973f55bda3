"""How events go from the engine to Postgres and Telegram: what waits where, and which process takes what."""

from __future__ import annotations

from deploy.grafana.panels import Limit, Panel, lines, prom, stat

Rows = dict[str, list[Panel]]


def _head() -> list[Panel]:
    return [
        stat("Processes", "That are scraped", "none", prom("count(signaltape_uptime_seconds)")),
        stat(
            "Stored",
            "Events that were ever stored",
            "short",
            prom('max(signaltape_stored_rows_total{what="events"})'),
        ),
        stat(
            "Dead letters",
            "That are there now",
            "none",
            prom('max(signaltape_present_rows{what="dead_letters"})'),
            limit=Limit(1),
        ),
        stat(
            "Cautions of Redis",
            "What may cost events: see worker status",
            "none",
            prom("sum(max by (kind) (signaltape_redis_cautions))"),
            limit=Limit(1),
        ),
        stat(
            "Messages in doubt",
            "Of which nobody knows whether they came",
            "none",
            prom('max(signaltape_outbox_messages{state="uncertain"})'),
            limit=Limit(1),
        ),
        stat(
            "Parts away",
            "That a process could not ask",
            "none",
            prom("count(signaltape_metrics_answered) - sum(signaltape_metrics_answered)"),
            limit=Limit(1),
        ),
    ]


def _tape() -> list[Panel]:
    return [
        lines(
            "Stored a second",
            "Events and records, over all workers",
            "ops",
            prom("max by (what) (rate(signaltape_stored_rows_total[$__rate_interval]))", "{{what}}"),
        ),
        lines(
            "Worked on",
            "What workers made of entries",
            "ops",
            prom("sum by (outcome) (rate(signaltape_worker_entries_total[$__rate_interval]))", "{{outcome}}"),
        ),
        lines(
            "Waits to be given out",
            "Age of the oldest entry, by group",
            "s",
            prom("max(signaltape_lag_seconds)", "worker"),
            prom("max(signaltape_archive_lag_seconds)", "archive"),
            prom("max(signaltape_desk_lag_seconds)", "desk"),
            prom("max(signaltape_ghost_last_entry_age_seconds)", "ghost"),
            limit=Limit(60),
        ),
        lines(
            "Given out, not done",
            "Entries, by group",
            "none",
            prom("sum(max by (stream) (signaltape_pending_entries))", "worker"),
            prom("sum(max by (stream) (signaltape_archive_pending_entries))", "archive"),
            prom("sum(max by (stream) (signaltape_desk_pending_entries))", "desk"),
        ),
        lines(
            "The stream",
            "What it takes in Redis",
            "bytes",
            prom("max by (stream) (signaltape_stream_bytes)", "{{stream}}"),
            limit=Limit(536_870_912),
        ),
        lines(
            "Journals",
            "What engines have written and not let go yet",
            "bytes",
            prom("max by (journal) (signaltape_journal_bytes)", "{{journal}}"),
        ),
        lines(
            "Shipped",
            "Events a second, and how often Redis took none",
            "ops",
            prom("sum(rate(signaltape_shipped_events_total[$__rate_interval]))", "shipped"),
            prom("sum(rate(signaltape_ship_failures_total[$__rate_interval]))", "failures"),
        ),
        lines(
            "Archived",
            "Bytes a second",
            "Bps",
            prom("sum(rate(signaltape_archive_written_bytes_total[$__rate_interval]))", "written"),
        ),
        lines(
            "Duplicates and dead letters",
            "Dropped, and kept aside, a second",
            "ops",
            prom(
                "max by (what) (rate(signaltape_duplicates_entries_total[$__rate_interval]))",
                "again: {{what}}",
            ),
            prom("max by (what) (rate(signaltape_kept_rows_total[$__rate_interval]))", "{{what}}"),
        ),
    ]


def _messages() -> list[Panel]:
    return [
        lines(
            "Outbox",
            "Messages by state",
            "none",
            prom("max by (state) (signaltape_outbox_messages)", "{{state}}"),
        ),
        lines(
            "Overdue",
            "How long the oldest message could have been sent",
            "s",
            prom("max(signaltape_outbox_overdue_seconds)", "overdue"),
            limit=Limit(120),
        ),
        lines(
            "The desk",
            "Updates of Telegram that wait",
            "none",
            prom("max by (lane) (signaltape_desk_waiting_updates)", "{{lane}}"),
        ),
    ]


def _rooms() -> list[Panel]:
    return [
        lines(
            "Ghosts", "What has not ended", "none", prom("max by (what) (signaltape_ghost_open)", "{{what}}")
        ),
        lines(
            "Replays",
            "Jobs that wait or run",
            "none",
            prom(
                'max by (kind, state) (signaltape_replay_jobs{state=~"waiting|running"})',
                "{{kind}} {{state}}",
            ),
        ),
        lines(
            "Exchanges",
            "1 where it streams",
            "none",
            prom("max by (provider) (signaltape_market_connected)", "{{provider}}"),
        ),
        lines(
            "Memory",
            "Of each process",
            "bytes",
            prom(
                "process_resident_memory_bytes * on (instance) group_left (process) signaltape_process_info",
                "{{process}}",
            ),
        ),
        lines(
            "Processor",
            "Of each process: 1 is one core",
            "none",
            prom(
                "rate(process_cpu_seconds_total[$__rate_interval]) * on (instance) group_left (process)"
                " signaltape_process_info",
                "{{process}}",
            ),
        ),
        lines(
            "Dashboard",
            "Answers a second by status",
            "ops",
            prom("sum by (status) (rate(signaltape_web_requests_total[$__rate_interval]))", "{{status}}"),
        ),
    ]


def pipeline() -> Rows:
    """Rows of panels, by title."""
    return {"Now": _head(), "The tape": _tape(), "Messages": _messages(), "Rooms and processes": _rooms()}
