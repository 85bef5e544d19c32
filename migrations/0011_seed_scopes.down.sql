DELETE FROM sys_data_scope_rule WHERE data_scope_id IN (SELECT id FROM sys_data_scope WHERE name IN (
    'Own department', 'Test department and those below', 'Only oneself', 'Own department in every list', 'Without super-users'));
DELETE FROM sys_data_scope WHERE name IN (
    'Own department', 'Test department and those below', 'Only oneself', 'Own department in every list', 'Without super-users');
DELETE FROM sys_data_rule WHERE name IN (
    'Department is one''s own', 'Department is named Test', 'Department is right below the first',
    'Anything created by oneself', 'Anything of one''s own department', 'User is no super-user');
