-- Other people's data is read by permission, so an entry has to grant it.
INSERT INTO sys_menu (title, name, path, parent_id, sort, icon, type, component, perms, status, display, cache, link, created_time)
SELECT 'List', 'ListSysUser', NULL, id, 0, NULL, 2, NULL, 'sys:user:list', 1, 0, 1, '', 1750969746000
FROM sys_menu WHERE name = 'SysUser' AND type = 1;
