-- Two that come at once must not both pass: the index decides, not the look before it.
-- A deleted department keeps its row and gives its name free.
CREATE UNIQUE INDEX sys_dept_name ON sys_dept (name) WHERE NOT del_flag;
-- Only the core's and the administrators' own entries: no title of theirs may keep a plugin from starting.
CREATE UNIQUE INDEX sys_menu_title ON sys_menu (title) WHERE type <> 2 AND plugin_id IS NULL;

-- An administrator has given a plugin's entry its place and look: the plugin no longer decides them.
ALTER TABLE sys_menu ADD COLUMN arranged BOOLEAN NOT NULL DEFAULT FALSE;

-- Codes that are asked for and that no entry granted so far.
INSERT INTO sys_menu (title, name, parent_id, sort, type, perms, status, display, cache, link, created_time)
SELECT 'Upload files', 'UploadSysFile', id, 9, 2, 'sys:file:upload', 1, 0, 1, '', 1750969746000
FROM sys_menu WHERE name = 'System';
