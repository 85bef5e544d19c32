DELETE FROM sys_role_menu WHERE menu_id IN (SELECT id FROM sys_menu WHERE name = 'UploadSysFile' AND type = 2);
DELETE FROM sys_menu WHERE name = 'UploadSysFile' AND type = 2;
ALTER TABLE sys_menu DROP COLUMN arranged;
DROP INDEX sys_menu_title;
DROP INDEX sys_dept_name;
