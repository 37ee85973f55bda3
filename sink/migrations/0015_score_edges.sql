-- The bins of the score are declared once, here: what is scored anew (reports' what-if) and stored nowhere asks for the
-- same edges. The functions' bodies are bound when they are made, whatever a caller's search_path.

CREATE FUNCTION score_edges() RETURNS NUMERIC[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY[0.5, 0.6, 0.7, 0.8]::numeric[];
COMMENT ON FUNCTION score_edges IS
    'The lower edge of every bin of the score but the first: inclusive, on the exact score.';

CREATE FUNCTION score_labels() RETURNS TEXT[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY['<0.50', '0.50-0.59', '0.60-0.69', '0.70-0.79', '0.80+']::text[];
COMMENT ON FUNCTION score_labels IS 'What each bin of the score is called, the lowest first.';

CREATE OR REPLACE FUNCTION score_bin(score NUMERIC) RETURNS INTEGER
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN width_bucket(score, score_edges());

CREATE OR REPLACE FUNCTION score_bin_name(bin INTEGER) RETURNS TEXT
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (score_labels())[bin + 1];
