-- name: no_hurry
-- First of all: a role's short timeout would also cut off what follows, which is slow in a session that is new.
SET statement_timeout = 0

-- name: settings
-- What this program relies on, whatever a role, a database or an environment variable says. Those that a server does not
-- know (they are younger than it) are left out. The tables are in `public`, unless the URL says where, or they have been
-- elsewhere all the time: then nothing must be made in `public` beside them.
SELECT set_config(name, value, false)
FROM (VALUES
    ('timezone', %(zone)s),
    ('search_path', CASE
        WHEN %(url_says)s THEN current_setting('search_path')
        WHEN to_regclass('public.signal_events') IS NULL AND to_regclass('signal_events') IS NOT NULL
            THEN current_setting('search_path')
        ELSE 'public'
    END),
    -- what is acknowledged is on disk, whatever a role finds quick enough
    ('synchronous_commit', CASE current_setting('synchronous_commit')
        WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END),
    ('datestyle', 'ISO, MDY'),
    ('intervalstyle', 'postgres'),
    ('bytea_output', 'hex'),
    ('standard_conforming_strings', 'on'),
    ('statement_timeout', '0'),
    ('lock_timeout', '0'),
    ('transaction_timeout', '0'),
    ('idle_session_timeout', '0'),
    ('idle_in_transaction_session_timeout', %(most_idle)s),
    -- a client that is gone without a word is noticed within a minute or so, not after the two hours of most systems:
    -- so long others wait for the keys of its open transaction. Without effect on a Unix socket
    ('tcp_keepalives_idle', '30'),
    ('tcp_keepalives_interval', '10'),
    ('tcp_keepalives_count', '3'),
    ('tcp_user_timeout', '60000'),
    ('default_transaction_isolation', 'read committed'),
    ('default_transaction_read_only', 'off'),
    ('default_transaction_deferrable', 'off')
) AS settings (name, value)
WHERE current_setting(name, true) IS NOT NULL

-- name: end_once_idle
-- Who hangs must not lead for good. Servers before PostgreSQL 14 do not know it.
SELECT set_config('idle_session_timeout', %(most_idle)s, false) WHERE current_setting('idle_session_timeout', true) IS NOT NULL

-- name: snapshot
-- For the first statement of a transaction.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY
