-- What is wanted of all processes, running or paused: Redis has it for them to hear, and may forget it.

CREATE TABLE control_state (
    one   BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
    state TEXT NOT NULL CHECK (state IN ('running', 'paused')),
    -- whole in the numbers of Redis' scripts
    epoch BIGINT NOT NULL CHECK (epoch BETWEEN 1 AND 4503599627370496),
    by    TEXT NOT NULL DEFAULT '' CHECK (length(by) <= 200),
    why   TEXT NOT NULL DEFAULT '' CHECK (length(why) <= 200),
    at    TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE control_state IS 'One row: the last word of control; whoever reconciles asserts it in Redis again.';
COMMENT ON COLUMN control_state.epoch IS 'Its number, milliseconds since 1970 or more; the higher one counts, here and in Redis.';

-- Whoever paused by itself while Redis was away waits for a word: so there is one from the beginning.
INSERT INTO control_state (state, epoch, by, at) VALUES ('running', 1, 'signaltape', now());
