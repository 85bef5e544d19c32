-- The menu tree; its buttons carry the permission codes.

CREATE TABLE sys_menu (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title VARCHAR(64) NOT NULL,
    name VARCHAR(64) NOT NULL,
    path VARCHAR(200),
    parent_id BIGINT,
    sort INTEGER NOT NULL DEFAULT 0,
    icon VARCHAR(128),
    -- 0 directory, 1 page, 2 button, 3 embedded page, 4 link.
    type SMALLINT NOT NULL DEFAULT 0,
    component VARCHAR(256),
    perms VARCHAR(128),
    status SMALLINT NOT NULL DEFAULT 1,
    display SMALLINT NOT NULL DEFAULT 1,
    cache SMALLINT NOT NULL DEFAULT 1,
    link TEXT,
    remark TEXT,
    -- The plugin that brought the entry; it shows only while that plugin is enabled.
    plugin_id VARCHAR(32),
    created_time BIGINT NOT NULL,
    updated_time BIGINT
);
CREATE INDEX sys_menu_parent ON sys_menu (parent_id);
CREATE INDEX sys_menu_plugin ON sys_menu (plugin_id);
-- A front end's route name: a second one of the same name would replace the first. Buttons have no route.
CREATE UNIQUE INDEX sys_menu_name ON sys_menu (name) WHERE type <> 2;

CREATE TABLE sys_role_menu (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    role_id BIGINT NOT NULL,
    menu_id BIGINT NOT NULL,
    UNIQUE (role_id, menu_id)
);
CREATE INDEX sys_role_menu_menu ON sys_role_menu (menu_id);
