-- Which rows the members of a role may see.

CREATE TABLE sys_data_scope (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(64) NOT NULL UNIQUE,
    status SMALLINT NOT NULL DEFAULT 1,
    created_time BIGINT NOT NULL,
    updated_time BIGINT
);

CREATE TABLE sys_data_rule (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(512) NOT NULL UNIQUE,
    model VARCHAR(64) NOT NULL,
    column_name VARCHAR(32) NOT NULL,
    operator SMALLINT NOT NULL,
    expression SMALLINT NOT NULL,
    value VARCHAR(256) NOT NULL,
    created_time BIGINT NOT NULL,
    updated_time BIGINT
);

CREATE TABLE sys_role_data_scope (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    role_id BIGINT NOT NULL,
    data_scope_id BIGINT NOT NULL,
    UNIQUE (role_id, data_scope_id)
);

CREATE TABLE sys_data_scope_rule (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    data_scope_id BIGINT NOT NULL,
    data_rule_id BIGINT NOT NULL,
    UNIQUE (data_scope_id, data_rule_id)
);
