-- One key instead of two indexes on the journal. An event's id is made of its signal and its name, so (signal_id, event)
-- is unique exactly where event_id is. The ids lie at random all over their index, one page each; a signal's events lie
-- side by side in this one, which finds a signal's events too.
ALTER TABLE signal_events
    DROP CONSTRAINT signal_events_pkey,
    ADD PRIMARY KEY (signal_id, event);
DROP INDEX signal_events_signal;
COMMENT ON COLUMN signal_events.event_id IS
    'uuid5 of "<signal_id>:<event>": unique because those two are. It has no index; look events up by them.';
