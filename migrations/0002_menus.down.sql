DROP TABLE sys_role_menu;
DROP TABLE sys_menu;
