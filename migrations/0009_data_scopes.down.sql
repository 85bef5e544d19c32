DROP TABLE sys_data_scope_rule;
DROP TABLE sys_role_data_scope;
DROP TABLE sys_data_rule;
DROP TABLE sys_data_scope;
