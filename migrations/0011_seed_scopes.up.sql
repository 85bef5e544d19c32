-- Rules and scopes to begin with. Clients show the names as they are; administrators may change them.
INSERT INTO sys_data_rule (name, model, column_name, operator, expression, value, created_time) VALUES
    ('Department is one''s own', 'Dept', '__dept_id__', 0, 0, '${dept_id}', 1750969746000),
    ('Department is named Test', 'Dept', 'name', 1, 0, 'Test', 1750969746000),
    ('Department is right below the first', 'Dept', 'parent_id', 0, 0, '1', 1750969746000),
    ('Anything created by oneself', '__ALL__', '__created_by__', 0, 0, '${user_id}', 1750969746000),
    ('Anything of one''s own department', '__ALL__', '__dept_id__', 0, 0, '${dept_id}', 1750969746000),
    ('User is no super-user', 'User', 'is_superuser', 0, 1, '1', 1750969746000);

INSERT INTO sys_data_scope (name, status, created_time) VALUES
    ('Own department', 1, 1750969746000),
    ('Test department and those below', 1, 1750969746000),
    ('Only oneself', 1, 1750969746000),
    ('Own department in every list', 1, 1750969746000),
    ('Without super-users', 1, 1750969746000);

INSERT INTO sys_data_scope_rule (data_scope_id, data_rule_id)
SELECT s.id, r.id FROM sys_data_scope s JOIN sys_data_rule r ON
    (s.name = 'Own department' AND r.name = 'Department is one''s own')
    OR (s.name = 'Test department and those below'
        AND r.name IN ('Department is named Test', 'Department is right below the first'))
    OR (s.name = 'Only oneself' AND r.name = 'Anything created by oneself')
    OR (s.name = 'Own department in every list' AND r.name = 'Anything of one''s own department')
    OR (s.name = 'Without super-users' AND r.name = 'User is no super-user')
ORDER BY s.id, r.id;
