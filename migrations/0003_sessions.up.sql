-- Logins. A token is good while its session's row is here and has not expired.

CREATE TABLE sys_session (
    session_uuid VARCHAR(36) NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    username VARCHAR(64) NOT NULL,
    nickname VARCHAR(64) NOT NULL,
    ip VARCHAR(64),
    os VARCHAR(64),
    browser VARCHAR(64),
    device VARCHAR(64),
    -- SHA-256, in hex, of the refresh token in force.
    refresh_hash VARCHAR(64),
    refresh_expire_time BIGINT,
    last_login_time BIGINT NOT NULL,
    expire_time BIGINT NOT NULL
);
CREATE INDEX sys_session_user ON sys_session (user_id);
CREATE INDEX sys_session_expire ON sys_session (expire_time);
