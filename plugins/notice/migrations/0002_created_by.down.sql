ALTER TABLE sys_notice DROP COLUMN created_by;
