DELETE FROM sys_role_menu WHERE menu_id IN (SELECT id FROM sys_menu WHERE name IN ('ListLoginLog', 'ListOperaLog', 'ListOnline', 'DeleteOnline', 'LookAtRedis', 'LookAtServer'));
DELETE FROM sys_menu WHERE name IN ('ListLoginLog', 'ListOperaLog', 'ListOnline', 'DeleteOnline', 'LookAtRedis', 'LookAtServer');
