-- Parameters: values that administrators change, in groups by their type. Times are Unix milliseconds.
CREATE TABLE sys_config (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(32) NOT NULL,
    type VARCHAR(32),
    key VARCHAR(64) NOT NULL UNIQUE,
    value TEXT NOT NULL,
    is_frontend BOOLEAN NOT NULL,
    remark TEXT,
    created_time BIGINT NOT NULL,
    updated_time BIGINT
);

CREATE INDEX sys_config_type ON sys_config (type, id);
-- The order in which parameters are listed.
CREATE INDEX sys_config_created_time ON sys_config (created_time DESC, id);
