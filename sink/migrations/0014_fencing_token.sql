-- The number of a message's lease has the field's name.
ALTER TABLE outbox RENAME COLUMN attempts TO fencing_token;
