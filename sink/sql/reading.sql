-- name: short
-- Questions of people who wait: none may take long, and none may write unless it says so. Each is planned for what it asks,
-- a rare thing otherwise than a frequent one; none is compiled, which takes longer than answering it. They ask for few rows
-- of what is new, whose pages are in memory: to read whole tables for them (hash joins) took four times as long.
SELECT set_config('statement_timeout', %(ms)s, false), set_config('default_transaction_read_only', 'on', false),
       set_config('plan_cache_mode', 'force_custom_plan', false), set_config('jit', 'off', false),
       set_config('random_page_cost', '1.1', false)

-- name: may_write
-- For the first statement of a transaction.
SET TRANSACTION READ WRITE
