-- Refresh tokens rotate: what one login begins is a family of sessions, each in the place of the one before.
ALTER TABLE sys_session ADD COLUMN family_uuid VARCHAR(36);
ALTER TABLE sys_session ADD COLUMN last_used_time BIGINT;
CREATE UNIQUE INDEX sys_session_refresh ON sys_session (refresh_hash);
CREATE INDEX sys_session_family ON sys_session (family_uuid);

-- Refresh tokens that are good no more though their time is not over. One that is shown again was copied.
CREATE TABLE sys_spent_refresh_token (
    refresh_hash VARCHAR(64) NOT NULL PRIMARY KEY,
    -- The session that had it: whoever still knows it by this name means the family.
    session_uuid VARCHAR(36) NOT NULL,
    family_uuid VARCHAR(36) NOT NULL,
    user_id BIGINT NOT NULL,
    -- rotated: a newer one was given out. replaced: another login took the user's place.
    reason VARCHAR(16) NOT NULL,
    expire_time BIGINT NOT NULL
);
CREATE INDEX sys_spent_refresh_token_session ON sys_spent_refresh_token (session_uuid);
CREATE INDEX sys_spent_refresh_token_expire ON sys_spent_refresh_token (expire_time);
