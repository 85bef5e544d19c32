CREATE SCHEMA fba_source;
CREATE TABLE fba_source.sys_dept (id BIGSERIAL PRIMARY KEY, name VARCHAR(64), parent_id BIGINT, sort INTEGER,
    leader VARCHAR(32), phone VARCHAR(11), email VARCHAR(64), status INTEGER, del_flag BOOLEAN,
    created_time TIMESTAMPTZ NOT NULL DEFAULT '2025-01-02 03:04:05.678+00', updated_time TIMESTAMPTZ);
CREATE TABLE fba_source.sys_user (id BIGSERIAL PRIMARY KEY, uuid VARCHAR(64), username VARCHAR(200), nickname VARCHAR(64),
    password VARCHAR(256), salt BYTEA, email VARCHAR(256), phone VARCHAR(11), avatar VARCHAR(256), status INTEGER,
    is_superuser BOOLEAN, is_staff BOOLEAN, is_multi_login BOOLEAN,
    join_time TIMESTAMPTZ DEFAULT '2025-01-02 03:04:05+00', last_login_time TIMESTAMPTZ,
    last_password_changed_time TIMESTAMPTZ, dept_id BIGINT,
    created_time TIMESTAMPTZ NOT NULL DEFAULT '2025-01-02 03:04:05.678+00', updated_time TIMESTAMPTZ);
CREATE TABLE fba_source.sys_user_password_history (id BIGSERIAL PRIMARY KEY, user_id BIGINT, password VARCHAR(256),
    created_time TIMESTAMPTZ NOT NULL DEFAULT '2025-01-02 03:04:05+00');
CREATE TABLE fba_source.sys_role (id BIGSERIAL PRIMARY KEY, name VARCHAR(32), status INTEGER, is_filter_scopes BOOLEAN,
    remark TEXT, created_time TIMESTAMPTZ NOT NULL DEFAULT '2025-01-02 03:04:05+00', updated_time TIMESTAMPTZ);
CREATE TABLE fba_source.sys_menu (id BIGSERIAL PRIMARY KEY, title VARCHAR(64), name VARCHAR(64), path VARCHAR(200), sort INTEGER,
    icon VARCHAR(128), type INTEGER, component VARCHAR(256), perms VARCHAR(128), status INTEGER, display INTEGER,
    cache INTEGER, link TEXT, remark TEXT, parent_id BIGINT,
    created_time TIMESTAMPTZ NOT NULL DEFAULT '2025-01-02 03:04:05+00', updated_time TIMESTAMPTZ);
CREATE TABLE fba_source.sys_data_scope (id BIGSERIAL PRIMARY KEY, name VARCHAR(64), status INTEGER,
    created_time TIMESTAMPTZ NOT NULL DEFAULT '2025-01-02 03:04:05+00', updated_time TIMESTAMPTZ);
CREATE TABLE fba_source.sys_data_rule (id BIGSERIAL PRIMARY KEY, name VARCHAR(512), model VARCHAR(64), "column" VARCHAR(32),
    operator INTEGER, expression INTEGER, value VARCHAR(256),
    created_time TIMESTAMPTZ NOT NULL DEFAULT '2025-01-02 03:04:05+00', updated_time TIMESTAMPTZ);
CREATE TABLE fba_source.sys_user_role (id BIGSERIAL PRIMARY KEY, user_id BIGINT, role_id BIGINT);
CREATE TABLE fba_source.sys_role_menu (id BIGSERIAL PRIMARY KEY, role_id BIGINT, menu_id BIGINT);
CREATE TABLE fba_source.sys_role_data_scope (id BIGSERIAL PRIMARY KEY, role_id BIGINT, data_scope_id BIGINT);
CREATE TABLE fba_source.sys_data_scope_rule (id BIGSERIAL PRIMARY KEY, data_scope_id BIGINT, data_rule_id BIGINT);
CREATE TABLE fba_source.sys_login_log (id BIGSERIAL PRIMARY KEY, user_uuid VARCHAR(64), username VARCHAR(64), status INTEGER,
    ip VARCHAR(64), country VARCHAR(64), region VARCHAR(64), city VARCHAR(64), user_agent VARCHAR(512), os VARCHAR(64),
    browser VARCHAR(64), device VARCHAR(64), msg TEXT, login_time TIMESTAMPTZ,
    created_time TIMESTAMPTZ NOT NULL DEFAULT '2025-01-02 03:04:05+00');
CREATE TABLE fba_source.sys_opera_log (id BIGSERIAL PRIMARY KEY, trace_id VARCHAR(32), username VARCHAR(64), method VARCHAR(32),
    title VARCHAR(256), path VARCHAR(512), ip VARCHAR(64), country VARCHAR(64), region VARCHAR(64), city VARCHAR(64),
    user_agent VARCHAR(512), os VARCHAR(64), browser VARCHAR(64), device VARCHAR(64), args JSON, status INTEGER,
    code VARCHAR(32), msg TEXT, cost_time DOUBLE PRECISION, opera_time TIMESTAMPTZ,
    created_time TIMESTAMPTZ NOT NULL DEFAULT '2025-01-02 03:04:05+00');
CREATE TABLE fba_source.sys_dict_type (id BIGSERIAL PRIMARY KEY, name VARCHAR(32), code VARCHAR(32), remark TEXT,
    created_time TIMESTAMPTZ NOT NULL DEFAULT '2025-01-02 03:04:05+00', updated_time TIMESTAMPTZ);
CREATE TABLE fba_source.sys_dict_data (id BIGSERIAL PRIMARY KEY, type_code VARCHAR(32), label VARCHAR(32), value VARCHAR(32),
    color VARCHAR(32), sort INTEGER, status INTEGER, remark TEXT, type_id BIGINT,
    created_time TIMESTAMPTZ NOT NULL DEFAULT '2025-01-02 03:04:05+00', updated_time TIMESTAMPTZ);
CREATE TABLE fba_source.sys_config (id BIGSERIAL PRIMARY KEY, name VARCHAR(32), type VARCHAR(32), key VARCHAR(64), value TEXT,
    is_frontend BOOLEAN, remark TEXT, created_time TIMESTAMPTZ NOT NULL DEFAULT '2025-01-02 03:04:05+00', updated_time TIMESTAMPTZ);
CREATE TABLE fba_source.sys_notice (id BIGSERIAL PRIMARY KEY, title VARCHAR(64), type INTEGER, status INTEGER, content TEXT,
    created_time TIMESTAMPTZ NOT NULL DEFAULT '2025-01-02 03:04:05+00', updated_time TIMESTAMPTZ);

-- Departments: a child before its parent, one that is deleted, a parent that is not there, a circle, an id that is too large.
INSERT INTO fba_source.sys_dept (id, name, parent_id, sort, leader, status, del_flag) VALUES
    (1, '总部', NULL, 0, '张三', 1, FALSE), (2, 'Team', 7, 1, NULL, 1, FALSE), (7, 'Branch', 1, 2, NULL, 1, FALSE),
    (8, 'Gone', 1, 3, NULL, 1, TRUE), (9, 'Lost', 999, 0, NULL, 1, FALSE), (10, 'A', 11, 0, NULL, 1, FALSE),
    (11, 'B', 10, 0, NULL, 1, FALSE), (9007199254740994, 'Huge', 1, 4, NULL, 1, FALSE);
INSERT INTO fba_source.sys_role (id, name, status, is_filter_scopes, remark) VALUES
    (1, '测试', 1, TRUE, NULL), (2, 'Operators', 1, FALSE, 'r'), (9007199254740993, 'Snowflake', 1, TRUE, NULL), (4, 'Odd', 7, TRUE, NULL);
-- Core entries, one of them edited; own ones; a plugin's page; a type that nobody knows; a link that would run a script.
INSERT INTO fba_source.sys_menu (id, title, name, path, sort, icon, type, component, perms, status, display, cache, link, parent_id, updated_time) VALUES
    (1, '概览', 'Dashboard', '/dashboard', 5, 'x', 0, NULL, NULL, 1, 1, 1, '', NULL, '2025-06-01 00:00:00+00'),
    (4, '系统', 'System', '/system', 1, 'x', 0, NULL, NULL, 1, 1, 1, '', NULL, NULL),
    (9, '用户', 'SysUser', '/system/user', 2, 'x', 1, '/system/user/index', NULL, 1, 1, 1, '', 4, NULL),
    (10, '删除', 'DeleteSysUser', NULL, 0, NULL, 2, NULL, 'sys:user:del', 1, 0, 1, '', 9, NULL),
    (60, 'Shop', 'Shop', '/shop', 9, NULL, 0, NULL, NULL, 1, 1, 1, NULL, NULL, NULL),
    (61, 'Order', 'Order', '/shop/order', 1, NULL, 1, '/shop/order/index', NULL, 1, 1, 1, '', 60, NULL),
    (62, 'Add', 'AddOrder', NULL, 0, NULL, 2, NULL, 'shop:order:add', 1, 0, 1, '', 61, NULL),
    (63, 'Games', 'PluginGames', '/plugins/games', 1, NULL, 1, '/plugins/games/views/index', NULL, 1, 1, 1, '', 4, NULL),
    (64, 'Add', 'AddGame', NULL, 0, NULL, 2, NULL, 'games:add', 1, 0, 1, '', 63, NULL),
    (65, 'Odd', 'Odd', '/odd', 0, NULL, 9, NULL, NULL, 1, 1, 1, '', NULL, NULL),
    (66, 'Site', 'Site', '/site', 0, NULL, 4, NULL, NULL, 1, 1, 1, 'javascript:alert(1)', NULL, NULL);
INSERT INTO fba_source.sys_data_scope (id, name, status) VALUES (1, '本部门数据权限', 1), (2, 'Only oneself', 1);
INSERT INTO fba_source.sys_data_rule (id, name, model, "column", operator, expression, value) VALUES
    (1, '部门 ID 等于当前用户部门', 'Dept', '__dept_id__', 0, 0, '${dept_id}'), (2, 'odd', 'Dept', 'name', 0, 12, 'x'),
    (10, 'Lost', 'User', 'dept_id', 0, 0, '10'), (11, 'These', 'Dept', 'id', 1, 6, '9, 9007199254740994');
INSERT INTO fba_source.sys_data_scope_rule (data_scope_id, data_rule_id) VALUES (1, 1), (1, 2), (1, 11);
INSERT INTO fba_source.sys_role_data_scope (role_id, data_scope_id) VALUES (1, 1), (1, 2);
INSERT INTO fba_source.sys_role_menu (role_id, menu_id) VALUES (1, 1), (1, 10), (1, 61), (1, 61), (1, 62), (1, 63), (2, 4711), (9007199254740993, 60);

-- $HASH is of the password 123456, $DEAR of a cost that would stop a server.
INSERT INTO fba_source.sys_user (id, uuid, username, nickname, password, salt, email, status, is_superuser, is_staff, is_multi_login, dept_id, avatar) VALUES
    (1, 'uuid-of-admin', 'admin', '管理员', '$HASH', '\x00', 'admin@example.com', 1, TRUE, TRUE, TRUE, 1, NULL),
    (2, 'uuid-of-amy', 'amy', 'Amy', '$HASH', '\x00', 'amy@example.com', 1, FALSE, TRUE, FALSE, 2, 'x'),
    (3, 'uuid-of-dear', 'dear', 'Dear', '$DEAR', '\x00', 'Amy Example', 1, FALSE, FALSE, FALSE, 11, NULL),
    (4, 'uuid-of-bob', 'bob', 'Bob', NULL, NULL, 'amy@example.com', 1, FALSE, FALSE, FALSE, 999, NULL),
    (5, 'uuid-of-long', repeat('x', 65), 'Long', '$HASH', NULL, NULL, 1, FALSE, FALSE, FALSE, NULL, NULL),
    (6, 'uuid-of-odd', 'odd', 'Odd', '$HASH', NULL, NULL, 3, FALSE, FALSE, FALSE, NULL, NULL),
    (7, 'uuid-of-eternal', 'eternal', 'Eternal', '$HASH', NULL, NULL, 1, FALSE, FALSE, FALSE, NULL, NULL),
    (8, 'uuid-of-second-amy', 'amy', E'\x1b[2J', '$HASH', NULL, NULL, 1, FALSE, FALSE, FALSE, NULL, NULL),
    (9, 'uuid-of-gone', 'gone', 'Gone', '$HASH', NULL, NULL, 1, FALSE, FALSE, FALSE, 8, NULL);
UPDATE fba_source.sys_user SET join_time = 'infinity' WHERE id = 7;
INSERT INTO fba_source.sys_user (id, uuid, username, nickname, password, email, status, is_superuser, is_staff, is_multi_login, dept_id)
    SELECT n, 'uuid-' || n, 'user' || n, 'User ' || n, '$HASH', 'user' || n || '@example.com', n % 2, FALSE, FALSE, TRUE, 7
    FROM generate_series(1000, 1699) n;
INSERT INTO fba_source.sys_user_role (user_id, role_id) VALUES (2, 1), (2, 2), (5, 1), (2, 4), (1000, 9007199254740993);
INSERT INTO fba_source.sys_user_password_history (user_id, password) VALUES (2, '$HASH'), (2, 'plain'), (5, '$HASH');

INSERT INTO fba_source.sys_login_log (user_uuid, username, status, ip, os, browser, device, msg, login_time)
    SELECT 'uuid-' || n, 'user' || n, 1, '203.0.113.9', 'Windows 10', 'Chrome', 'PC', '登录成功', TIMESTAMPTZ '2025-03-01 00:00:00+00' + n * INTERVAL '1 second'
    FROM generate_series(1, 620) n;
INSERT INTO fba_source.sys_login_log (user_uuid, username, status, ip, msg, login_time)
    SELECT user_uuid, username, status, ip, msg, login_time FROM fba_source.sys_login_log WHERE id <= 3;
INSERT INTO fba_source.sys_opera_log (trace_id, username, method, title, path, ip, args, status, code, msg, cost_time, opera_time)
    SELECT md5(n::text), CASE WHEN n % 3 > 0 THEN 'amy' END, 'GET', 'title', '/api/v1/sys/users', '203.0.113.9', '{"query_params": {"page": 1}}', 1, '200',
    'Success', n / 8.0, TIMESTAMPTZ '2025-03-01 00:00:00+00' + n * INTERVAL '10 milliseconds' FROM generate_series(1, 1300) n;
INSERT INTO fba_source.sys_opera_log (trace_id, method, title, path, ip, args, status, code, cost_time, opera_time) VALUES
    (repeat('z', 32), 'GET', 't', '/', 'ip', ('"' || repeat('x', 70000) || '"')::json, 1, '200', 1, '2025-03-02 00:00:00+00'),
    (repeat('y', 32), 'GET', 't', '/', 'ip', NULL, 1, '200', 'NaN', '2025-03-02 00:00:00+00');

INSERT INTO fba_source.sys_dict_type (id, name, code, updated_time) VALUES (1, '状态', 'sys_status', NULL), (20, 'Colours', 'colours', NULL);
INSERT INTO fba_source.sys_dict_data (type_id, type_code, label, value, color, sort, status, updated_time) VALUES
    (1, 'old_code', '停用', '0', 'black', 1, 1, '2025-06-01 00:00:00+00'), (20, 'stale', 'Red', 'r', NULL, 1, 1, NULL), (21, 'none', 'Lost', 'l', NULL, 1, 1, NULL);
INSERT INTO fba_source.sys_config (name, type, key, value, is_frontend, updated_time) VALUES
    ('主机', 'EMAIL', 'EMAIL_HOST', 'smtp.moved.example', FALSE, '2025-06-01 00:00:00+00'),
    ('端口', 'EMAIL', 'EMAIL_PORT', '25', FALSE, NULL), ('Own', NULL, 'OWN', 'o', TRUE, NULL);
INSERT INTO fba_source.sys_notice (title, type, status, content) VALUES ('Hello', 0, 1, 'c'), ('Odd', 5, 1, 'c');
