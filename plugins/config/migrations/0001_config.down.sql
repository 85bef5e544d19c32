DROP TABLE sys_config;
