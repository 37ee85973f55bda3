-- name: ended
-- Partitions whose WIB day is over at the limit, oldest first.
SELECT c.relname
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = %(parent)s::regclass
  AND (to_date(right(c.relname, 8), 'YYYYMMDD') + 1)::timestamp AT TIME ZONE 'Asia/Jakarta' <= %(limit)s
ORDER BY c.relname

-- name: delete
-- Records of a class that are past its limit, in partitions that others keep alive.
DELETE FROM records WHERE class = %(class)s AND ts < %(limit)s
