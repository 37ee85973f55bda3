-- name: days
-- The partitions of one WIB day each, oldest first, with their bounds as PostgreSQL writes them.
SELECT c.relname, pg_get_expr(c.relpartbound, c.oid)
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = %(parent)s::regclass
ORDER BY c.relname

-- name: patience
-- How long writers may wait behind this transaction while it waits for a lock itself. Less than deadlock_timeout: a COPY
-- locks the table before its partition, and the one that gives way must not be the worker.
SET LOCAL lock_timeout = '500ms'

-- name: close
-- Nothing comes into a partition until the end of the transaction; it is still read.
LOCK TABLE {partition} IN SHARE MODE

-- name: holds
-- Whether a partition holds a record that must stay.
SELECT EXISTS (SELECT FROM {partition} WHERE ts >= %(limit)s)

-- name: count
-- How many records go with a partition.
SELECT count(*) FROM {partition}

-- name: drop
-- Remove a partition with all that it holds. Only this keeps others out of the whole table, and for a moment.
DROP TABLE {partition}

-- name: delete
-- Some records of a class that are past its limit, of one partition.
DELETE FROM {partition}
WHERE ctid = ANY (ARRAY(SELECT ctid FROM {partition} WHERE class = %(class)s AND ts < %(limit)s LIMIT %(most)s))
