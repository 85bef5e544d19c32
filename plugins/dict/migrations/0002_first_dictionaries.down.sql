DELETE FROM sys_dict_data;
DELETE FROM sys_dict_type;
