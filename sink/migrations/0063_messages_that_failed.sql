-- The guard looks every ten seconds at messages that were refused, too: without reading all others.

CREATE INDEX outbox_failed ON outbox (updated_at) WHERE state = 'failed';
