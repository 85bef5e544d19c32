DELETE FROM sys_role_menu WHERE menu_id IN (SELECT id FROM sys_menu WHERE name = 'ListSysUser' AND type = 2);
DELETE FROM sys_menu WHERE name = 'ListSysUser' AND type = 2;
