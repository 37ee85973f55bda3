-- name: find
-- Who this is.
SELECT user_id, role, name, chats, commands FROM desk_users WHERE user_id = %(user_id)s;

-- name: list
-- Everybody, the mightiest first.
SELECT user_id, role, name, chats, commands, added_at, added_by
FROM desk_users
ORDER BY array_position(ARRAY['admin', 'trader', 'viewer'], role), user_id;

-- name: put
-- Enter somebody, or change what they may.
INSERT INTO desk_users AS already (user_id, role, name, chats, commands, added_at, added_by)
VALUES (%(user_id)s, %(role)s, %(name)s, %(chats)s, %(commands)s, %(at)s, %(by)s)
ON CONFLICT (user_id) DO UPDATE
SET role = excluded.role, name = excluded.name, chats = excluded.chats, commands = excluded.commands,
    added_at = excluded.added_at, added_by = excluded.added_by
RETURNING already.user_id;

-- name: remove
-- Take somebody out.
DELETE FROM desk_users WHERE user_id = %(user_id)s RETURNING user_id;
