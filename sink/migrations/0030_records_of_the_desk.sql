-- The desk's records (alerts, what was decided on them, clicks, acts of people) lie apart: they are few and are kept for
-- a year, and a partition of a day goes only once all that it holds is past its time. Without days of their own: those
-- past theirs are deleted one by one. An id is one record here, one of the market's, and one of the rest.
--
-- A worker that ran before this migration may have stored some among the rest: they are taken out of there. Workers wait
-- meanwhile. All locks are taken first, in one statement, so that none of theirs can stand in between.
LOCK TABLE records;
CREATE TEMPORARY TABLE records_of_the_desk (LIKE records INCLUDING DEFAULTS) ON COMMIT DROP;
WITH gone AS (DELETE FROM records_engine WHERE class = 'desk' RETURNING *)
INSERT INTO records_of_the_desk SELECT * FROM gone;

CREATE TABLE records_desk PARTITION OF records FOR VALUES IN ('desk');
ALTER TABLE records_desk ADD PRIMARY KEY (record_id);
COMMENT ON COLUMN records.class IS 'events, trades, orders, snapshots, market or desk: what is kept equally long.';
INSERT INTO records SELECT * FROM records_of_the_desk;
