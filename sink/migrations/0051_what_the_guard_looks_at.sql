-- The guard looks every ten seconds: at messages in doubt, and at how long alerts of late took. Without reading all others.

CREATE INDEX outbox_in_doubt ON outbox (updated_at) WHERE state = 'uncertain';
CREATE INDEX outbox_alerts_created ON outbox (created_at) WHERE kind = 'alert';
