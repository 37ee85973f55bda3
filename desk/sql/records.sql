-- name: put
-- A record that is emitted once this transaction is committed.
INSERT INTO desk_records (event, ts, fields) VALUES (%(event)s, %(ts)s, %(fields)s);

-- name: next
-- The oldest few. What another desk has in hand is left to it.
SELECT id, event, ts, fields FROM desk_records ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED;

-- name: emitted
-- These stand in a journal, or were refused for good.
DELETE FROM desk_records WHERE id = ANY(%(ids)s);
