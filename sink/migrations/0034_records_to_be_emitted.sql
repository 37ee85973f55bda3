-- Records of the desk are written down in the transaction of what they tell, and emitted once that is committed.

CREATE TABLE desk_records (
    id     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event  TEXT NOT NULL,
    ts     TIMESTAMPTZ NOT NULL,
    -- with an id of its own: emitted twice, it is a duplicate
    fields JSONB NOT NULL
);
COMMENT ON TABLE desk_records IS
    'What the desk has yet to put on the tape: acts of people. Empty but for moments.';
