DROP TABLE sys_spent_refresh_token;
DROP INDEX sys_session_family;
DROP INDEX sys_session_refresh;
ALTER TABLE sys_session DROP COLUMN last_used_time;
ALTER TABLE sys_session DROP COLUMN family_uuid;
