-- A department and a role to begin with, so that the seeded rules and scopes have something to speak of. Only
-- where there is none yet: what an administrator has made stays alone. They are known by their time of creation.
INSERT INTO sys_dept (name, sort, status, created_time)
SELECT 'Test', 0, 1, 1750969746000 WHERE NOT EXISTS (SELECT 1 FROM sys_dept);

INSERT INTO sys_role (name, status, is_filter_scopes, created_time)
SELECT 'Test', 1, TRUE, 1750969746000 WHERE NOT EXISTS (SELECT 1 FROM sys_role);

-- Dashboard with both pages, and the profile.
INSERT INTO sys_role_menu (role_id, menu_id)
SELECT r.id, m.id FROM sys_role r JOIN sys_menu m ON m.id IN (1, 2, 3, 50)
WHERE r.name = 'Test' AND r.created_time = 1750969746000 ORDER BY m.id;

INSERT INTO sys_role_data_scope (role_id, data_scope_id)
SELECT r.id, s.id FROM sys_role r JOIN sys_data_scope s ON s.name IN ('Own department', 'Test department and those below')
WHERE r.name = 'Test' AND r.created_time = 1750969746000 ORDER BY s.id;
