DROP INDEX sys_login_log_ip;
DROP INDEX sys_login_log_username;
CREATE INDEX sys_login_log_username ON sys_login_log (username, id);
CREATE INDEX sys_login_log_ip ON sys_login_log (ip, id);

DROP INDEX sys_opera_log_ip;
DROP INDEX sys_opera_log_username;
CREATE INDEX sys_opera_log_username ON sys_opera_log (username, id);
CREATE INDEX sys_opera_log_ip ON sys_opera_log (ip, id);
