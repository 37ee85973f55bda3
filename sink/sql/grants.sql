-- name: lock
-- One process at a time sets the rights in a database; the others wait. Held until the end of the transaction.
SELECT pg_advisory_xact_lock(7305817261514715240)

-- name: roles
-- Which of these roles are there.
SELECT rolname::text FROM pg_roles WHERE rolname = ANY(%(roles)s)

-- name: held
-- What these roles and PUBLIC may do now, on this database, its schema, and those of its tables, views and functions that
-- are declared, and on the partitions of days: what else lies there is not ours. Empty grantee: PUBLIC. Grantable: it may be
-- handed on.
WITH own AS (
    SELECT 'database' AS kind, '' AS name, '' AS part, coalesce(d.datacl, acldefault('d', d.datdba)) AS acl, d.datdba AS owner
    FROM pg_database d WHERE d.datname = current_database()
    UNION ALL
    SELECT 'schema', '', '', coalesce(n.nspacl, acldefault('n', n.nspowner)), n.nspowner
    FROM pg_namespace n WHERE n.nspname = current_schema()
    UNION ALL
    SELECT 'table', c.relname::text, '', c.relacl, c.relowner
    FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND (
        c.relname = ANY(%(tables)s) OR c.oid IN (SELECT relid FROM pg_partition_tree(to_regclass('records')))
    )
    UNION ALL
    SELECT 'table', c.relname::text, a.attname::text, a.attacl, c.relowner
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%(tables)s)
      AND a.attacl IS NOT NULL AND NOT a.attisdropped
    UNION ALL
    SELECT 'function', p.proname::text, '', coalesce(p.proacl, acldefault('f', p.proowner)), p.proowner
    FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace AND p.proname = ANY(%(functions)s)
)
SELECT own.kind, own.name, own.part, held.privilege_type, coalesce(r.rolname::text, ''), held.is_grantable
FROM own CROSS JOIN LATERAL aclexplode(own.acl) AS held LEFT JOIN pg_roles r ON r.oid = held.grantee
WHERE held.grantee <> own.owner AND (held.grantee = 0 OR r.rolname = ANY(%(roles)s))

-- name: place
-- What the database and the schema are called.
SELECT current_database()::text, current_schema()::text

-- name: powers
-- Which of these roles may by themselves do what no table's rights say.
SELECT rolname::text FROM pg_roles
WHERE rolname = ANY(%(roles)s) AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)
ORDER BY rolname

-- name: memberships
-- Which of these roles may do what another role may, and which one that is.
SELECT m.rolname::text, g.rolname::text
FROM pg_auth_members am JOIN pg_roles m ON m.oid = am.member JOIN pg_roles g ON g.oid = am.roleid
WHERE m.rolname = ANY(%(roles)s)
GROUP BY m.rolname, g.rolname
ORDER BY m.rolname, g.rolname
