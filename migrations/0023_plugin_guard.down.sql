ALTER TABLE plugin DROP COLUMN last_rollback;
ALTER TABLE plugin DROP COLUMN probation;
ALTER TABLE plugin DROP COLUMN quarantine;
