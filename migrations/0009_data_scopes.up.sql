-- What of a list somebody sees: roles have scopes, scopes have rules, rules compare a column.
-- Relations are by value; whoever deletes a row takes its links along.

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
    -- "column" is a word of SQL itself.
    column_name VARCHAR(32) NOT NULL,
    -- 0 AND, 1 OR.
    operator SMALLINT NOT NULL,
    -- 0 ==, 1 !=, 2 >, 3 >=, 4 <, 5 <=, 6 in, 7 not in.
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
CREATE INDEX sys_role_data_scope_scope ON sys_role_data_scope (data_scope_id);

CREATE TABLE sys_data_scope_rule (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    data_scope_id BIGINT NOT NULL,
    data_rule_id BIGINT NOT NULL,
    UNIQUE (data_scope_id, data_rule_id)
);
CREATE INDEX sys_data_scope_rule_rule ON sys_data_scope_rule (data_rule_id);
