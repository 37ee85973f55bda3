-- Records on their way to the tape are no longer the desk's alone: every room that acts writes them down in the
-- transaction of what they tell. Their fields stay the text that was written: so no number loses a digit.

ALTER TABLE desk_records RENAME TO tape_records;
ALTER TABLE tape_records RENAME CONSTRAINT desk_records_pkey TO tape_records_pkey;
ALTER SEQUENCE desk_records_id_seq RENAME TO tape_records_id_seq;
ALTER TABLE tape_records ADD COLUMN room TEXT NOT NULL DEFAULT 'desk';
ALTER TABLE tape_records ALTER COLUMN room DROP DEFAULT;
ALTER TABLE tape_records ALTER COLUMN fields TYPE JSON;
COMMENT ON TABLE tape_records IS
    'What rooms have yet to put on the tape: acts of people, fills of ghosts. Empty but for moments.';
