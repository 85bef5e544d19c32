DROP TABLE sys_user_password_history;
