-- Without the column nobody could tell what is encrypted.
DELETE FROM plugin_setting WHERE sealed = 1;
ALTER TABLE plugin_setting DROP COLUMN sealed;
