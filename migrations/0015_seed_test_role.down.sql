DELETE FROM sys_user_role WHERE role_id IN (SELECT id FROM sys_role WHERE created_time = 1750969746000);
DELETE FROM sys_role_data_scope WHERE role_id IN (SELECT id FROM sys_role WHERE created_time = 1750969746000);
DELETE FROM sys_role_menu WHERE role_id IN (SELECT id FROM sys_role WHERE created_time = 1750969746000);
DELETE FROM sys_role WHERE created_time = 1750969746000;
-- A department that somebody belongs to, or that others stand below, stays.
DELETE FROM sys_dept WHERE created_time = 1750969746000
    AND NOT EXISTS (SELECT 1 FROM sys_user u WHERE u.dept_id = sys_dept.id)
    AND NOT EXISTS (SELECT 1 FROM sys_dept d WHERE d.parent_id = sys_dept.id);
