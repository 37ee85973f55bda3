-- What the guard knows: the measurements of engines a minute a row, how far it has read the tape, the alerts that it
-- decided, and what somebody asked it to be quiet about. Folded, and moved on, in one transaction: so no measurement
-- counts twice, and none is missing, however often it is killed.

CREATE TABLE guard_position (
    stream   TEXT PRIMARY KEY,
    entry_id TEXT NOT NULL
);
COMMENT ON TABLE guard_position IS 'How far each partition of the tape was folded.';

CREATE TABLE guard_minutes (
    minute   TIMESTAMPTZ NOT NULL,
    kind     TEXT NOT NULL,
    figure   TEXT NOT NULL,
    name     TEXT NOT NULL,
    engine   TEXT NOT NULL,
    n        BIGINT NOT NULL CHECK (n >= 0),
    sum      DOUBLE PRECISION NOT NULL,
    worst    DOUBLE PRECISION NOT NULL,
    last     DOUBLE PRECISION NOT NULL,
    last_at  TIMESTAMPTZ NOT NULL,
    n2xx     BIGINT NOT NULL DEFAULT 0,
    n3xx     BIGINT NOT NULL DEFAULT 0,
    n4xx     BIGINT NOT NULL DEFAULT 0,
    n429     BIGINT NOT NULL DEFAULT 0,
    n5xx     BIGINT NOT NULL DEFAULT 0,
    bucket   INTEGER[] NOT NULL DEFAULT '{}',
    bucket_n BIGINT[] NOT NULL DEFAULT '{}',
    examples TEXT[] NOT NULL DEFAULT '{}',
    ids      UUID[] NOT NULL,
    PRIMARY KEY (minute, kind, figure, name, engine),
    CHECK (cardinality(bucket) = cardinality(bucket_n))
);
COMMENT ON TABLE guard_minutes IS
    'What engines measured, folded: a minute of one figure of one name a row, of all processes of an engine. Kept 40 days.';
COMMENT ON COLUMN guard_minutes.bucket IS
    'Indexes of the histogram''s buckets, ascending: see signaltape.measuring.histogram; bucket_n has their counts.';
COMMENT ON COLUMN guard_minutes.ids IS
    'Of the records that were folded: one that is sent again, because Redis forgot it or its shipper was killed, counts once.';
COMMENT ON COLUMN guard_minutes.n4xx IS 'Without 429, which stands for itself.';

CREATE TABLE guard_slots (
    id       UUID PRIMARY KEY,
    slot     TIMESTAMPTZ NOT NULL,
    kind     TEXT NOT NULL,
    figure   TEXT NOT NULL,
    name     TEXT NOT NULL,
    engine   TEXT NOT NULL,
    n        BIGINT NOT NULL,
    sum      DOUBLE PRECISION NOT NULL,
    worst    DOUBLE PRECISION NOT NULL,
    last     DOUBLE PRECISION NOT NULL,
    last_at  TIMESTAMPTZ NOT NULL,
    n2xx     BIGINT NOT NULL,
    n3xx     BIGINT NOT NULL,
    n4xx     BIGINT NOT NULL,
    n429     BIGINT NOT NULL,
    n5xx     BIGINT NOT NULL,
    bucket   INTEGER[] NOT NULL,
    bucket_n BIGINT[] NOT NULL,
    examples TEXT[] NOT NULL
);
COMMENT ON TABLE guard_slots IS
    'The measurements of the last quarter of an hour as they came, ten seconds each: a guard that is begun anew goes on from them.';
CREATE INDEX guard_slots_slot ON guard_slots (slot);

CREATE TABLE guard_burn (
    rule    TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- whose it is, if it is one engine's
    engine  TEXT NOT NULL DEFAULT '',
    minute  TIMESTAMPTZ NOT NULL,
    good    BIGINT NOT NULL CHECK (good >= 0),
    bad     BIGINT NOT NULL CHECK (bad >= 0),
    PRIMARY KEY (rule, subject, minute)
);
COMMENT ON TABLE guard_burn IS
    'What kept an objective and what did not, a minute a row, for the windows in which a budget burns. Kept four days.';
CREATE INDEX guard_burn_minute ON guard_burn (minute);

CREATE TABLE guard_days (
    day     DATE NOT NULL,
    rule    TEXT NOT NULL,
    subject TEXT NOT NULL,
    good    BIGINT NOT NULL CHECK (good >= 0),
    bad     BIGINT NOT NULL CHECK (bad >= 0),
    PRIMARY KEY (day, rule, subject)
);
COMMENT ON TABLE guard_days IS 'The same by day in WIB, for the error budget of 30 days. Kept for good.';

CREATE TABLE guard_alerts (
    id          UUID PRIMARY KEY,
    rule        TEXT NOT NULL,
    category    TEXT NOT NULL CHECK (category IN ('health', 'performance')),
    subject     TEXT NOT NULL,
    -- whose it is, if it is an engine's
    engine      TEXT NOT NULL DEFAULT '',
    state       TEXT NOT NULL CHECK (state IN ('pending', 'firing', 'resolved')),
    -- since when it was breached, without a break
    since       TIMESTAMPTZ NOT NULL,
    -- when it was last seen breached, or well
    seen_at     TIMESTAMPTZ NOT NULL,
    fired_at    TIMESTAMPTZ,
    -- firing, and well since then: resolved once that has lasted
    well_since  TIMESTAMPTZ,
    resolved_at TIMESTAMPTZ,
    -- how it ended: well again, nothing is measured any more, or its rule is gone
    ended       TEXT CHECK (ended IN ('well', 'gone', 'rule')),
    last_told_at TIMESTAMPTZ,
    told        INTEGER NOT NULL DEFAULT 0 CHECK (told >= 0),
    value       DOUBLE PRECISION,
    limit_value DOUBLE PRECISION,
    examples    TEXT[] NOT NULL DEFAULT '{}',
    -- of the message that told it first
    message_key TEXT,
    CHECK (state = 'pending' OR fired_at IS NOT NULL),
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL))
);
COMMENT ON TABLE guard_alerts IS 'Alerts about the engine and about signaltape itself: at most one of a rule and subject is open.';
CREATE UNIQUE INDEX guard_alerts_open ON guard_alerts (rule, subject) WHERE state <> 'resolved';
CREATE INDEX guard_alerts_resolved ON guard_alerts (resolved_at) WHERE state = 'resolved';

CREATE TABLE guard_snoozes (
    category TEXT PRIMARY KEY CHECK (category IN ('health', 'performance')),
    until    TIMESTAMPTZ NOT NULL,
    by       TEXT NOT NULL,
    set_at   TIMESTAMPTZ NOT NULL DEFAULT now()
);
COMMENT ON TABLE guard_snoozes IS 'Categories of which nothing is told for a while; what still fires then is told at its end.';

CREATE TABLE guard_state (
    one          BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (one),
    evaluated_at TIMESTAMPTZ NOT NULL,
    by_process   TEXT NOT NULL,
    -- what the checks remember over restarts (JSON): processes that were there, counts that were seen
    remembered   JSONB NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE guard_state IS 'When rules were evaluated last, and by whom.';

CREATE TABLE guard_values (
    rule        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    engine      TEXT NOT NULL DEFAULT '',
    value       DOUBLE PRECISION,
    limit_value DOUBLE PRECISION,
    breached    BOOLEAN,
    n           BIGINT NOT NULL DEFAULT 0,
    at          TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (rule, subject)
);
COMMENT ON TABLE guard_values IS
    'What each rule came to at its last evaluation, of each subject; breached NULL: too few measurements to say.';

CREATE TABLE guard_stamps (
    what TEXT PRIMARY KEY CHECK (what IN ('backup', 'restore')),
    at   TIMESTAMPTZ NOT NULL,
    says TEXT NOT NULL DEFAULT ''
);
COMMENT ON TABLE guard_stamps IS
    'When a backup, and a trial of restoring one, succeeded last: written by whoever makes it, as its last step.';
