-- People, what they may do, and where they belong. Times are Unix milliseconds.
-- Relations are by value: a client may delete a department whose users still name it.

CREATE TABLE sys_dept (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(64) NOT NULL,
    parent_id BIGINT,
    sort INTEGER NOT NULL DEFAULT 0,
    leader VARCHAR(32),
    phone VARCHAR(11),
    email VARCHAR(64),
    status SMALLINT NOT NULL DEFAULT 1,
    del_flag BOOLEAN NOT NULL DEFAULT FALSE,
    created_time BIGINT NOT NULL,
    updated_time BIGINT
);
CREATE INDEX sys_dept_parent ON sys_dept (parent_id);

CREATE TABLE sys_user (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid VARCHAR(64) NOT NULL UNIQUE,
    username VARCHAR(64) NOT NULL UNIQUE,
    nickname VARCHAR(64) NOT NULL,
    -- An argon2id hash in PHC form; it carries its own salt. NULL for users without a password.
    password VARCHAR(256),
    email VARCHAR(256) UNIQUE,
    phone VARCHAR(11),
    avatar VARCHAR(256),
    status SMALLINT NOT NULL DEFAULT 1,
    is_superuser BOOLEAN NOT NULL DEFAULT FALSE,
    is_staff BOOLEAN NOT NULL DEFAULT FALSE,
    is_multi_login BOOLEAN NOT NULL DEFAULT FALSE,
    join_time BIGINT NOT NULL,
    last_login_time BIGINT,
    last_password_changed_time BIGINT,
    dept_id BIGINT,
    created_time BIGINT NOT NULL,
    updated_time BIGINT
);
CREATE INDEX sys_user_dept ON sys_user (dept_id);

CREATE TABLE sys_role (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(32) NOT NULL UNIQUE,
    status SMALLINT NOT NULL DEFAULT 1,
    is_filter_scopes BOOLEAN NOT NULL DEFAULT TRUE,
    remark TEXT,
    created_time BIGINT NOT NULL,
    updated_time BIGINT
);

CREATE TABLE sys_user_role (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id BIGINT NOT NULL,
    role_id BIGINT NOT NULL,
    UNIQUE (user_id, role_id)
);
CREATE INDEX sys_user_role_role ON sys_user_role (role_id);
