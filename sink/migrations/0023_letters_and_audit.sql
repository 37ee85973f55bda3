-- Which dead letters a filter means, in one place for all that list, count and take them; and what came of a write.

-- A condition that is NULL lets all through. The planner puts the expression in the place of the call.
CREATE FUNCTION dead_letter_is(
    letter dead_letters, of_event TEXT, with_reason TEXT, since TIMESTAMPTZ, until TIMESTAMPTZ, ids BIGINT[],
    of_stream TEXT, with_text TEXT
) RETURNS BOOLEAN
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT (of_event IS NULL OR letter.event = of_event)
       AND (with_reason IS NULL OR position(with_reason IN letter.reason) > 0)
       AND (since IS NULL OR letter.entry_ts >= since)
       AND (until IS NULL OR letter.entry_ts < until)
       AND (ids IS NULL OR letter.id = ANY(ids))
       AND (of_stream IS NULL OR letter.stream = of_stream)
       AND (with_text IS NULL OR position(convert_to(with_text, 'UTF8') IN letter.raw) > 0)
$$;
COMMENT ON FUNCTION dead_letter_is IS
    'Whether a letter is one that a filter means: its event, a part of its reason, its entry''s time, its id, its stream, a part of its data.';

ALTER TABLE web_audit ADD COLUMN outcome TEXT;
COMMENT ON COLUMN web_audit.outcome IS
    'What came of it. NULL: it was begun, and what came of it could not be noted any more.';
