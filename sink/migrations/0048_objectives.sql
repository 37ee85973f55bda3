-- What the guard holds engines to, so that others (the weekly report) can say what is left of an error budget without its file
-- of rules. Written by the guard, as its rules are now.

CREATE TABLE guard_objectives (
    rule      TEXT PRIMARY KEY,
    -- percent that shall be good
    objective NUMERIC NOT NULL CHECK (objective > 0 AND objective < 100),
    -- in a few words: 99 % without errors
    says      TEXT NOT NULL,
    set_at    TIMESTAMPTZ NOT NULL DEFAULT now()
);
COMMENT ON TABLE guard_objectives IS 'Rules with an error budget of 30 days, as the guard has them; guard_days has good and bad of each day.';
