-- name: live
-- Whether there is anything that was not replayed.
SELECT EXISTS (SELECT FROM signal_events WHERE stream NOT LIKE 'replay:%')
    OR EXISTS (SELECT FROM records WHERE stream NOT LIKE 'replay:%')
    OR EXISTS (SELECT FROM outbox)

-- name: fix_arrival
-- Arrival is the event's own time.
UPDATE signal_events SET received_at = ts;
UPDATE records SET received_at = ts;
UPDATE signals SET received_at = ts_published;
UPDATE signal_triggers SET received_at = ts_triggered;
UPDATE signal_invalidations SET received_at = ts_invalidated;
UPDATE signal_closures SET received_at = ts_closed;
UPDATE ghost_triggers SET received_at = ts_triggered;
UPDATE ghost_invalidations SET received_at = ts_invalidated;
UPDATE ghost_closures SET received_at = ts_closed
