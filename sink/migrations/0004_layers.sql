-- What each confluence layer said of a signal: one row per signal and layer.

CREATE TABLE signal_layers (
    signal_id UUID NOT NULL,
    layer     TEXT NOT NULL,
    matched   BOOLEAN NOT NULL,
    weight    NUMERIC,
    value     JSONB,
    PRIMARY KEY (signal_id, layer)
);
COMMENT ON COLUMN signal_layers.weight IS 'Its weight in the score, as sent; NULL if the engine did not say.';

-- The layers of what was stored before this table was there.
INSERT INTO signal_layers (signal_id, layer, matched, weight, value)
SELECT
    e.signal_id,
    said.layer,
    CASE jsonb_typeof(said.what) WHEN 'object' THEN said.what -> 'match' ELSE said.what END IN ('true', '"match"'),
    CASE jsonb_typeof(said.what) WHEN 'object' THEN (said.what ->> 'weight')::numeric END,
    CASE jsonb_typeof(said.what) WHEN 'object' THEN nullif(said.what -> 'value', 'null') END
FROM signal_events e
CROSS JOIN LATERAL jsonb_each(
    CASE jsonb_typeof(e.payload -> 'layers') WHEN 'object' THEN e.payload -> 'layers' ELSE '{}' END
) AS said (layer, what)
WHERE e.event = 'signal_published';
