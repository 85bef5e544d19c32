DROP TABLE sys_session;
