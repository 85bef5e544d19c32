-- Hashes of the passwords that a user had before: they are not taken again soon.

CREATE TABLE sys_user_password_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id BIGINT NOT NULL,
    password VARCHAR(256) NOT NULL,
    created_time BIGINT NOT NULL
);
CREATE INDEX sys_user_password_history_user ON sys_user_password_history (user_id);
