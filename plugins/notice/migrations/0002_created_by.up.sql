-- Who wrote it, for data rules; NULL for what was written before this was kept.
ALTER TABLE sys_notice ADD COLUMN created_by BIGINT;
