-- Who may ask the dashboard and its API, and what they changed by it.

CREATE TABLE api_keys (
    key_id        TEXT PRIMARY KEY,
    name          TEXT NOT NULL CHECK (name <> ''),
    -- 256 random bits need no slow hash
    secret_sha256 BYTEA NOT NULL CHECK (length(secret_sha256) = 32),
    -- signs the cookies of those who logged in with this key: gone with it
    cookie_secret BYTEA NOT NULL CHECK (length(cookie_secret) = 32),
    scopes        TEXT[] NOT NULL CHECK (scopes <@ ARRAY['read', 'replay', 'admin'] AND cardinality(scopes) > 0),
    created_at    TIMESTAMPTZ NOT NULL DEFAULT now(),
    last_used_at  TIMESTAMPTZ,
    revoked_at    TIMESTAMPTZ
);
COMMENT ON TABLE api_keys IS 'Keys of the HTTP API: only a hash of each is stored.';

CREATE TABLE web_audit (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         TIMESTAMPTZ NOT NULL DEFAULT now(),
    who        TEXT NOT NULL,
    what       TEXT NOT NULL,
    request_id TEXT NOT NULL
);
CREATE INDEX web_audit_at ON web_audit (at);
COMMENT ON TABLE web_audit IS 'Every write that was asked for over HTTP: who, when, what.';
