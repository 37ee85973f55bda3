-- Sets of layer weights: proposed by the reporter, accepted or rejected by the trader, carried by signals.

CREATE TABLE rules_versions (
    version    TEXT PRIMARY KEY,
    parent     TEXT NOT NULL,
    week_start DATE NOT NULL CHECK (extract(isodow FROM week_start) = 1),
    weights    JSONB NOT NULL,
    why        TEXT NOT NULL,
    evidence   JSONB NOT NULL,
    status     TEXT NOT NULL DEFAULT 'proposed'
               CHECK (status IN ('proposed', 'accepted', 'rejected', 'superseded')),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    decided_at TIMESTAMPTZ,
    CHECK ((status IN ('accepted', 'rejected')) = (decided_at IS NOT NULL))
);
COMMENT ON COLUMN rules_versions.parent IS 'The rules version whose weights these change.';
COMMENT ON COLUMN rules_versions.evidence IS 'What each layer''s lift was when this was proposed.';
