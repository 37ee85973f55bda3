-- The guard looks every ten seconds at messages in doubt: without reading all others.

CREATE INDEX outbox_in_doubt ON outbox (updated_at) WHERE state = 'uncertain';
