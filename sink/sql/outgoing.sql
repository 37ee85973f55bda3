-- name: put
-- Something that is emitted once this transaction is committed.
INSERT INTO tape_records (room, event, ts, fields) VALUES (%(room)s, %(event)s, %(ts)s, %(fields)s)

-- name: next
-- The oldest few of a room. What another process of it has in hand is left to that.
SELECT id, event, ts, fields::text FROM tape_records WHERE room = %(room)s ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED

-- name: emitted
-- These stand in a journal, or were refused for good.
DELETE FROM tape_records WHERE id = ANY(%(ids)s)
