-- What was done, and who tried to log in. Written in batches; read newest first, so that every
-- filter's index ends with the id.

CREATE TABLE sys_opera_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    trace_id VARCHAR(32) NOT NULL,
    username VARCHAR(64),
    method VARCHAR(32) NOT NULL,
    title VARCHAR(256) NOT NULL,
    path VARCHAR(512) NOT NULL,
    ip VARCHAR(64) NOT NULL,
    country VARCHAR(64),
    region VARCHAR(64),
    city VARCHAR(64),
    user_agent VARCHAR(512),
    os VARCHAR(64),
    browser VARCHAR(64),
    device VARCHAR(64),
    -- JSON.
    args TEXT,
    status INTEGER NOT NULL,
    code VARCHAR(32) NOT NULL,
    msg TEXT,
    -- Milliseconds.
    cost_time DOUBLE PRECISION NOT NULL,
    opera_time BIGINT NOT NULL,
    created_time BIGINT NOT NULL
);
CREATE INDEX sys_opera_log_username ON sys_opera_log (username, id);
CREATE INDEX sys_opera_log_ip ON sys_opera_log (ip, id);
CREATE INDEX sys_opera_log_status ON sys_opera_log (status, id);

CREATE TABLE sys_login_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Empty where nobody of that name exists.
    user_uuid VARCHAR(64) NOT NULL,
    username VARCHAR(64) NOT NULL,
    status INTEGER NOT NULL,
    ip VARCHAR(64) NOT NULL,
    country VARCHAR(64),
    region VARCHAR(64),
    city VARCHAR(64),
    user_agent VARCHAR(512),
    os VARCHAR(64),
    browser VARCHAR(64),
    device VARCHAR(64),
    msg TEXT NOT NULL,
    login_time BIGINT NOT NULL,
    created_time BIGINT NOT NULL
);
CREATE INDEX sys_login_log_username ON sys_login_log (username, id);
CREATE INDEX sys_login_log_ip ON sys_login_log (ip, id);
CREATE INDEX sys_login_log_status ON sys_login_log (status, id);
