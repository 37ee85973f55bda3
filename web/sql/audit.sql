-- name: note
-- Who did what, in which request; the time is the transaction's. Without an outcome it is begun only.
INSERT INTO web_audit (who, what, request_id, outcome) VALUES (%(who)s, %(what)s, %(request_id)s, %(outcome)s)
RETURNING id

-- name: ended
-- What came of what was begun.
UPDATE web_audit SET outcome = %(outcome)s WHERE id = %(id)s AND outcome IS NULL
