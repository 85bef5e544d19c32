-- Codes for looking at what other people did, and at the machine: a login is not enough for that.
INSERT INTO sys_menu (title, name, path, parent_id, sort, icon, type, component, perms, status, display, cache, link, created_time)
    SELECT 'List', 'ListLoginLog', NULL, id, 0, NULL, 2, NULL, 'log:login:list', 1, 0, 1, '', 1750969746000 FROM sys_menu WHERE name = 'LoginLog';
INSERT INTO sys_menu (title, name, path, parent_id, sort, icon, type, component, perms, status, display, cache, link, created_time)
    SELECT 'List', 'ListOperaLog', NULL, id, 0, NULL, 2, NULL, 'log:opera:list', 1, 0, 1, '', 1750969746000 FROM sys_menu WHERE name = 'OperaLog';
INSERT INTO sys_menu (title, name, path, parent_id, sort, icon, type, component, perms, status, display, cache, link, created_time)
    SELECT 'List', 'ListOnline', NULL, id, 0, NULL, 2, NULL, 'monitor:session:list', 1, 0, 1, '', 1750969746000 FROM sys_menu WHERE name = 'Online';
INSERT INTO sys_menu (title, name, path, parent_id, sort, icon, type, component, perms, status, display, cache, link, created_time)
    SELECT 'Force off-line', 'DeleteOnline', NULL, id, 0, NULL, 2, NULL, 'monitor:session:del', 1, 0, 1, '', 1750969746000 FROM sys_menu WHERE name = 'Online';
INSERT INTO sys_menu (title, name, path, parent_id, sort, icon, type, component, perms, status, display, cache, link, created_time)
    SELECT 'Look', 'LookAtRedis', NULL, id, 0, NULL, 2, NULL, 'monitor:redis:list', 1, 0, 1, '', 1750969746000 FROM sys_menu WHERE name = 'Redis';
INSERT INTO sys_menu (title, name, path, parent_id, sort, icon, type, component, perms, status, display, cache, link, created_time)
    SELECT 'Look', 'LookAtServer', NULL, id, 0, NULL, 2, NULL, 'monitor:server:list', 1, 0, 1, '', 1750969746000 FROM sys_menu WHERE name = 'Server';
