-- name: bins
-- Where the bins of the score begin, and what they are called.
SELECT score_edges(), score_labels()
