-- What a ghost came to is told of a signal's alert too, until its engine says it: both are kept, each once.
ALTER TABLE alert_lives DROP CONSTRAINT alert_lives_event_check;
ALTER TABLE alert_lives ADD CONSTRAINT alert_lives_event_check CHECK (event IN (
    'signal_triggered', 'signal_invalidated', 'signal_closed', 'ghost_triggered', 'ghost_invalidated', 'ghost_closed'));
