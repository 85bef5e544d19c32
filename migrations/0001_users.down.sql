DROP TABLE sys_user_role;
DROP TABLE sys_role;
DROP TABLE sys_user;
DROP TABLE sys_dept;
