-- The desk's records (alerts, what was decided on them, clicks, acts of people) lie apart: they are few and are kept for
-- a year, and a partition of a day goes only once all that it holds is past its time. Without days of their own: those
-- past theirs are deleted one by one. An id is one record here, one of the market's, and one of the rest.
--
-- The partition of all others is read once meanwhile, to see that it holds none of these; workers wait for that.
CREATE TABLE records_desk PARTITION OF records FOR VALUES IN ('desk');
ALTER TABLE records_desk ADD PRIMARY KEY (record_id);
COMMENT ON COLUMN records.class IS 'events, trades, orders, snapshots, market or desk: what is kept equally long.';
