-- name: orphans
-- Detail rows whose signal is not there (yet), by table, for events of a span of time.
SELECT
    (SELECT count(*) FROM signal_triggers t
      WHERE t.ts_triggered >= %(since)s AND t.ts_triggered < %(until)s
        AND NOT EXISTS (SELECT FROM signals s WHERE s.signal_id = t.signal_id)) AS signal_triggers,
    (SELECT count(*) FROM signal_invalidations i
      WHERE i.ts_invalidated >= %(since)s AND i.ts_invalidated < %(until)s
        AND NOT EXISTS (SELECT FROM signals s WHERE s.signal_id = i.signal_id)) AS signal_invalidations,
    (SELECT count(*) FROM signal_closures c
      WHERE c.ts_closed >= %(since)s AND c.ts_closed < %(until)s
        AND NOT EXISTS (SELECT FROM signals s WHERE s.signal_id = c.signal_id)) AS signal_closures,
    (SELECT count(*) FROM ghost_triggers t
      WHERE t.ts_triggered >= %(since)s AND t.ts_triggered < %(until)s
        AND NOT EXISTS (SELECT FROM signals s WHERE s.signal_id = t.signal_id)) AS ghost_triggers,
    (SELECT count(*) FROM ghost_invalidations i
      WHERE i.ts_invalidated >= %(since)s AND i.ts_invalidated < %(until)s
        AND NOT EXISTS (SELECT FROM signals s WHERE s.signal_id = i.signal_id)) AS ghost_invalidations,
    (SELECT count(*) FROM ghost_closures c
      WHERE c.ts_closed >= %(since)s AND c.ts_closed < %(until)s
        AND NOT EXISTS (SELECT FROM signals s WHERE s.signal_id = c.signal_id)) AS ghost_closures

-- name: counts
-- Dead letters, conflicts and duplicates of a span of time (duplicates by whole WIB days).
SELECT
    (SELECT count(*) FROM dead_letters WHERE entry_ts >= %(since)s AND entry_ts < %(until)s) AS dead_letters,
    (SELECT count(*) FROM event_conflicts WHERE ts >= %(since)s AND ts < %(until)s) AS conflicts,
    (SELECT coalesce(sum(duplicates), 0)::bigint FROM duplicate_counts
      WHERE day >= (%(since)s AT TIME ZONE 'Asia/Jakarta')::date
        AND day < (%(until)s AT TIME ZONE 'Asia/Jakarta')::date) AS duplicates

-- name: events_by_kind
-- Stored events of each kind.
SELECT event, count(*) FROM signal_events GROUP BY event

-- name: events_by_kind_since
-- Events of each kind from a time on: the index on time reads those pages only.
SELECT event, count(*) FROM signal_events WHERE ts >= %(since)s GROUP BY event

-- name: backlog
-- All dead letters and conflicts, and the duplicates of every day: small tables, whole.
SELECT
    (SELECT count(*) FROM dead_letters) AS dead_letters,
    (SELECT count(*) FROM event_conflicts) AS conflicts,
    (SELECT coalesce(sum(duplicates), 0)::bigint FROM duplicate_counts) AS duplicates

-- name: layers
-- Layers that published signals name, and rows of them.
SELECT
    (SELECT coalesce(sum((SELECT count(*) FROM jsonb_object_keys(payload -> 'layers'))), 0)::bigint
       FROM signal_events
      WHERE event = 'signal_published' AND jsonb_typeof(payload -> 'layers') = 'object'),
    (SELECT count(*) FROM signal_layers)

-- name: rows_by_table
-- Rows of each detail table.
SELECT 'signal_published', count(*) FROM signals
UNION ALL SELECT 'signal_triggered', count(*) FROM signal_triggers
UNION ALL SELECT 'signal_invalidated', count(*) FROM signal_invalidations
UNION ALL SELECT 'signal_closed', count(*) FROM signal_closures
UNION ALL SELECT 'ghost_triggered', count(*) FROM ghost_triggers
UNION ALL SELECT 'ghost_invalidated', count(*) FROM ghost_invalidations
UNION ALL SELECT 'ghost_closed', count(*) FROM ghost_closures

-- name: purge
-- Remove a signal with all that is its own, but for its events (sealing.sql).
WITH conflicts AS (DELETE FROM event_conflicts WHERE signal_id = %(signal_id)s RETURNING 1),
     published AS (DELETE FROM signals WHERE signal_id = %(signal_id)s),
     layers AS (DELETE FROM signal_layers WHERE signal_id = %(signal_id)s),
     triggers AS (DELETE FROM signal_triggers WHERE signal_id = %(signal_id)s),
     invalidations AS (DELETE FROM signal_invalidations WHERE signal_id = %(signal_id)s),
     closures AS (DELETE FROM signal_closures WHERE signal_id = %(signal_id)s),
     ghosts AS (DELETE FROM ghost_closures WHERE signal_id = %(signal_id)s),
     ghost_fills AS (DELETE FROM ghost_triggers WHERE signal_id = %(signal_id)s),
     ghost_ends AS (DELETE FROM ghost_invalidations WHERE signal_id = %(signal_id)s),
     paper AS (DELETE FROM ghost_orders WHERE signal_id = %(signal_id)s RETURNING order_id),
     paper_fills AS (DELETE FROM ghost_fills WHERE order_id IN (SELECT order_id FROM paper)),
     paper_lines AS (DELETE FROM ghost_lines WHERE signal_id = %(signal_id)s),
     lives AS (DELETE FROM alert_lives WHERE signal_id = %(signal_id)s),
     alerted AS (DELETE FROM alerts WHERE signal_id = %(signal_id)s RETURNING ref_id),
     chats AS (DELETE FROM alert_chats WHERE ref_id IN (SELECT ref_id FROM alerted)),
     asked AS (DELETE FROM desk_ghosts WHERE ref_id IN (SELECT ref_id FROM alerted))
SELECT count(*) FROM conflicts
