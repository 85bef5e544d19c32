-- Which plugin owns which table and view: written in the transaction of the migration that creates it.
CREATE TABLE plugin_table (
    -- As the database has it: in lower case unless PostgreSQL was given it in quotes.
    name VARCHAR(63) NOT NULL PRIMARY KEY,
    plugin_id VARCHAR(32) NOT NULL,
    kind VARCHAR(8) NOT NULL CHECK (kind IN ('table', 'view')),
    created_time BIGINT NOT NULL
);

CREATE INDEX plugin_table_plugin_id ON plugin_table (plugin_id);

-- Copies of a plugin's tables, to which they can be brought back.
CREATE TABLE plugin_snapshot (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    plugin_id VARCHAR(32) NOT NULL,
    -- Of the plugin, when it was taken.
    version VARCHAR(64) NOT NULL,
    reason VARCHAR(255) NOT NULL,
    -- In the plugin's own folder of snapshots.
    file VARCHAR(255) NOT NULL UNIQUE,
    sha256 VARCHAR(64) NOT NULL,
    bytes BIGINT NOT NULL,
    rows BIGINT NOT NULL,
    created_time BIGINT NOT NULL
);

CREATE INDEX plugin_snapshot_plugin_id ON plugin_snapshot (plugin_id, id);
