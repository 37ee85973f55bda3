-- name: days
-- The partitions of one WIB day each, oldest first, with their bounds as PostgreSQL writes them.
SELECT c.relname, pg_get_expr(c.relpartbound, c.oid)
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = %(parent)s::regclass
ORDER BY c.relname

-- name: holds
-- Whether a partition holds a record that must stay. This and what follows are functions of migration 0056, which do it
-- with the rights of the tables' owner.
SELECT record_partition_holds(%(partition)s, %(limit)s)

-- name: drop
-- Remove a partition with all that it holds, unless something must stay (NULL). Only this keeps others out of the whole
-- table, and for a moment.
SELECT drop_record_partition(%(partition)s, %(limit)s)

-- name: delete
-- Remove some records of a class that are past its limit, of one partition.
SELECT expire_records(%(partition)s, %(class)s, %(limit)s, %(most)s)
