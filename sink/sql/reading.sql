-- name: short
-- Questions of people who wait: none may take long, and none may write unless it says so. Each is planned for what it asks,
-- a rare thing otherwise than a frequent one; none is compiled, which takes longer than answering it.
SELECT set_config('statement_timeout', %(ms)s, false), set_config('default_transaction_read_only', 'on', false),
       set_config('plan_cache_mode', 'force_custom_plan', false), set_config('jit', 'off', false)

-- name: may_write
-- For the first statement of a transaction.
SET TRANSACTION READ WRITE
