-- The desk looks whether the guard is at work, and says once that it is not, and once that it is again, however many desks
-- there are and however often they are begun anew.

CREATE TABLE guard_silences (
    -- when rules had been evaluated last
    since      TIMESTAMPTZ PRIMARY KEY,
    by_process TEXT NOT NULL,
    told_at    TIMESTAMPTZ NOT NULL DEFAULT now(),
    back_at    TIMESTAMPTZ
);
COMMENT ON TABLE guard_silences IS 'When no guard was at work, as the desk told it.';
CREATE INDEX guard_silences_open ON guard_silences (since) WHERE back_at IS NULL;
