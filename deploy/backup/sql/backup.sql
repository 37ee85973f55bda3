-- name: begin
-- One moment for the dump and for what is counted beside it.
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY

-- name: moment
-- A name for this transaction's moment, by which another session sees the same.
SELECT pg_export_snapshot()

-- name: tables
-- All tables with rows of their own, those of extensions left out; of partitioned ones the whole.
SELECT c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname

-- name: migration
-- The last migration that was applied; 0 without any.
SELECT coalesce(max(number), 0) FROM schema_migrations

-- name: has_stamps
-- Whether guard keeps stamps here.
SELECT to_regclass('guard_stamps') IS NOT NULL

-- name: stamp
-- When a backup was made, or one restored, last: guard says so once it is too long ago.
INSERT INTO guard_stamps (what, at, says) VALUES (%(what)s, %(at)s, %(says)s)
ON CONFLICT (what) DO UPDATE SET at = excluded.at, says = excluded.says

-- name: close_functions
-- Functions with their owner's rights, which a dump without rights leaves open to everybody, are the owner's alone.
DO $$
DECLARE
    own REGPROCEDURE;
BEGIN
    FOR own IN
        SELECT oid FROM pg_proc
        WHERE prosecdef AND pronamespace = current_schema()::regnamespace AND proowner = current_user::regrole
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', own);
    END LOOP;
END $$
