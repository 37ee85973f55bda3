-- name: short
-- Questions of people who wait: none may take long, and none may write unless it says so.
SELECT set_config('statement_timeout', %(ms)s, false), set_config('default_transaction_read_only', 'on', false)

-- name: may_write
-- For the first statement of a transaction.
SET TRANSACTION READ WRITE
