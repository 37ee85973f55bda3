-- name: read
-- What is kept, if /risk was ever asked to change it.
SELECT base_risk_pct, equity FROM desk_risk;

-- name: set
-- Keep another base risk.
INSERT INTO desk_risk AS already (base_risk_pct, set_at, set_by)
VALUES (%(base_risk_pct)s, %(at)s, %(by)s)
ON CONFLICT (one) DO UPDATE
SET base_risk_pct = excluded.base_risk_pct, set_at = excluded.set_at, set_by = excluded.set_by;
