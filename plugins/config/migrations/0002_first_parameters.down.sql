DELETE FROM sys_config;
