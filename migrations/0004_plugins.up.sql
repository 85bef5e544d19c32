-- What the administrator wants of each plugin, the versions in the store, and its settings.

CREATE TABLE plugin (
    id VARCHAR(32) NOT NULL PRIMARY KEY,
    desired VARCHAR(16) NOT NULL CHECK (desired IN ('enabled', 'disabled')),
    version VARCHAR(64) NOT NULL,
    -- What a rollback returns to.
    previous_version VARCHAR(64),
    -- The last state that a process reported, and why it is not the desired one.
    observed VARCHAR(16) NOT NULL,
    reason TEXT,
    created_time BIGINT NOT NULL,
    updated_time BIGINT
);

CREATE TABLE plugin_version (
    plugin_id VARCHAR(32) NOT NULL,
    version VARCHAR(64) NOT NULL,
    -- Of the bundle, and of the library in it for this server; both name files in the store.
    sha256 VARCHAR(64) NOT NULL,
    library_sha256 VARCHAR(64) NOT NULL,
    -- JSON.
    manifest TEXT NOT NULL,
    descriptor TEXT NOT NULL,
    installed_at BIGINT NOT NULL,
    PRIMARY KEY (plugin_id, version)
);

CREATE TABLE plugin_setting (
    plugin_id VARCHAR(32) NOT NULL,
    key VARCHAR(64) NOT NULL,
    -- JSON.
    value TEXT NOT NULL,
    updated_time BIGINT NOT NULL,
    PRIMARY KEY (plugin_id, key)
);
