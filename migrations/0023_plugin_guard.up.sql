-- Why the host took a plugin out, which upgrade has yet to prove itself, and the last one that did not; JSON each.
ALTER TABLE plugin ADD COLUMN quarantine TEXT;
ALTER TABLE plugin ADD COLUMN probation TEXT;
ALTER TABLE plugin ADD COLUMN last_rollback TEXT;
