DROP TABLE sys_login_log;
DROP TABLE sys_opera_log;
