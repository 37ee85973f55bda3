-- name: note
-- Who did what, in which request; the time is the transaction's.
INSERT INTO web_audit (who, what, request_id) VALUES (%(who)s, %(what)s, %(request_id)s)
