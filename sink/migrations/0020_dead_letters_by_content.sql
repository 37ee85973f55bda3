-- A Redis that was emptied, or fell back, may give an entry id a second time: to another entry, which is kept, too.
ALTER TABLE dead_letters DROP CONSTRAINT dead_letters_stream_entry_id_key;
CREATE UNIQUE INDEX dead_letters_once ON dead_letters (stream, entry_id, md5(raw), md5(fields), coalesce(event, ''));
