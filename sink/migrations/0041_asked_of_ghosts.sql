-- What people ask of ghosts by the bot: who asked for which paper order or line, and in which chat that is told. Written
-- in the transaction of the press, before anything of it is on the tape; so nobody is told of what they did not ask for,
-- whatever a record on the tape says.

CREATE TABLE desk_ghosts (
    -- the order's, or the line's
    id           TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 512),
    number       BIGINT GENERATED ALWAYS AS IDENTITY,
    kind         TEXT NOT NULL CHECK (kind IN ('order', 'line')),
    -- of the alert; NULL: by /lines
    ref_id       TEXT,
    user_id      BIGINT NOT NULL,
    by_user      TEXT NOT NULL,
    chat_id      TEXT NOT NULL,
    thread_id    BIGINT,
    symbol       TEXT NOT NULL,
    side         TEXT CHECK (side IN ('long', 'short')),
    label        TEXT,
    price        NUMERIC,
    direction    TEXT CHECK (direction IN ('above', 'below')),
    update_id    BIGINT NOT NULL,
    asked_at     TIMESTAMPTZ NOT NULL,
    expires_at   TIMESTAMPTZ,
    -- by whom who asked, or in that chat
    cancelled_at TIMESTAMPTZ,
    -- as the ghost told it
    became       TEXT,
    ended_at     TIMESTAMPTZ,
    CHECK ((kind = 'line') = (price IS NOT NULL AND direction IS NOT NULL)),
    CHECK ((became IS NULL) = (ended_at IS NULL))
);
CREATE UNIQUE INDEX desk_ghosts_number ON desk_ghosts (number);
CREATE INDEX desk_ghosts_ref ON desk_ghosts (ref_id) WHERE ref_id IS NOT NULL;
CREATE INDEX desk_ghosts_live ON desk_ghosts (chat_id) WHERE cancelled_at IS NULL AND ended_at IS NULL;
COMMENT ON TABLE desk_ghosts IS 'Paper orders and lines that were asked for by the bot: by whom, where, and how each ended.';
