-- Every filter's index ends with the other columns that are filtered by: entries are counted, and a
-- page's ids are found, without reading a row.

DROP INDEX sys_opera_log_username;
DROP INDEX sys_opera_log_ip;
CREATE INDEX sys_opera_log_username ON sys_opera_log (username, id, ip, status);
CREATE INDEX sys_opera_log_ip ON sys_opera_log (ip, id, username, status);

DROP INDEX sys_login_log_username;
DROP INDEX sys_login_log_ip;
CREATE INDEX sys_login_log_username ON sys_login_log (username, id, ip, status);
CREATE INDEX sys_login_log_ip ON sys_login_log (ip, id, username, status);
