-- What engines also say of a signal: its second target, the range of its entry, how far its data could be trusted,
-- and which model and which engine it came from. All of it may be left out, as before.

ALTER TABLE signals
    ADD COLUMN engine           TEXT,
    ADD COLUMN entry_low        NUMERIC CHECK (entry_low > 0),
    ADD COLUMN entry_high       NUMERIC CHECK (entry_high > 0),
    ADD COLUMN tp2              NUMERIC CHECK (tp2 > 0),
    ADD COLUMN atr_pct          NUMERIC CHECK (atr_pct >= 0),
    ADD COLUMN data_quality     TEXT CHECK (data_quality IN ('ok', 'degraded', 'bad')),
    ADD COLUMN degraded         BOOLEAN,
    ADD COLUMN model_version    TEXT,
    ADD COLUMN features_version TEXT,
    ADD COLUMN track            TEXT;

ALTER TABLE signal_triggers ADD COLUMN engine TEXT;
ALTER TABLE signal_invalidations ADD COLUMN engine TEXT;
ALTER TABLE signal_closures ADD COLUMN engine TEXT;
