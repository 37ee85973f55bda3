-- name: create
INSERT INTO api_keys (key_id, name, secret_sha256, cookie_secret, scopes)
VALUES (%(key_id)s, %(name)s, %(secret_sha256)s, %(cookie_secret)s, %(scopes)s)

-- name: find
-- All that are asked for at a time, in one question.
SELECT key_id, name, scopes, secret_sha256, cookie_secret FROM api_keys
WHERE key_id = ANY(%(key_ids)s::text[]) AND revoked_at IS NULL

-- name: any
SELECT 1 AS there FROM api_keys WHERE revoked_at IS NULL LIMIT 1

-- name: list
SELECT key_id, name, scopes, created_at, last_used_at, revoked_at FROM api_keys ORDER BY created_at, key_id

-- name: revoke
UPDATE api_keys SET revoked_at = now() WHERE key_id = %(key_id)s AND revoked_at IS NULL RETURNING key_id

-- name: touch
-- At most once a minute: reading pages must not become a stream of writes.
UPDATE api_keys SET last_used_at = now()
WHERE key_id = %(key_id)s AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
