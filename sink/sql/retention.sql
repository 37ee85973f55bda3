-- name: days
-- The partitions of one WIB day each, oldest first, with their bounds as PostgreSQL writes them.
SELECT c.relname, pg_get_expr(c.relpartbound, c.oid)
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = %(parent)s::regclass
ORDER BY c.relname

-- name: patience
-- How long a lock may keep writers waiting behind this transaction, at most.
SET LOCAL lock_timeout = '1s'

-- name: close
-- Nobody writes to the partitions of this table until the end of the transaction. Taken first: a COPY locks in this order.
LOCK TABLE ONLY {parent} IN ACCESS EXCLUSIVE MODE

-- name: holds
-- Whether a partition holds a record that must stay.
SELECT EXISTS (SELECT FROM {partition} WHERE ts >= %(limit)s)

-- name: drop
-- Remove a partition with all that it holds.
DROP TABLE {partition}

-- name: delete
-- Some records of a class that are past its limit, of one partition.
DELETE FROM {partition}
WHERE ctid = ANY (ARRAY(SELECT ctid FROM {partition} WHERE class = %(class)s AND ts < %(limit)s LIMIT %(most)s))
