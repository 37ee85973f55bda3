-- A line that rings is a kind of its own, so that it does not wait behind answers and alerts in its chat.
COMMENT ON COLUMN outbox.kind IS
    'How it is sent: report, as stubs that are filled; alert, answer and ring, as real messages, sent once more with a mark where the first had no answer. Rings go first. A sender leaves kinds that it does not know.';
