-- What engines measure of themselves is a class of its own among the records. It is kept about as long as those of the
-- engine and lies with them: a day of them all goes whole.
COMMENT ON COLUMN records.class IS
    'events, trades, orders, snapshots, market, desk or measures: what is kept equally long.';
