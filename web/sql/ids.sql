-- name: signal
-- Whether anything is stored of a signal.
SELECT signal_id::text FROM signal_events WHERE signal_id = %(id)s::uuid LIMIT 1

-- name: record
-- Whether there is a record of this id.
SELECT record_id::text FROM records WHERE record_id = %(id)s::uuid LIMIT 1

-- name: record_by_entry
-- The record of an entry of the stream that happened within a span.
SELECT record_id::text FROM records WHERE entry_id = %(text)s AND ts >= %(since)s AND ts < %(until)s LIMIT 1

-- name: letter_by_entry
-- The dead letter of an entry of the stream: its time is the entry's.
SELECT id FROM dead_letters WHERE entry_id = %(text)s AND entry_ts >= %(since)s AND entry_ts < %(until)s LIMIT 1

-- name: message
-- A message by its number.
SELECT id FROM outbox WHERE id = %(number)s

-- name: message_by_key
-- A message by its key.
SELECT id FROM outbox WHERE message_key = %(text)s
