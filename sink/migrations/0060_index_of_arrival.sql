-- To seal and to verify a day, its rows are found by received_at. The index on time gets a second column instead of a
-- sister: a BRIN index of two costs an insert what one of one costs (it looks once whether the block is summed up yet).
-- `sink migrate` builds it at its end, as signal_events_times, while the worker writes; until then a history by time reads
-- the table whole.
DROP INDEX signal_events_ts;
